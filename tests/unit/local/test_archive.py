"""The file of a backup: whatever is changed in its manifest, it is called damaged, and nothing of it is believed."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.backup.archive import members_of, pack, unpack
from infra.backup.manifest import FORMAT, Manifest
from shared.errors import PlatformError

BLOCK = 512


def test_each_byte_of_the_manifest_is_proven(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "one").write_bytes(b"1")
    manifest = Manifest(
        format=FORMAT,
        version="0.1.0",
        site="tangshan",
        taken_at=datetime(2026, 7, 1, tzinfo=UTC),
        database="sqlite",
        heads={"alarms": "0001"},
        members=members_of(saved),
    )
    file = tmp_path / "city.backup"
    pack(file, manifest, saved)
    assert manifest == unpack(file, tmp_path / "whole")
    inner = gzip.decompress(file.read_bytes())
    for place in range(BLOCK, BLOCK + len(manifest.encode())):
        file.write_bytes(gzip.compress(inner[:place] + bytes([inner[place] ^ 1]) + inner[place + 1 :]))
        with pytest.raises(PlatformError) as refused:
            unpack(file, tmp_path / "altered")
        assert "backup_damaged" == refused.value.code
    assert not (tmp_path / "altered").exists()
