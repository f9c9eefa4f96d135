"""A vendor's register table as it lies in a file: CSV in UTF-8 or GB18030, or a workbook."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from shared.documents import MalformedDocument, Mistake

ROWS_MAX = 20_000
COLUMNS_MAX = 100
FILE_BYTES_MAX = 20_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `number` counts from 1 as the person sees it. Columns are counted from 0."""

    number: int
    cells: tuple[str, ...]
    fractions: frozenset[int] = field(default_factory=frozenset)
    """Columns whose cell is a number with a fraction, not a text: 40001.1 there may have been 40001.10."""

    def text(self, column: int | None) -> str:
        return "" if column is None or column >= len(self.cells) else self.cells[column]

    def filled(self) -> int:
        return sum(bool(cell) for cell in self.cells)


def read_sheets(path: Path) -> list[tuple[str, list[Row]]]:
    """Name and rows of every sheet; a CSV file is one sheet without a name. Raises MalformedDocument."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise _unreadable(path, f"at most {FILE_BYTES_MAX // 1_000_000} MB")
        raw = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, f"a readable file: {error.strerror}") from error
    if raw[:4] == b"PK\x03\x04":
        return list(_workbook(path, raw))
    if raw[:4] == b"\xd0\xcf\x11\xe0":
        raise _unreadable(path, "CSV or XLSX: this is an old XLS workbook, save it as XLSX")
    return [("", _csv(path, raw))]


def column_letter(column: int) -> str:
    """0 -> A, 26 -> AA."""
    letters = ""
    column += 1
    while column:
        column, place = divmod(column - 1, 26)
        letters = chr(65 + place) + letters
    return letters


def _csv(path: Path, raw: bytes) -> list[Row]:
    text = _text(path, raw)
    head = "\n".join(text.splitlines()[:30])
    delimiter = max(",;\t", key=head.count)
    rows: list[Row] = []
    try:
        for cells in csv.reader(io.StringIO(text), delimiter=delimiter):
            rows.append(Row(len(rows) + 1, tuple(_plain(cell) for cell in cells[:COLUMNS_MAX])))
            if len(rows) > ROWS_MAX:
                raise _unreadable(path, f"at most {ROWS_MAX} rows")
    except csv.Error as error:
        raise MalformedDocument([Mistake(str(path), len(rows) + 1, "(row)", f"valid CSV: {error}")]) from error
    return rows


def _text(path: Path, raw: bytes) -> str:
    """Chinese tools save CSV in GB18030; UTF-8 is tried first, for almost nothing else is valid in it by chance."""
    for encoding in ("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _unreadable(path, "text in UTF-8 or GB18030")


def _workbook(path: Path, raw: bytes) -> Iterator[tuple[str, list[Row]]]:
    try:
        book = load_workbook(io.BytesIO(raw), data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise _unreadable(path, f"a workbook that can be opened: {error}") from error
    for sheet in book.worksheets:
        if sheet.max_row > ROWS_MAX:
            raise _unreadable(path, f"at most {ROWS_MAX} rows in sheet {sheet.title}")
        yield sheet.title, _rows(sheet)


def _rows(sheet: Worksheet) -> list[Row]:
    """A cell merged over several rows says the same for each of them."""
    merged = {
        (row, column): (span.min_row, span.min_col)
        for span in sheet.merged_cells.ranges
        if span.min_col == span.max_col
        for row in range(span.min_row, min(span.max_row, ROWS_MAX) + 1)
        for column in range(span.min_col, span.max_col + 1)
    }
    rows = []
    for number in range(1, sheet.max_row + 1):
        cells, fractions = [], set()
        for column in range(1, min(sheet.max_column, COLUMNS_MAX) + 1):
            value = sheet.cell(*merged.get((number, column), (number, column))).value
            if isinstance(value, float) and not value.is_integer():
                fractions.add(column - 1)
            cells.append(_shown(value))
        rows.append(Row(number, tuple(cells), frozenset(fractions)))
    return rows


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.12g}"
    return _plain(str(value))


def _plain(text: str) -> str:
    """Full-width digits and signs as they are typed in Chinese become plain ones, control characters spaces."""
    narrow = {0x3000: " ", 0xFF5E: "~", 0x301C: "~", 0x2013: "-", 0x2014: "-", 0x2212: "-"}
    narrow |= {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5E)}
    return " ".join("".join(each if each.isprintable() else " " for each in text.translate(narrow)).split())


def _unreadable(path: Path, expected: str) -> MalformedDocument:
    return MalformedDocument([Mistake(str(path), 1, "(file)", expected)])
