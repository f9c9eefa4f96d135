"""The files a deployment is configured by, watched: which of them changed, by whose hand, and one digest of all."""

from __future__ import annotations

import hashlib
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_Sign = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """`owner` is the account that owns the file, empty when the file is gone; `at` its time of change (wall clock)."""

    name: str
    owner: str
    at: datetime | None


def site_folders(site: Path) -> list[Path]:
    """The folders of a site's own files."""
    return [site, site / "profiles"]


class ConfigurationFiles:
    """The YAML files directly in some folders. One thread looks; nothing is read but for the digest."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self._known = self._signs()
        self._last = self._known

    def settled(self) -> list[ChangedFile]:
        """What changed since the last time something was told here and has stood still since the look before.

        A file that is being written so is never read in half, provided that two looks are further apart than two
        writes.
        """
        now, before = self._signs(), self._last
        self._last = now
        if now == self._known or now != before:
            return []
        changed = sorted(path for path in now.keys() | self._known.keys() if now.get(path) != self._known.get(path))
        self._known = now
        return [_changed(path) for path in changed]

    def digest(self) -> str:
        """Twelve hexadecimal digits that are the same where the files have the same names and contents."""
        found = hashlib.sha256()
        for at, folder in enumerate(self._folders):
            for path in sorted(folder.glob("*.yaml")):
                content = path.read_bytes()
                found.update(f"{at}/{path.name}\0{len(content)}\0".encode())
                found.update(content)
        return found.hexdigest()[:12]

    def _paths(self) -> Iterator[Path]:
        for folder in self._folders:
            yield from folder.glob("*.yaml")

    def _signs(self) -> dict[Path, _Sign]:
        signs = {}
        for path in self._paths():
            try:
                stat = path.stat()
            except FileNotFoundError:  # it went between the listing and the look: it is gone
                continue
            signs[path] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        return signs


def _changed(path: Path) -> ChangedFile:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return ChangedFile(path.name, "", None)
    return ChangedFile(path.name, _account(stat.st_uid), datetime.fromtimestamp(stat.st_mtime, UTC))


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
