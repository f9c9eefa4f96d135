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
    head: bytes
    """How the answer begins when the device does what it is asked: function code and byte count, or, for a write, the
    whole of it, for it repeats where was written."""
    answer_size: int
    """Bytes of that answer, function code included."""
    writes: bool

    @property
    def function(self) -> int:
        return self.pdu[0]

    def fits(self, pdu: bytes) -> bool:
        """Could this be the answer, by all that is known of it before? An exception is one too."""
        if len(pdu) == self.answer_size and pdu.startswith(self.head):
            return True
        return len(pdu) == 2 and pdu[0] == self.pdu[0] | 0x80

    def answer(self, pdu: bytes) -> bytes:
        """The data of an answer, b"" for a write. Raises DeviceException, and Garbled when it answers another."""
        if len(pdu) == self.answer_size and pdu.startswith(self.head):
            return pdu[len(self.head) :]
        if len(pdu) == 2 and pdu[0] == self.pdu[0] | 0x80:
            raise DeviceException(pdu[1])
        expected = f"{self.answer_size} bytes that begin with {self.head.hex()}"
        raise Garbled(f"{expected} were expected, {len(pdu)} came: {pdu[:16].hex()}")


@lru_cache(maxsize=8192)
def read_question(table: Table, address: int, count: int) -> Question:
    """FC 1-4. Kept, for a city asks the same blocks for ever."""
    size = (count + 7) // 8 if table in BIT_TABLES else count * 2
    function = READ_FUNCTION[table]
    pdu = struct.pack(">BHH", function, address, count)
    return Question(pdu, bytes([function, size & 0xFF]), 2 + size, writes=False)


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
    code = bytes([function])
    return Question(code + body, code + echo, 1 + len(echo), writes=True)


def mask_question(address: int, and_mask: int, or_mask: int) -> Question:
    """FC 22."""
    pdu = struct.pack(">BHHH", 22, address, and_mask, or_mask)
    return Question(pdu, pdu, len(pdu), writes=True)


def exchange_question(read_address: int, count: int, write_address: int, data: bytes) -> Question:
    """FC 23."""
    head = struct.pack(">BHHHHB", 23, read_address, count, write_address, len(data) // 2, len(data))
    return Question(head + data, bytes([23, count * 2 & 0xFF]), 2 + count * 2, writes=True)
