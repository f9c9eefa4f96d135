"""Which column says what: the headings vendors write over their register tables, in Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.field.register_table.sheet import Row
from shared.field.register_table.vocabulary import Meaning, meanings

HEADING_ROW_MAX = 40
"""Titles, revision notes and logos stand above the table; this many rows of them are looked through."""


@dataclass(frozen=True, slots=True)
class Headings:
    """Where the table begins, and which column says what."""

    row: int
    columns: Mapping[Meaning, int]
    titles: tuple[str, ...]
    unknown: tuple[str, ...]


def find_headings(rows: Sequence[Row]) -> Headings | None:
    """The first row that heads an address and a name or a type; None when there is no such row."""
    for row in rows[:HEADING_ROW_MAX]:
        columns: dict[Meaning, int] = {}
        unknown = []
        for column, cell in enumerate(row.cells):
            meaning = meaning_of(cell)
            if meaning is not None and meaning not in columns:
                columns[meaning] = column
            elif cell:
                unknown.append(cell)
        if "address" in columns and ("name" in columns or "name_en" in columns or "type" in columns):
            return Headings(row.number, columns, row.cells, tuple(unknown))
    return None


def meaning_of(heading: str) -> Meaning | None:
    """`寄存器地址(HEX)` and `Reg. Address` are addresses; remarks in brackets do not matter."""
    bare = re.sub(r"[(\[{<].*", "", heading).lower()
    for text in (bare, *re.split(r"[/\n]", bare)):
        word = re.sub(r"[\s_.:#-]+", "", text)
        if word in meanings():
            return meanings()[word]
    return None
