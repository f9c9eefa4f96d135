"""A platform out of a backup: everything is verified and unpacked before the first thing that is there is touched."""

from __future__ import annotations

import filecmp
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from infra.backup import postgres, sqlite
from infra.backup.archive import unpack
from infra.backup.manifest import Manifest, require_known
from infra.backup.save import ASIDE, LEFT_OUT
from infra.backup.settings import BackupSettings
from infra.local.processes import CannotRun
from infra.local.supervisor import hold_lock
from shared.errors import Refused
from shared.site import load_site


def restore(settings: BackupSettings, source: Path, *, replace: bool) -> tuple[Manifest, list[str]]:
    """Gives the names under which what was there now lies. Raises Missing, Malformed, Refused or Unavailable, and then
    everything is as it was."""
    data, stamp = settings.data_dir, datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    with _locked(data), tempfile.TemporaryDirectory(prefix=".restoring-", dir=data) as made:
        folder = Path(made)
        manifest = unpack(source, folder)
        require_known(manifest.heads)
        _require_room(settings, manifest, folder, replace=replace)
        moves = _Moves()
        try:
            named = _put_files(settings, folder, moves, stamp)
            if settings.database_url is not None:  # last, for it is whole or not at all
                aside = f"before_{stamp.lower()}"
                old = postgres.existing(settings.database_url)
                dump = folder / "databases" / "postgresql.dump"
                postgres.restore(settings.database_url, dump, sorted(manifest.heads), aside)
                named += [f"{name}_{aside}" for name in old]
        except BaseException:
            moves.undo()
            raise
    return manifest, named


def _require_room(settings: BackupSettings, manifest: Manifest, folder: Path, *, replace: bool) -> None:
    """The place fits the backup, nobody works on it, and nothing is there that was not given up."""
    kind = "sqlite" if settings.database_url is None else "postgresql"
    if kind != manifest.database:
        raise Refused("restore_other_database", saved=manifest.database, here=kind)
    if (settings.site / "site.yaml").is_file():
        here = load_site(settings.site, settings.site_variables).id
        if here != manifest.site:
            raise Refused("restore_other_site", saved=manifest.site, here=here)
    there = [path.name for path in _kept(settings.data_dir)]
    if settings.database_url is not None:
        postgres.require_quiet(settings.database_url)
        there += postgres.existing(settings.database_url)
    there += [
        str(target) for saved, target in _folders(settings, folder) if target.is_dir() and not _same(saved, target)
    ]
    if there and not replace:
        raise Refused("restore_not_empty", folder=str(settings.data_dir), found=", ".join(sorted(there)[:5]))


def _put_files(settings: BackupSettings, folder: Path, moves: _Moves, stamp: str) -> list[str]:
    data, named = settings.data_dir, []
    for database in sorted((folder / "databases").glob("*.sqlite")):
        sqlite.renew_source(database)
    aside = data / f"{ASIDE}{stamp}"
    there = list(_kept(data))
    if there:
        moves.make(aside)
        named.append(str(aside))
    for path in there:
        moves.move(path, aside / path.name)
    for part in ("data", "databases"):
        for path in sorted((folder / part).iterdir()) if (folder / part).is_dir() else ():
            if path.name != "postgresql.dump":
                moves.move(path, data / path.name)
    for saved, target in _folders(settings, folder):
        if target.is_dir() and _same(saved, target):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = moves.make(target.with_name(f".{target.name}.restoring-{stamp}"))
        shutil.copytree(saved, beside, dirs_exist_ok=True)  # it may lie on another disk than DATA_DIR
        if target.is_dir():
            old = target.with_name(f"{target.name}.{ASIDE}{stamp}")
            moves.move(target, old)
            named.append(str(old))
        moves.move(beside, target)
    return named


def _folders(settings: BackupSettings, folder: Path) -> list[tuple[Path, Path]]:
    """What was saved beside the data, and where it belongs."""
    pairs = [(folder / "site", settings.site), (folder / "secrets", settings.secrets_dir)]
    return [(saved, target) for saved, target in pairs if saved.is_dir()]


class _Moves:
    """Renames that can be taken back."""

    def __init__(self) -> None:
        self._done: list[tuple[Path, Path]] = []
        self._made: list[Path] = []

    def make(self, folder: Path) -> Path:
        folder.mkdir()
        self._made.append(folder)
        return folder

    def move(self, source: Path, target: Path) -> None:
        source.rename(target)
        self._done.append((source, target))

    def undo(self) -> None:
        while self._done:
            source, target = self._done.pop()
            target.rename(source)
        for folder in self._made:
            shutil.rmtree(folder)  # what was moved into it went back already


def _kept(data: Path) -> Iterator[Path]:
    """What a backup would have saved of the folder, and what belongs to it."""
    for path in sorted(data.iterdir()):
        if path.name not in LEFT_OUT and not path.name.startswith((ASIDE, ".")):
            yield path


def _same(one: Path, other: Path) -> bool:
    """The same files with the same bytes, but for what is compiled of them."""
    files = [_files(each) for each in (one, other)]
    return files[0] == files[1] and all(filecmp.cmp(one / name, other / name, shallow=False) for name in files[0])


def _files(folder: Path) -> set[Path]:
    paths = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder) for path in paths}


@contextmanager
def _locked(data: Path) -> Iterator[None]:
    try:
        held = hold_lock(data)
    except CannotRun:
        raise Refused("restore_city_runs", folder=str(data)) from None
    with held:
        yield
