"""A backup, taken while the city runs."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from infra.backup import postgres, sqlite
from infra.backup.archive import members_of, pack
from infra.backup.manifest import FORMAT, Manifest
from infra.backup.settings import BackupSettings
from shared.bus.topology import PROCESSES
from shared.errors import Missing
from shared.site import load_site

LEFT_OUT = ("rabbitmq", "logs", "serial", "lock")
"""Of DATA_DIR: the broker's queues and stream, logs, pseudo-terminals, the lock. Neither saved nor touched."""
ASIDE = "before-restore-"
"""Begins the name of the folder in which a restore puts what was there."""
CONSUMERS = ("alarms", "gateway", "history")
"""Copied after the owners, in this order: each after most of those whose events it hears, so that what left an outbox
before that was copied has most likely been heard."""


def save(settings: BackupSettings, target: Path) -> Manifest:
    """Write the archive. Raises Missing when there is nothing to save, Unavailable when a database is away."""
    site = load_site(settings.site, settings.site_variables)
    if not target.parent.is_dir():
        raise Missing("backup_missing", file=str(target.parent))
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as made:
        folder = Path(made)
        # Spools first: what moves from a spool into a database meanwhile is in both, and known by its number;
        # the other way round it would be in neither.
        _copy_data(settings.data_dir, folder / "data")
        kind: Literal["sqlite", "postgresql"] = "sqlite" if settings.database_url is None else "postgresql"
        (folder / "databases").mkdir()
        if settings.database_url is None:
            heads = _copy_databases(settings.data_dir, folder / "databases")
        else:
            heads = postgres.dump(settings.database_url, folder / "databases" / "postgresql.dump")
        if not heads:
            raise Missing("backup_nothing", folder=str(settings.data_dir))
        _copy(settings.site, folder / "site")
        if settings.secrets_dir.is_dir():
            _copy(settings.secrets_dir, folder / "secrets")
        manifest = Manifest(
            format=FORMAT,
            version=version("urbanops"),
            site=site.id,
            taken_at=datetime.now(UTC),
            database=kind,
            heads=heads,
            members=members_of(folder),
        )
        pack(target, manifest, folder)
    return manifest


def _copy_databases(data_dir: Path, folder: Path) -> dict[str, str]:
    owners = [process.service for process in PROCESSES if process.service not in CONSUMERS]
    heads = {}
    for service in (*owners, *CONSUMERS):
        source = data_dir / f"{service}.sqlite"
        if source.is_file():
            heads[service] = sqlite.snapshot(source, folder / source.name)
    return heads


def _copy_data(data_dir: Path, folder: Path) -> None:
    """All that is not left out by name, so that what a later version keeps there is saved without being named here."""
    folder.mkdir(parents=True)
    for path in sorted(data_dir.iterdir()) if data_dir.is_dir() else ():
        if path.name not in LEFT_OUT and not path.name.startswith((ASIDE, ".")) and ".sqlite" not in path.name:
            _copy(path, folder / path.name)


def _copy(source: Path, target: Path) -> None:
    """Files alone: no sockets, pipes and links. One that is gone when its turn comes was not wanted any more."""
    if source.is_dir() and not source.is_symlink():
        target.mkdir(parents=True, exist_ok=True)
        for each in sorted(source.iterdir()):
            if each.name != "__pycache__":
                _copy(each, target / each.name)
    elif source.is_file():
        try:
            shutil.copy2(source, target)
        except FileNotFoundError:
            target.unlink(missing_ok=True)
