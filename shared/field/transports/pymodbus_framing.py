"""Frames of the serial line, RTU and ASCII: pymodbus encodes and checks them, and is imported nowhere else of ours.

Its clients are not used: they accept an answer of another function, compare no echo, take a bad checksum for silence,
fail on ASCII noise with a ValueError, and wait by sleeping. Here it is known which answer is expected, so whatever
bytes come, only that unit's answer of that function and that length, with its checksum, is ever found in them.
"""

from __future__ import annotations

import binascii
from typing import Protocol

from pymodbus.framer import FramerAscii, FramerRTU
from pymodbus.pdu import DecodePDU

from shared.field.transports.question import Question

_RTU, _ASCII = FramerRTU(DecodePDU(False)), FramerAscii(DecodePDU(False))
BUFFER_MAX = 1040
"""Bytes of unread noise that are kept: two ASCII frames of the greatest length (serial line V1.02, 2.5.2.1)."""


class Framing(Protocol):
    def encode(self, unit: int, pdu: bytes) -> bytes: ...

    def find(self, buffer: bytes, seen: int, unit: int, question: Question) -> bytes | None:
        """The answer's PDU, wherever in the buffer it stands. The first `seen` bytes were searched before."""
        ...

    def size(self, pdu_size: int) -> int:
        """Bytes on the wire of a PDU of so many bytes."""
        ...

    def opened(self, frame: bytes) -> tuple[int, bytes, bool]:
        """Unit, PDU, and whether the checksum fits, of what is taken for one whole frame; at least a byte of each."""
        ...


class Rtu:
    """Unit, PDU, CRC-16; a frame has no mark of its own, so it is sought by what it must be."""

    def encode(self, unit: int, pdu: bytes) -> bytes:
        return _RTU.encode(pdu, unit, 0)

    def find(self, buffer: bytes, seen: int, unit: int, question: Question) -> bytes | None:
        for head, pdu_size in ((question.head, question.answer_size), (bytes([question.function | 0x80]), 2)):
            beginning, size = bytes([unit]) + head, self.size(pdu_size)
            start = buffer.find(beginning, max(seen - size + 1, 0))
            while 0 <= start <= len(buffer) - size:
                frame = buffer[start : start + size]
                if FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big")):
                    return frame[1:-2]
                start = buffer.find(beginning, start + 1)
        return None

    def size(self, pdu_size: int) -> int:
        return pdu_size + 3

    def opened(self, frame: bytes) -> tuple[int, bytes, bool]:
        checked = len(frame) >= 4 and FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))
        return frame[0], frame[1:-2], bool(checked)


class Ascii:
    """A colon, two hexadecimal digits a byte, LRC, CR LF; a colon always begins a frame anew."""

    def encode(self, unit: int, pdu: bytes) -> bytes:
        return _ASCII.encode(pdu, unit, 0)

    def find(self, buffer: bytes, seen: int, unit: int, question: Question) -> bytes | None:
        end = buffer.find(b"\r\n", max(seen - 1, 0))
        while end >= 0:
            start = buffer.rfind(b":", 0, end)
            frame = _unhexed(buffer[start + 1 : end]) if start >= 0 else b""
            if len(frame) >= 4 and frame[0] == unit and FramerAscii.check_LRC(frame[:-1], frame[-1]):
                pdu = frame[1:-1]
                if question.fits(pdu):
                    return pdu
            end = buffer.find(b"\r\n", end + 2)
        return None

    def size(self, pdu_size: int) -> int:
        return 2 * pdu_size + 7

    def opened(self, frame: bytes) -> tuple[int, bytes, bool]:
        body = _unhexed(frame.strip().removeprefix(b":"))
        if len(body) < 3:
            return (body or b"\0")[0], b"", False
        return body[0], body[1:-1], bool(FramerAscii.check_LRC(body[:-1], body[-1]))


def _unhexed(text: bytes) -> bytes:
    try:
        return binascii.a2b_hex(text)
    except ValueError:
        return b""
