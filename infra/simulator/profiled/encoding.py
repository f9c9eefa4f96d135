"""A point's value <-> its 16-bit words. The simulator's own: it shares no line with the codec of the field engine.

Words are built from the least significant byte up, the other way round than the codec does it.
"""

from __future__ import annotations

import struct

from shared.contracts.message import Scalar
from shared.field.profile import Modbus, Point

_WORDS = {
    "bool": 1,
    "u16": 1,
    "i16": 1,
    "bcd16": 1,
    "u32": 2,
    "i32": 2,
    "f32": 2,
    "bits32": 2,
    "u64": 4,
    "i64": 4,
    "f64": 4,
}
_FLOATS = {"f32": "<f", "f64": "<d"}


class NotInRange(Exception):
    """The registers cannot hold this value, or hold something that is none."""


def word_count(point: Point) -> int:
    """How many registers the point covers."""
    return -(-point.length // 2) if point.type == "string" else _WORDS[point.type]


def to_words(point: Point, modbus: Modbus, value: Scalar) -> list[int]:
    """The registers in the order of their addresses. None becomes the device's code for *no value*, or zeros."""
    if point.type == "string":
        text = str(value or "").encode()[: point.length].ljust(2 * word_count(point), b"\0")
        return [_word(point, modbus, text[at + 1], text[at]) for at in range(0, len(text), 2)]
    if point.type == "bool":
        return [_word(point, modbus, *divmod(int(bool(value)) << (point.bit or 0), 256)[::-1])]
    low_bytes = _number_bytes(point, value)
    words = [_word(point, modbus, low_bytes[at], low_bytes[at + 1]) for at in range(0, len(low_bytes), 2)]
    return words if (point.word_order or modbus.word_order) == "little" else words[::-1]


def from_words(point: Point, modbus: Modbus, words: list[int]) -> Scalar:
    """What a master wrote. Raises NotInRange for a BCD digit above nine and for text that is not UTF-8."""
    swapped = (point.byte_order or modbus.byte_order) == "little"
    pairs = [(word >> 8, word & 0xFF) if swapped else (word & 0xFF, word >> 8) for word in words]
    if point.type == "string":
        try:
            return bytes(byte for low, high in pairs for byte in (high, low)).split(b"\0")[0].decode()
        except UnicodeDecodeError:
            raise NotInRange from None
    if point.type == "bool":
        return bool((pairs[0][0] + 256 * pairs[0][1]) >> (point.bit or 0) & 1)
    if (point.word_order or modbus.word_order) == "big":
        pairs.reverse()
    low_bytes = bytes(byte for pair in pairs for byte in pair)
    if point.type in _FLOATS:
        number: float = struct.unpack(_FLOATS[point.type], low_bytes)[0]
        return number * point.scale + point.offset
    raw = sum(byte << 8 * place for place, byte in enumerate(low_bytes))
    if point.type in ("i16", "i32", "i64") and raw >> (8 * len(low_bytes) - 1):
        raw -= 1 << 8 * len(low_bytes)
    if point.type == "bcd16":
        raw = _decimal(raw)
    return raw if point.type == "bits32" else raw * point.scale + point.offset


def _word(point: Point, modbus: Modbus, low: int, high: int) -> int:
    return low << 8 | high if (point.byte_order or modbus.byte_order) == "little" else high << 8 | low


def _number_bytes(point: Point, value: Scalar) -> bytes:
    """Least significant byte first."""
    size = 2 * word_count(point)
    if value is None:
        return (point.nan[0] if point.nan else 0).to_bytes(size, "little")
    if isinstance(value, str):
        raise NotInRange
    plain = point.type == "bits32" or (point.scale, point.offset) == (1.0, 0.0)
    scaled = value if plain else (float(value) - point.offset) / point.scale
    if point.type in _FLOATS:
        try:
            return bytes(struct.pack(_FLOATS[point.type], scaled))
        except OverflowError:
            raise NotInRange from None
    whole = round(scaled)
    if point.type == "bcd16":
        whole = min(max(whole, 0), 9999)
        return sum(int(digit) << 4 * place for place, digit in enumerate(f"{whole:04d}"[::-1])).to_bytes(size, "little")
    signed = point.type in ("i16", "i32", "i64")
    top = (1 << (8 * size - signed)) - 1
    bottom = -top - 1 if signed else 0
    held = min(max(whole, bottom), top)
    return (held % (1 << 8 * size)).to_bytes(size, "little")


def _decimal(raw: int) -> int:
    digits = [raw >> 4 * place & 0xF for place in range(4)]
    if any(digit > 9 for digit in digits):
        raise NotInRange
    return sum(digit * 10**place for place, digit in enumerate(digits))
