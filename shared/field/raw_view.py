"""Raw registers as every number they could be, for somebody who does not know yet which one it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.message import Scalar
from shared.field.registers import Codec, Order, RegisterType, register_count

_COLUMNS: tuple[tuple[str, RegisterType, Order], ...] = (
    ("u16", "u16", "big"),
    ("i16", "i16", "big"),
    ("u32", "u32", "big"),
    ("u32 swapped", "u32", "little"),
    ("i32", "i32", "big"),
    ("f32", "f32", "big"),
    ("f32 swapped", "f32", "little"),
    ("f64", "f64", "big"),
)
HEADINGS: tuple[str, ...] = tuple(heading for heading, _, _ in _COLUMNS)
"""`swapped`: word_order little."""


@dataclass(frozen=True, slots=True)
class RegisterView:
    """A register, and what begins with it."""

    address: int
    hex: str
    values: tuple[Scalar, ...]
    """One for each of HEADINGS; None where too few registers follow, or it is no number."""
    text: str


def register_views(address: int, raw: bytes) -> list[RegisterView]:
    """`address`: of the first, as on the wire. `raw`: two bytes a register."""
    found = []
    for at in range(0, len(raw) - 1, 2):
        values = tuple(_value(raw[at:], type_, order) for _, type_, order in _COLUMNS)
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in raw[at : at + 2])
        found.append(RegisterView(address + at // 2, raw[at : at + 2].hex().upper(), values, text))
    return found


def bit_values(raw: bytes, count: int) -> list[bool]:
    """Coils and discrete inputs as they come: eight a byte, the first in bit 0."""
    return [bool(raw[at >> 3] >> (at & 7) & 1) for at in range(count)]


def _value(raw: bytes, type_: RegisterType, word_order: Order) -> Scalar:
    size = 2 * register_count(type_)
    return Codec(type_, word_order=word_order).decode(raw[:size]) if len(raw) >= size else None
