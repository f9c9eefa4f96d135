"""What a backup says of itself, and the migrations that this build knows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import orjson

from infra.local.city import ROOT
from shared.contracts.decoding import decode_as, plain
from shared.errors import Malformed, Refused

FORMAT = 1
"""Raised when an older build could not restore what a newer one saves."""
_REVISION = re.compile(r'^revision\b[^=]*=\s*"([^"]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of the archive; `name` is its path there, `size` in bytes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`heads`: the newest migration of each database, by service."""

    format: int
    version: str
    site: str
    taken_at: datetime
    database: Literal["sqlite", "postgresql"]
    heads: dict[str, str]
    members: tuple[Member, ...]

    def encode(self) -> bytes:
        return orjson.dumps(plain(self))


def read_manifest(text: bytes) -> Manifest:
    """Raises Malformed for what is no manifest, Refused for one of a newer format."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Malformed("backup_damaged", detail="manifest.json") from None
    if isinstance(found, dict) and isinstance(found.get("format"), int) and found["format"] > FORMAT:
        raise Refused("backup_newer", what=f"format {found['format']}")
    manifest: Manifest = decode_as(Manifest, found, "manifest")
    return manifest


def require_known(heads: dict[str, str]) -> None:
    """Raises Refused when a database was written by a build that has migrations which this one has not."""
    for service, head in sorted(heads.items()):
        if head not in known_revisions(service):
            raise Refused("backup_newer", what=f"{service} {head}")


def known_revisions(service: str) -> set[str]:
    folder = ROOT / ("gateway" if service == "gateway" else f"services/{service}") / "migrations" / "versions"
    return {revision for path in folder.glob("*.py") for revision in _revisions(path)}


def _revisions(path: Path) -> list[str]:
    return _REVISION.findall(path.read_text(encoding="utf-8"))
