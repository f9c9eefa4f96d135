"""One Modbus device: four tables to read, and writes that it takes or refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

Table = Literal["coil", "discrete", "input", "holding"]


class Device(Protocol):
    unit: int

    def sizes(self) -> dict[Table, int]:
        """How many addresses each table has, from 0; a table that is not there is not listed."""
        ...

    def words(self, table: Table) -> list[int]:
        """The table as it stands now: registers, or bits packed 16 to a word with the lowest address in bit 0."""
        ...

    def write(self, table: Table, address: int, values: Sequence[int], /) -> None:
        """Apply a write whole, or raise WriteRefused and apply nothing. Bits come as 0 and 1."""
        ...


def u16(value: float) -> int:
    """Nearest whole number, held within 0 ... 65535 as a meter's register does."""
    return min(0xFFFF, max(0, round(value)))


def s16(value: float | None) -> int:
    """Two's complement; 0x8000 says that the sensor is broken, so it is never a value."""
    if value is None:
        return 0x8000
    return min(0x7FFF, max(-0x7FFF, round(value))) & 0xFFFF


def u32(value: float) -> tuple[int, int]:
    """High word first; a counter wraps at 2^32."""
    whole = int(value) % 2**32
    return whole >> 16, whole & 0xFFFF


def packed(bits: Sequence[bool]) -> list[int]:
    """Bits 16 to a word, the first in bit 0."""
    return [
        sum(1 << place for place, bit in enumerate(bits[start : start + 16]) if bit)
        for start in range(0, len(bits), 16)
    ]
