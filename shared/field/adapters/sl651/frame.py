"""Frames of SL 651-2014: head, text, end, checksum.

    7E 7E | centre 1, station 5 (the other way round when the centre speaks) | password 2 | function 1
    | direction and length 2 | STX | text | end 1 | CRC 2

The length counts the text only. The checksum is that of Modbus RTU, but its high byte goes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.errors import Malformed

HEAD = b"\x7e\x7e"
HEAD_SIZE = 14
"""Up to and including the STX."""
TAIL_SIZE = 3
TEXT_MAX = 4095
"""Twelve bits of length."""
FRAME_MAX = HEAD_SIZE + TEXT_MAX + TAIL_SIZE

STX = 0x02
SYN = 0x16
"""Begins the text of a message of several packets: total and number of the packet follow, twelve bits each."""
ETX = 0x03
"""The station has said all; nothing follows."""
ETB = 0x17
"""More packets or messages follow."""
ENQ, EOT, ACK, NAK, ESC = 0x05, 0x04, 0x06, 0x15, 0x1B
"""Ends of what the centre sends: a question, done and hang up, received, repeat, done and stay."""

Direction = Literal["up", "down"]
ENDS: dict[Direction, frozenset[int]] = {"up": frozenset((ETX, ETB)), "down": frozenset((ENQ, EOT, ACK, NAK, ESC))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame. `station` is ten hexadecimal digits, as it is printed on the station; `up` is what a station sends."""

    direction: Direction
    centre: int
    station: str
    password: int
    function: int
    text: bytes
    start: int = STX
    end: int = ETX

    @property
    def is_part(self) -> bool:
        """One packet of a longer message."""
        return self.start == SYN


def encode_frame(frame: Frame) -> bytes:
    """The bytes on the wire. The text has at most 4,095 bytes."""
    assert len(frame.text) <= TEXT_MAX
    centre, station = bytes([frame.centre]), bytes.fromhex(frame.station)
    assert len(station) == 5
    direction = 0 if frame.direction == "up" else 0x8000
    framed = b"".join(
        (
            HEAD,
            centre + station if frame.direction == "up" else station + centre,
            frame.password.to_bytes(2, "big"),
            bytes([frame.function]),
            (direction | len(frame.text)).to_bytes(2, "big"),
            bytes([frame.start]),
            frame.text,
            bytes([frame.end]),
        )
    )
    return framed + crc16(framed).to_bytes(2, "big")


def decode_frame(raw: bytes) -> Frame:
    """The frame that `raw` is, no byte more or less. Raises Malformed."""
    size = frame_size(raw)
    if size is None or len(raw) != size:
        raise Malformed("sl651_malformed", expected="a whole frame", given=raw[:HEAD_SIZE].hex())
    if crc16(raw[:-2]) != int.from_bytes(raw[-2:], "big"):
        raise Malformed("sl651_malformed", expected=f"the checksum {crc16(raw[:-2]):04X}", given=raw[-2:].hex())
    direction: Direction = "down" if raw[11] & 0x80 else "up"
    if raw[-3] not in ENDS[direction]:
        raise Malformed("sl651_malformed", expected="an end of a frame", given=f"{raw[-3]:02X}")
    address = raw[2:8]
    centre, station = (address[0], address[1:]) if direction == "up" else (address[5], address[:5])
    return Frame(
        direction=direction,
        centre=centre,
        station=station.hex().upper(),
        password=int.from_bytes(raw[8:10], "big"),
        function=raw[10],
        text=raw[HEAD_SIZE:-TAIL_SIZE],
        start=raw[13],
        end=raw[-3],
    )


def frame_size(raw: bytes) -> int | None:
    """How long the frame is that begins with `raw`; None when none can begin so. `raw` has at least a head's bytes."""
    if len(raw) < HEAD_SIZE or raw[:2] != HEAD or raw[11] & 0x70 or raw[13] not in (STX, SYN):
        return None
    return HEAD_SIZE + (int.from_bytes(raw[11:13], "big") & TEXT_MAX) + TAIL_SIZE


def acknowledgement(frame: Frame, end: int = ESC) -> Frame:
    """What the centre says when it has taken a frame: its serial number and its time come back, and `end`."""
    return Frame(
        direction="down",
        centre=frame.centre,
        station=frame.station,
        password=frame.password,
        function=frame.function,
        text=frame.text[:8],
        end=end,
    )


def crc16(raw: bytes) -> int:
    """The checksum of Modbus RTU: polynomial 0xA001 reflected, from 0xFFFF."""
    crc = 0xFFFF
    for byte in raw:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 0xFF]
    return crc


def _crc_of_byte(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ 0xA001 if byte & 1 else byte >> 1
    return byte


_CRC = tuple(map(_crc_of_byte, range(256)))
