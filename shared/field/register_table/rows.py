"""One row of a register table -> one point of a draft, with what a person must decide and what is not understood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.documents import Mistake
from shared.field.profile import BIT_TABLES, Table
from shared.field.register_table.addresses import Habit, Place, parse_place
from shared.field.register_table.cells import (
    NotUnderstood,
    find_labels,
    find_table,
    parse_access,
    parse_codes,
    parse_function,
    parse_number,
    parse_order,
    parse_range,
    parse_scale,
    parse_type,
)
from shared.field.register_table.headers import Headings
from shared.field.register_table.naming import name_point, title_of
from shared.field.register_table.sheet import Row, column_letter
from shared.field.register_table.vocabulary import Meaning
from shared.field.registers import Order, RegisterType
from shared.field.ucum import find_unit

T = TypeVar("T")
_RAW_ENDS: dict[str, tuple[float, float]] = {
    "u16": (0, 65535),
    "i16": (-32768, 32767),
    "u32": (0, 4294967295),
    "i32": (-2147483648, 2147483647),
}
_COUNTERS = ("累计", "总量", "电能", "电量", "电度", "energy", "total", "hours", "counter")


@dataclass(slots=True)
class Entry:
    """A point of the draft. `flags`: what a person must decide; `fatal`: the row cannot be a point."""

    row: int
    name: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads the rows below the headings of one sheet."""

    file: str
    headings: Headings
    habit: Habit
    table: Table | None
    """Where no column names a table."""

    def read(self, row: Row) -> Entry:
        reading = _Reading(self, row, Entry(row.number))
        reading.fill()
        return reading.entry


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: RowReader
    row: Row
    entry: Entry

    def fill(self) -> None:
        place = self._cell("address", self._place, fatal=True)
        written = self._cell("access", parse_access)
        function = self._cell("function", parse_function, fatal=True)
        table = self._table(place, function[0] if function else None) if place is not None else None
        if place is None or table is None or self._is_hopeless():
            self.entry.fatal = True
            return
        writable = bool(written) or (written is None and function is not None and function[1])
        fields = self.entry.fields
        fields["table"], fields["address"] = table, place.number
        bit = place.bit if place.bit is not None else self._cell("bit", lambda text: int(parse_number(text)))
        if bit is not None and table not in BIT_TABLES:
            fields["bit"] = bit
        self._type(table, place, bit)
        if self._is_hopeless():
            return
        self._scale()
        self._unit()
        self._validity()
        self._access(table, writable)
        self._names(table, place)

    def _is_hopeless(self) -> bool:
        return self.entry.fatal

    def _place(self, text: str) -> Place:
        column = self.reader.headings.columns["address"]
        if column in self.row.fractions:
            raise NotUnderstood("the bit as text (format the cell as text): a number cannot tell .1 from .10")
        return parse_place(text, self.reader.habit)

    def _table(self, place: Place, by_function: Table | None) -> Table | None:
        named = find_table(self._text("table")) or find_table(self._text("type"))
        found = [each for each in (place.table, by_function, named) if each is not None]
        if len(set(found)) > 1:
            self._mistake("function" if by_function else "table", f"one table, not {' and '.join(sorted(set(found)))}")
            return None
        if found:
            return found[0]
        if self.reader.table is None:
            self._mistake("address", "a function code or a register type in this row, or --table for all")
        return self.reader.table

    def _type(self, table: Table, place: Place, bit: int | None) -> None:
        registers = self._registers(place)
        text = self._text("type")
        fields = self.entry.fields
        if table in BIT_TABLES or (bit is not None and not text):
            found: tuple[RegisterType, tuple[Order, Order] | None, int] | None = ("bool", None, 0)
            if text and table in BIT_TABLES and find_table(text) is None:
                given = self._cell("type", lambda each: parse_type(each, None), fatal=True)
                if given is not None and given[0] != "bool":
                    self._mistake("type", f"BOOL or BIT: a {table} is one bit")
        elif text and find_table(text) is None:
            found = self._cell("type", lambda each: parse_type(each, registers), fatal=True)
        elif "type" in self.reader.headings.columns and not text:
            self._mistake("type", "a data type like UINT16, INT32 or FLOAT")
            return
        else:
            found = parse_type("u16", registers)
            self.entry.flags.append("类型未给出 no data type is given; u16 is assumed")
        if found is None:
            return
        type_, orders, length = found
        if bit is not None and table not in BIT_TABLES:
            type_ = "bool"
        fields["type"] = type_
        if length:
            fields["length"] = length
        self._orders(orders)

    def _registers(self, place: Place) -> int | None:
        if place.last is not None:
            return place.last - place.number + 1
        return self._cell("count", lambda text: int(parse_number(text)))

    def _orders(self, named: tuple[Order, Order] | None) -> None:
        orders = named or self._cell("order", parse_order)
        if orders is not None and self.entry.fields["type"] not in ("bool", "string"):
            for key, order in zip(("byte_order", "word_order"), orders, strict=True):
                if order == "little":
                    self.entry.fields[key] = order

    def _scale(self) -> None:
        if self.entry.fields["type"] in ("bool", "string", "bits32"):
            return
        text = self._text("scale")
        scale = self._cell("scale", lambda each: parse_scale(each, divides=False), fatal=True)
        if scale is None:
            scale = self._cell("divisor", lambda each: parse_scale(each, divides=True), fatal=True)
        if scale is not None and scale != 1:
            self.entry.fields["scale"] = int(scale) if scale.is_integer() else scale
            if scale > 1 and text and text[0] not in "x×*":
                self.entry.flags.append(f"倍率{text}：乘还是除 factor {text}: multiply (assumed) or divide?")
        offset = self._cell("offset", parse_number)
        if offset:
            self.entry.fields["offset"] = offset

    def _unit(self) -> None:
        text = self._text("unit")
        if not text or self.entry.fields["type"] in ("bool", "string"):
            return
        unit = find_unit(text)
        if unit is None:
            self._mistake("unit", "a unit of measure like m, kPa, m3/h, ℃ or kWh", fatal=False)
        elif unit:
            self.entry.fields["unit"] = unit

    def _validity(self) -> None:
        fields = self.entry.fields
        codes = self._cell("invalid", parse_codes)
        if codes:
            width = 2 ** (32 if fields["type"] in ("u32", "i32") else 16)
            fields["nan"] = [code % width for code in codes]
        labels = find_labels(self._text("remark")) or find_labels(self._text("range"))
        if labels and fields["type"] in ("bool", "u16", "i16"):
            fields["labels"] = {code: {"zh": text, "en": text} for code, text in labels.items()}
            return
        low, high = self._cell("low", parse_number), self._cell("high", parse_number)
        valid = parse_range(self._text("range")) if low is None or high is None else (low, high)
        if valid is None or fields["type"] in ("bool", "string", "bits32"):
            return
        if valid == _RAW_ENDS.get(fields["type"]):
            return  # all the register can hold: it says nothing
        if valid[0] < valid[1]:
            fields["valid"] = [int(end) if end.is_integer() else end for end in valid]

    def _access(self, table: Table, writable: bool) -> None:
        fields = self.entry.fields
        if writable and table in ("discrete", "input"):
            self._mistake("access", f"read only: nobody can write to {table}")
        elif writable:
            fields["access"] = "rw"
        if writable and fields["type"] != "bool":
            fields["kind"] = "setpoint"
        elif fields["type"] in ("bool", "bits32") or "labels" in fields:
            fields["kind"] = "status"
        elif any(word in f"{self._text('name')} {self._text('name_en')}".lower() for word in _COUNTERS):
            fields["kind"] = "counter"

    def _names(self, table: Table, place: Place) -> None:
        name, english = self._text("name"), self._text("name_en")
        if name.isascii() and not english:
            english = name
        fallback = f"{table}_{place.number}" + (f"_{place.bit}" if place.bit is not None else "")
        self.entry.name, sure = name_point(name, english, fallback)
        if not sure:
            self.entry.flags.append("点名待定 the name could not be made from the vendor's")
        zh = name or english or fallback
        self.entry.fields["poll"] = "all"
        self.entry.fields["title"] = {"zh": zh, "en": english or title_of(self.entry.name)}

    def _text(self, meaning: Meaning) -> str:
        return self.row.text(self.reader.headings.columns.get(meaning))

    def _cell(self, meaning: Meaning, parse: Callable[[str], T], *, fatal: bool = False) -> T | None:
        """What a cell says; None when it is empty, or noted as a mistake."""
        text = self._text(meaning)
        if not text and meaning != "address":
            return None
        try:
            return parse(text)
        except NotUnderstood as error:
            self._mistake(meaning, str(error), fatal=fatal)
            return None

    def _mistake(self, meaning: Meaning, expected: str, *, fatal: bool = True) -> None:
        self.entry.fatal |= fatal
        column = self.reader.headings.columns.get(meaning)
        where = "(row)" if column is None else f"{column_letter(column)} {self.reader.headings.titles[column]}"
        given = self._text(meaning)
        self.entry.mistakes.append(Mistake(self.reader.file, self.row.number, where, f"{expected} (given: {given!r})"))
        if not fatal:
            self.entry.flags.append(f"{where}: {given}")


def point_rows(rows: list[Row], headings: Headings) -> Iterator[Row]:
    """The rows that describe a point: not the titles between them, not a heading said again, not what is reserved."""
    address = headings.columns["address"]
    named = headings.columns.get("name", headings.columns.get("name_en"))
    for row in rows:
        if row.number <= headings.row or not row.filled() or row.cells == headings.titles:
            continue
        is_title = row.filled() == 1 or (not row.text(address) and len(set(filter(None, row.cells))) == 1)
        if is_title and not (row.text(address) and row.text(address)[:1].isdigit()):
            continue
        name = row.text(named).strip().lower()
        if name.startswith(("预留", "保留", "备用", "reserved", "spare", "reserve")):
            continue
        yield row
