"""The one file of a backup: a compressed tar that begins with its manifest and the manifest's hash, its seal.

Nothing that the manifest says is believed before the seal has proven it.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from infra.backup.manifest import Manifest, Member, read_manifest
from shared.errors import Malformed, Missing

_MANIFEST = "manifest.json"
_SEAL = "manifest.sha256"
_HEAD_BYTES_MAX = 64 << 20
_PIECE_BYTES = 1 << 20


def members_of(folder: Path) -> tuple[Member, ...]:
    """Every file below the folder with its size and hash."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple(
        Member(name=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=_hash(path)) for path in files
    )


def pack(target: Path, manifest: Manifest, folder: Path) -> None:
    """Write it beside the target, readable by its owner alone, and rename it when it is whole and on the disk."""
    beside = target.with_name(f".{target.name}.part")
    beside.unlink(missing_ok=True)
    text = manifest.encode()
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as tar:
                _add(tar, _MANIFEST, text)
                _add(tar, _SEAL, hashlib.sha256(text).hexdigest().encode())
                for member in manifest.members:
                    tar.add(folder / member.name, arcname=member.name, recursive=False)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def unpack(source: Path, folder: Path) -> Manifest:
    """Put its files into the folder and give its manifest. Raises Missing or Malformed; then nothing may be used."""
    if not source.is_file():
        raise Missing("backup_missing", file=str(source))
    try:
        with tarfile.open(source, mode="r|gz") as tar:
            return _unpack(tar, folder)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise Malformed("backup_damaged", detail=str(error) or "truncated") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise Malformed("backup_damaged", detail=str(error)) from error  # what gzip calls a file that is none


def _unpack(tar: tarfile.TarFile, folder: Path) -> Manifest:
    text = _content(tar, tar.next(), _MANIFEST)
    if _content(tar, tar.next(), _SEAL) != hashlib.sha256(text).hexdigest().encode():
        raise Malformed("backup_damaged", detail=_SEAL)
    manifest = read_manifest(text)
    expected = {member.name: member for member in manifest.members}
    while (info := tar.next()) is not None:
        _put(tar, info, expected.pop(info.name, None), folder)
    if expected:
        raise Malformed("backup_damaged", detail=f"{min(expected)} is missing")
    return manifest


def _put(tar: tarfile.TarFile, info: tarfile.TarInfo, member: Member | None, folder: Path) -> None:
    path = PurePosixPath(info.name)
    content = tar.extractfile(info) if info.isreg() else None
    if member is None or content is None or path.is_absolute() or ".." in path.parts:
        raise Malformed("backup_damaged", detail=f"{info.name} is not named in the manifest")
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as file:
        while piece := content.read(_PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
            file.write(piece)
    if (size, digest.hexdigest()) != (member.size, member.sha256):
        raise Malformed("backup_damaged", detail=info.name)
    target.chmod(info.mode & 0o777)


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo | None, name: str) -> bytes:
    content = tar.extractfile(info) if info is not None and info.isreg() and info.name == name else None
    if info is None or content is None or info.size > _HEAD_BYTES_MAX:
        raise Malformed("backup_damaged", detail=f"{name} is missing")
    return content.read()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    tar.addfile(info, io.BytesIO(content))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
