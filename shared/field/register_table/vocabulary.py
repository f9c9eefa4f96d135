"""The words of vendors' register tables, from vocabulary.yaml: data, so that a new vendor's needs no code."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.documents import read_document, validate
from shared.field.profile import Table
from shared.field.registers import Order, RegisterType

Meaning = Literal[
    "address", "name", "name_en", "type", "function", "table", "scale", "divisor", "offset", "unit", "access", "range",
    "low", "high", "count", "bit", "order", "remark", "invalid",
]  # fmt: skip
"""What a column of a register table can say."""


class Vocabulary(BaseModel):
    """Each list holds the words for its key."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    headings: dict[Meaning, tuple[str, ...]]
    types: dict[RegisterType, tuple[str, ...]]
    orders: dict[Literal["big big", "big little", "little big", "little little"], tuple[str, ...]]
    tables: dict[Table, tuple[str, ...]]
    names: dict[str, str]


@cache
def vocabulary() -> Vocabulary:
    return validate(read_document(Path(__file__).parent / "vocabulary.yaml"), Vocabulary)


@cache
def meanings() -> dict[str, Meaning]:
    return {word: meaning for meaning, words in vocabulary().headings.items() for word in words}


@cache
def types() -> dict[str, RegisterType]:
    return {word: type_ for type_, words in vocabulary().types.items() for word in words}


@cache
def orders() -> dict[str, tuple[Order, Order]]:
    """Word -> byte order, word order."""
    names: dict[str, Order] = {"big": "big", "little": "little"}
    return {
        word: (names[pair.split()[0]], names[pair.split()[1]])
        for pair, words in vocabulary().orders.items()
        for word in words
    }


@cache
def tables() -> dict[str, Table]:
    return {word: table for table, words in vocabulary().tables.items() for word in words}


@cache
def names() -> tuple[tuple[str, str], ...]:
    """Chinese words of the trade and their English ones, the longest first."""
    return tuple(sorted(vocabulary().names.items(), key=lambda entry: -len(entry[0])))
