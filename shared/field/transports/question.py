"""One request and what its answer must be, whatever frames carry them. Pure (Modbus Application Protocol V1.1b3, 6)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache

from shared.field.profile import BIT_TABLES, Table
from shared.field.transports.port import READ_FUNCTION, DeviceException, Garbled, WriteFunction


@dataclass(frozen=True, slots=True)
class Question:
    """A request PDU (function code and what follows it), and the only PDU shapes that may answer it."""

    pdu: bytes
    answer_size: int
    """Bytes of the answer when the device does what it is asked, function code included."""
    echo: bytes | None
    """What the answer to a write must repeat behind the function code; None when the answer brings data."""
    writes: bool

    @property
    def function(self) -> int:
        return self.pdu[0]

    def fits(self, pdu: bytes) -> bool:
        """Could this be the answer, by function and length? An exception is one too."""
        if pdu[:1] == self.pdu[:1]:
            return len(pdu) == self.answer_size
        return len(pdu) == 2 and pdu[0] == self.pdu[0] | 0x80

    def answer(self, pdu: bytes) -> bytes:
        """The data of an answer, b"" for a write. Raises DeviceException, and Garbled when it does not fit."""
        if not self.fits(pdu):
            raise Garbled(f"an answer of {self.answer_size} bytes to function {self.function} expected, {_shown(pdu)}")
        if pdu[0] & 0x80:
            raise DeviceException(pdu[1])
        if self.echo is not None:
            if pdu[1:] != self.echo:
                raise Garbled(f"the answer to a write repeats it: {self.echo.hex()} expected, {_shown(pdu[1:])}")
            return b""
        if pdu[1] != len(pdu) - 2:
            raise Garbled(f"{len(pdu) - 2} bytes of data announced as {pdu[1]}")
        return pdu[2:]


@lru_cache(maxsize=8192)
def read_question(table: Table, address: int, count: int) -> Question:
    """FC 1-4. Kept, for a city asks the same blocks for ever."""
    size = (count + 7) // 8 if table in BIT_TABLES else count * 2
    return Question(struct.pack(">BHH", READ_FUNCTION[table], address, count), 2 + size, None, writes=False)


def write_question(function: WriteFunction, address: int, data: bytes) -> Question:
    """FC 5, 6, 15, 16. `data`: two bytes a register; for coils one byte, 0 or 1, a coil."""
    if function == 5:
        body = echo = struct.pack(">HH", address, 0xFF00 if data[0] else 0)
    elif function == 6:
        body = echo = struct.pack(">H", address) + data
    elif function == 15:
        packed = sum(1 << at for at, bit in enumerate(data) if bit).to_bytes((len(data) + 7) // 8, "little")
        echo = struct.pack(">HH", address, len(data))
        body = echo + bytes([len(packed)]) + packed
    else:
        echo = struct.pack(">HH", address, len(data) // 2)
        body = echo + bytes([len(data)]) + data
    return Question(bytes([function]) + body, 1 + len(echo), echo, writes=True)


def mask_question(address: int, and_mask: int, or_mask: int) -> Question:
    """FC 22."""
    body = struct.pack(">HHH", address, and_mask, or_mask)
    return Question(b"\x16" + body, 7, body, writes=True)


def exchange_question(read_address: int, count: int, write_address: int, data: bytes) -> Question:
    """FC 23."""
    head = struct.pack(">BHHHHB", 23, read_address, count, write_address, len(data) // 2, len(data))
    return Question(head + data, 2 + count * 2, None, writes=True)


def _shown(pdu: bytes) -> str:
    return f"{pdu[:16].hex()} came" if len(pdu) <= 16 else f"{pdu[:16].hex()}… ({len(pdu)} bytes) came"
