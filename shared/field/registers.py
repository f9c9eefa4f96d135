"""Raw register bytes <-> engineering values. One codec, used for reading and for writing.

A Modbus register is 16 bits, big-endian on the wire (Modbus Application Protocol V1.1b3, 4.2); how a device lays a
wider number over several registers is its maker's choice, so word order and byte order are data of the profile.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from shared.contracts.message import Scalar
from shared.errors import Malformed

Order = Literal["big", "little"]
RegisterType = Literal["bool", "string", "u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "bcd16", "bits32"]

NUMBER_FORMAT: dict[str, str] = {
    "u16": "H",
    "i16": "h",
    "u32": "I",
    "i32": "i",
    "u64": "Q",
    "i64": "q",
    "f32": "f",
    "f64": "d",
    "bcd16": "H",
    "bits32": "I",
}
"""Letters of `struct`, for registers that were brought into big-endian order."""
_STRUCT = {name: struct.Struct(">" + code) for name, code in NUMBER_FORMAT.items()}
_FLOATS = ("f32", "f64")


def counts_to(type_: RegisterType) -> int | None:
    """How many codes a counter of that type has before it begins at zero again; None where that is not known."""
    return {"u16": 1 << 16, "u32": 1 << 32, "u64": 1 << 64, "bcd16": 10_000}.get(type_)


def register_count(type_: RegisterType, length: int = 0) -> int:
    """How many registers a value covers; `length` is the number of characters of a string."""
    if type_ == "bool":
        return 1
    if type_ == "string":
        return (length + 1) // 2
    return _STRUCT[type_].size // 2


@dataclass(frozen=True, slots=True)
class Codec:
    """How one value lies in its registers. `bit` picks one bit (0 = least significant) of a bool's register."""

    type: RegisterType
    byte_order: Order = "big"
    word_order: Order = "big"
    bit: int | None = None
    length: int = 0
    scale: float = 1.0
    offset: float = 0.0

    def decode(self, raw: bytes) -> Scalar:
        """The engineering value of the registers' bytes as they came from the wire; None for a number that is none.

        `raw` holds exactly `register_count` registers. Raises Malformed on a BCD digit above nine or text that is not
        UTF-8.
        """
        if self.type == "bool":
            word = int.from_bytes(self._swapped(raw), "big")
            return bool(word >> (self.bit or 0) & 1)
        if self.type == "string":
            return self._text(self._swapped(raw))
        number: float = _STRUCT[self.type].unpack(self._ordered(raw))[0]
        if self.type == "bcd16":
            number = _from_bcd(int(number))
        factor, summand, divisor = self.scaling()
        value = (number * factor + summand) / divisor if divisor else number
        return value if math.isfinite(value) else None

    def scaling(self) -> tuple[int, int, int]:
        """Factor, summand and divisor of a raw number; a divisor of zero: it is taken as it is.

        345 x 0.01 is 3.4499999999999997; 345 / 100 is 3.45: one division of whole numbers is rounded once, correctly.
        """
        if self.type == "bits32" or (self.scale == 1.0 and self.offset == 0.0):
            return 1, 0, 0
        return _scaling(self.scale, self.offset)

    def places(self, first: int) -> list[int]:
        """Where the bytes of a number stand in a block, most significant first; its registers begin at byte `first`."""
        words = [(first + at, first + at + 1) for at in range(0, 2 * register_count(self.type), 2)]
        if self.word_order == "little":
            words.reverse()
        return [place for high, low in words for place in ((high, low) if self.byte_order == "big" else (low, high))]

    def raw_number(self, raw: bytes) -> int | None:
        """The unscaled integer, for comparison with the codes by which a device says 'no value'."""
        if self.type in ("bool", "string", *_FLOATS):
            return None
        return int.from_bytes(self._ordered(raw), "big")

    def encode(self, value: Scalar) -> bytes:
        """The bytes that a device must be sent for `value`. Raises Malformed when the registers cannot hold it."""
        if self.type == "string":
            return self._encode_text(value)
        if value is None or isinstance(value, str):
            raise Malformed("value_not_representable", value=value, type=self.type)
        if self.type == "bool":
            if self.bit:
                raise Malformed("value_not_representable", value=value, type=f"bit {self.bit} of a register")
            return self._swapped(int(bool(value)).to_bytes(2, "big"))
        number = (float(value) - self.offset) / self.scale if (self.scale, self.offset) != (1.0, 0.0) else value
        try:
            if self.type not in _FLOATS:
                number = round(number)
                number = _to_bcd(number) if self.type == "bcd16" else number
            return self._ordered(_STRUCT[self.type].pack(number))
        except (struct.error, OverflowError, ValueError) as error:
            raise Malformed("value_not_representable", value=value, type=self.type) from error

    def _ordered(self, raw: bytes) -> bytes:
        raw = self._swapped(raw)
        if self.word_order == "little" and len(raw) > 2:
            raw = b"".join(raw[at : at + 2] for at in range(len(raw) - 2, -1, -2))
        return raw

    def _swapped(self, raw: bytes) -> bytes:
        if self.byte_order == "big":
            return raw
        return b"".join(raw[at : at + 2][::-1] for at in range(0, len(raw), 2))

    def _text(self, raw: bytes) -> str:
        try:
            return raw[: self.length].split(b"\0")[0].decode("utf-8").rstrip()
        except UnicodeDecodeError as error:
            raise Malformed("text_not_utf8", given=raw.hex()) from error

    def _encode_text(self, value: Scalar) -> bytes:
        raw = value.encode() if isinstance(value, str) else b""
        if not isinstance(value, str) or len(raw) > self.length or "\0" in value:
            raise Malformed("value_not_representable", value=value, type=f"string({self.length})")
        return self._swapped(raw.ljust(register_count("string", self.length) * 2, b"\0"))


def _from_bcd(word: int) -> int:
    digits = f"{word:04x}"
    if not digits.isdecimal():
        raise Malformed("bcd_digit_malformed", given=digits)
    return int(digits)


def _to_bcd(number: float) -> int:
    if not 0 <= number <= 9999:
        raise ValueError
    return int(str(int(number)), 16)


@lru_cache(maxsize=4096)
def _scaling(scale: float, offset: float) -> tuple[int, int, int]:
    exact_scale, exact_offset = Fraction(repr(scale)), Fraction(repr(offset))
    divisor = math.lcm(exact_scale.denominator, exact_offset.denominator)
    return int(exact_scale * divisor), int(exact_offset * divisor), divisor
