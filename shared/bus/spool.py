"""A bounded file of records that waits for something to come back. In order; what is full refuses, and says so.

Each record is its length and CRC-32 (big endian, four bytes each) and its bytes. A process that was killed in the
middle of a write leaves a damaged tail: it is cut off at the next start, and the records before it are kept.
"""

from __future__ import annotations

import errno
import os
import struct
import threading
import zlib
from io import FileIO
from pathlib import Path

import structlog

_HEAD = struct.Struct(">II")

log = structlog.get_logger()


class Spool:
    """Safe for several threads. After a crash, records that were read but not yet forgotten are there again."""

    def __init__(self, path: Path, bytes_max: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._start = 0
        """Where the first record that is still wanted begins."""
        self._file = _open(path)
        self.unwritable = False
        """Was the last record refused by the disk (full, or worse) and not by our own bound?"""
        self._count, self._end = self._examine()

    def __len__(self) -> int:
        return self._count

    def append(self, record: bytes) -> bool:
        """False when there is no room: the record is not kept, and whoever brought it accounts for it."""
        framed = _HEAD.pack(len(record), zlib.crc32(record)) + record
        with self._lock:
            if self._end - self._start + len(framed) > self._bytes_max:
                return False
            try:
                if self._end + len(framed) > 2 * self._bytes_max:
                    self._compact()
                self._write(framed)
            except OSError as error:
                if not self.unwritable:
                    log.warning("spool cannot be written", path=self._path.name, error=str(error))
                self.unwritable = True
                return False
            self.unwritable = False
            self._end += len(framed)
            self._count += 1
            return True

    def peek(self, records_max: int) -> list[bytes]:
        """The oldest records, which stay until they are forgotten."""
        with self._lock:
            found: list[bytes] = []
            position = self._start
            while len(found) < records_max and len(found) < self._count:
                record = self._read_at(position)
                assert record is not None, "only whole records lie before the end"
                found.append(record)
                position += _HEAD.size + len(record)
            return found

    def forget(self, records: int) -> None:
        """Let go of the oldest ones."""
        with self._lock:
            assert records <= self._count
            for _ in range(records):
                length, _crc = _HEAD.unpack(os.pread(self._file.fileno(), _HEAD.size, self._start))
                self._start += _HEAD.size + length
            self._count -= records
            if self._count == 0:
                self._file.truncate(0)
                self._start = self._end = 0

    def close(self) -> None:
        with self._lock:
            if self._count and self._start:
                self._compact()
            self._file.close()

    def _write(self, framed: bytes) -> None:
        """Whole, or not at all."""
        try:
            written = self._file.write(framed)
        except OSError:
            self._file.truncate(self._end)
            raise
        if written != len(framed):
            self._file.truncate(self._end)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _examine(self) -> tuple[int, int]:
        count, position = 0, 0
        while (record := self._read_at(position)) is not None:
            count += 1
            position += _HEAD.size + len(record)
        damaged = self._path.stat().st_size - position
        if damaged:
            log.warning("damaged end of a spool was cut off", path=self._path.name, bytes=damaged)
            self._file.truncate(position)
        return count, position

    def _read_at(self, position: int) -> bytes | None:
        """None where no whole and sound record begins."""
        head = os.pread(self._file.fileno(), _HEAD.size, position)
        if len(head) < _HEAD.size:
            return None
        length, checksum = _HEAD.unpack(head)
        if length > self._bytes_max:
            return None
        record = os.pread(self._file.fileno(), length, position + _HEAD.size)
        return record if len(record) == length and zlib.crc32(record) == checksum else None

    def _compact(self) -> None:
        """Write what is still wanted into a new file, and put it in the place of the old one in one step."""
        beside = self._path.with_suffix(".new")
        wanted = os.pread(self._file.fileno(), self._end - self._start, self._start)
        beside.write_bytes(wanted)
        beside.replace(self._path)
        self._file.close()
        self._file = _open(self._path)
        self._start, self._end = 0, len(wanted)


def _open(path: Path) -> FileIO:
    """Without a buffer: what could not be written is not kept for a later try behind our back."""
    return path.open("a+b", buffering=0)
