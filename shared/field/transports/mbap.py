"""Frames of Modbus TCP: a header with a transaction id, then the PDU. Pure (Messaging on TCP/IP V1.0b, 3.1.3)."""

from __future__ import annotations

import struct

from shared.field.transports.port import Garbled

HEADER = struct.Struct(">HHHB")
"""Transaction id, protocol 0, length of what follows, unit id."""
_LENGTH_MAX = 254
"""Unit id and a PDU of at most 253 bytes."""

MbapFrame = tuple[int, int, bytes, int]
"""Transaction id, unit id, PDU, and the bytes of the whole frame. A plain tuple: there is one for each poll."""


def encode_frame(transaction: int, unit: int, pdu: bytes) -> bytes:
    return HEADER.pack(transaction, 0, len(pdu) + 1, unit) + pdu


def first_frame(buffer: bytes) -> MbapFrame | None:
    """The frame at the start of what came; None when more of it must come. Raises Garbled when it cannot be one."""
    if len(buffer) < HEADER.size:
        return None
    transaction, protocol, length, unit = HEADER.unpack_from(buffer)
    if protocol != 0 or not 2 <= length <= _LENGTH_MAX:
        raise Garbled(f"a Modbus TCP header was expected, protocol {protocol} length {length} came")
    size = 6 + length
    return (transaction, unit, buffer[7:size], size) if len(buffer) >= size else None
