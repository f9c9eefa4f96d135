"""Frames as the faulty device splits and builds them: by its own code, none of it shared with what is tested."""

from __future__ import annotations

import binascii
import struct
from typing import Literal, NamedTuple

FrameKind = Literal["mbap", "rtu", "ascii"]


class Request(NamedTuple):
    transaction: int
    unit: int
    pdu: bytes


def split(kind: FrameKind, buffer: bytes) -> tuple[Request, bytes] | None:
    """The first whole request, and what follows it."""
    if kind == "ascii":
        start, end = buffer.find(b":"), buffer.find(b"\r\n")
        if start < 0 or end < 0:
            return None
        body = binascii.unhexlify(buffer[start + 1 : end])
        assert sum(body) % 256 == 0, "the master's LRC"
        return Request(0, body[0], body[1:-1]), buffer[end + 2 :]
    if len(buffer) < 8:
        return None
    if kind == "mbap":
        transaction, protocol, length, unit = struct.unpack(">HHHB", buffer[:7])
        assert protocol == 0
        whole = 6 + length
        return (Request(transaction, unit, buffer[7:whole]), buffer[whole:]) if len(buffer) >= whole else None
    counted = {15: 6, 16: 6, 23: 10}.get(buffer[1])
    if counted is not None and len(buffer) <= counted:
        return None
    size = 10 if buffer[1] == 22 else 8 if counted is None else counted + buffer[counted] + 3
    if len(buffer) < size:
        return None
    assert crc16(buffer[: size - 2]) == buffer[size - 2 : size], "the master's CRC"
    return Request(0, buffer[0], buffer[1 : size - 2]), buffer[size:]


def frame(kind: FrameKind, transaction: int, unit: int, pdu: bytes, *, spoilt: bool = False) -> bytes:
    """`spoilt`: with a checksum that is wrong, where there is one."""
    body = bytes([unit]) + pdu
    wrong = 0x5A if spoilt else 0
    if kind == "mbap":
        return struct.pack(">HHH", transaction, 0, len(body)) + body
    if kind == "rtu":
        low, high = crc16(body)
        return body + bytes([low ^ wrong, high])
    lrc = -sum(body) & 0xFF
    return b":" + binascii.hexlify(body + bytes([lrc ^ wrong])).upper() + b"\r\n"


def crc16(data: bytes) -> bytes:
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)
