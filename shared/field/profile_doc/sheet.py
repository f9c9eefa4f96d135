"""A register map as tables of texts in both languages, before it becomes HTML or Markdown."""

from __future__ import annotations

from dataclasses import dataclass

from shared.site.model import Names


@dataclass(frozen=True, slots=True)
class Both:
    """A text in both languages of the house, the Chinese first."""

    zh: str
    en: str


Cell = str | Both | tuple["str | Both", ...]
"""A code, number or expression; a text in both languages; or several of them, one below the other."""


@dataclass(frozen=True, slots=True)
class Table:
    title: Both
    columns: tuple[Both, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole document: what it is about, then its tables. Tables without rows are left out."""

    title: Both
    subtitle: str
    tables: tuple[Table, ...]


def both(names: Names | None) -> Both | str:
    return "" if names is None else Both(names.zh, names.en)


def number(value: float) -> str:
    """12 significant digits, no trailing zeros."""
    return f"{value:.12g}"


def seconds(value: float) -> str:
    """A length of time as a profile writes it: 500ms, 10s, 5m, 2h."""
    for unit, size in (("h", 3600), ("m", 60)):
        if value >= size and value % size == 0:
            return f"{value / size:g}{unit}"
    return f"{value * 1000:g}ms" if 0 < value < 1 else f"{value:g}s"
