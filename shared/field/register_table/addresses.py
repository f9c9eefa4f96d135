"""Addresses as vendors write them: 40001, 4x0001, 0x0010, 10H, 0- or 1-based, with bits and ranges."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shared.field.profile import Table
from shared.field.register_table.cells import NotUnderstood

Notation = Literal["modicon", "zero", "one"]
_DIGIT: dict[str, Table] = {"0": "coil", "1": "discrete", "3": "input", "4": "holding"}
_AREA = re.compile(r"([0134])[xX]\s*(\d{1,5})")
_FIVE = re.compile(r"([0134])(\d{4,5})")
_HEX = re.compile(r"(?:0[xX]|&[hH]|[hH])([0-9a-fA-F]+)|([0-9][0-9a-fA-F]*)[hH]")


@dataclass(frozen=True, slots=True)
class Place:
    """`number` counts as the notation does: from 1 for Modicon addresses. `last` where the cell names a range."""

    number: int
    table: Table | None = None
    bit: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Habit:
    """How a whole column of addresses is written."""

    notation: Notation
    sure: bool
    """False when the table does not say whether its addresses count from 0 or from 1."""
    hexadecimal: bool
    areas: bool
    """`0x0001` means coil 1, for 4x or 3x stands beside it."""


def find_habit(texts: Sequence[str], heading: str) -> Habit:
    """What the column as a whole says; one address alone cannot tell 40001 the holding register from a plain number."""
    bare = [re.split(r"[.~\s/,-]", text.strip())[0] for text in texts if text.strip()]
    areas = any(_AREA.fullmatch(text) and text[0] != "0" for text in bare)
    hexadecimal = bool(re.search(r"hex|16进制|十六进制", heading, re.IGNORECASE))
    if areas:
        return Habit("modicon", sure=True, hexadecimal=False, areas=True)
    digits = [text for text in bare if text.isdecimal()]
    marked = any(_HEX.fullmatch(text) for text in bare)
    if digits and not hexadecimal and not marked and all(_FIVE.fullmatch(text) for text in digits):
        return Habit("modicon", sure=True, hexadecimal=False, areas=False)
    zero_based = hexadecimal or marked or any(int(text) == 0 for text in digits)
    return Habit("zero", sure=zero_based, hexadecimal=hexadecimal, areas=False)


def parse_place(text: str, habit: Habit) -> Place:
    """Raises NotUnderstood."""
    parts = re.split(r"\s*[~-]\s*|\s+to\s+|至", text.strip())
    if len(parts) > 2:
        raise NotUnderstood(_expected(habit))
    first = _one(parts[0], habit)
    if len(parts) == 1:
        return first
    last = _one(parts[1], habit)
    if last.number < first.number or last.table != first.table:
        raise NotUnderstood("a range that ascends within one table")
    return Place(first.number, first.table, first.bit, last.number)


def _one(text: str, habit: Habit) -> Place:
    match = re.fullmatch(r"(.*?)(?:\.(?:bit)?(\d{1,2})|[\s:]bit\s*(\d{1,2}))?", text.strip(), re.IGNORECASE)
    assert match is not None
    bit = next((int(each) for each in match.groups()[1:] if each is not None), None)
    if bit is not None and bit > 15:
        raise NotUnderstood("a bit from 0 to 15")
    number, table = _number(match[1].strip(), habit)
    if not 0 <= number <= 65536:
        raise NotUnderstood("an address from 0 to 65536")
    return Place(number, table, bit)


def _number(text: str, habit: Habit) -> tuple[int, Table | None]:
    if habit.areas and (area := _AREA.fullmatch(text)):
        return int(area[2]), _DIGIT[area[1]]
    if habit.notation == "modicon" and (five := _FIVE.fullmatch(text)):
        return int(five[2]), _DIGIT[five[1]]
    if habit.notation != "modicon" and (hexadecimal := _HEX.fullmatch(text)):
        return int(hexadecimal[1] or hexadecimal[2], 16), None
    if habit.notation != "modicon" and re.fullmatch(r"[0-9a-fA-F]+" if habit.hexadecimal else r"\d+", text):
        return int(text, 16 if habit.hexadecimal else 10), None
    raise NotUnderstood(_expected(habit))


def _expected(habit: Habit) -> str:
    if habit.notation == "modicon":
        return "an address like 40001 or 4x0001, as in the other rows"
    return "a register address, a number or hexadecimal as 0x0010"
