"""A register table -> a draft profile that lints without errors, and every row that could not become a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from shared.documents import MalformedDocument, Mistake, parse_document
from shared.field.profile import Table
from shared.field.profile_lint import lint
from shared.field.profile_load import unroll
from shared.field.register_table.addresses import Habit, Notation, find_habit
from shared.field.register_table.headers import Headings, find_headings
from shared.field.register_table.rows import Entry, RowReader, point_rows
from shared.field.register_table.sheet import Row, read_sheets
from shared.site.model import Trade

_FIELDS = (
    "table", "address", "bit", "type", "length", "byte_order", "word_order", "scale", "offset", "unit", "nan", "valid",
    "kind", "access", "poll", "labels", "title",
)  # fmt: skip
_DROPPABLE = {"valid", "labels", "nan"}
"""What is left out, with a note, when the registers cannot hold what the table says."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the table does not say and the person does."""

    id: str
    trade: Trade
    title: str
    addresses: Notation | None = None
    table: Table | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """`text` is a whole profile of the rows that were understood; empty when there were none."""

    text: str
    points: int
    flagged: int
    mistakes: tuple[Mistake, ...]


def draft_profile(path: Path, wish: Wish) -> Draft:
    """Raises MalformedDocument when the file cannot be read or has no register table in it."""
    rows, headings = _table(path, wish.sheet)
    chosen = list(point_rows(rows, headings))
    address = headings.columns["address"]
    habit = find_habit([row.text(address) for row in chosen], headings.titles[address])
    if wish.addresses is not None:
        habit = Habit(wish.addresses, sure=True, hexadecimal=habit.hexadecimal, areas=habit.areas)
    reader = RowReader(str(path), headings, habit, wish.table)
    entries = [reader.read(row) for row in chosen]
    mistakes = [mistake for entry in entries for mistake in entry.mistakes]
    kept = _named([entry for entry in entries if not entry.fatal])
    kept = _sound(path, wish, habit, headings, kept, mistakes)
    text = _profile(wish, habit, headings, kept) if kept else ""
    if not kept and not mistakes:
        mistakes = [Mistake(str(path), headings.row, "(table)", "rows with points below the headings")]
    flagged = sum(bool(entry.flags) for entry in kept)
    return Draft(text, len(kept), flagged, tuple(sorted(mistakes, key=lambda mistake: mistake.line)))


def _table(path: Path, wanted: str | None) -> tuple[list[Row], Headings]:
    sheets = read_sheets(path)
    for name, rows in sheets:
        headings = find_headings(rows)
        if headings is not None and wanted in (None, name):
            return rows, headings
    where = f"sheet {wanted!r}" if wanted else "a sheet"
    names = ", ".join(name for name, _ in sheets if name)
    told = f" (sheets: {names})" if names else ""
    expected = f"{where} with headings for the address (地址) and for the name or the type (名称, 数据类型){told}"
    raise MalformedDocument([Mistake(str(path), 1, "(headings)", expected)])


def _named(entries: list[Entry]) -> list[Entry]:
    """Each name once: the second of two is numbered, and said."""
    taken: set[str] = set()
    for entry in entries:
        base, number = entry.name, 1
        while entry.name in taken:
            number += 1
            entry.name = f"{base}_{number}"
        if number > 1:
            entry.flags.append(f"重名 another point is called {base}")
        taken.add(entry.name)
    return entries


def _sound(
    path: Path, wish: Wish, habit: Habit, headings: Headings, entries: list[Entry], mistakes: list[Mistake]
) -> list[Entry]:
    """The entries that lint without errors. What the registers cannot hold is left out of a point; rows that
    contradict others are mistakes.
    """
    for _ in range(len(entries) + len(_DROPPABLE) + 1):
        wrong = _errors(_profile(wish, habit, headings, entries)) if entries else {}
        if not wrong:
            return entries
        by_name = {entry.name: entry for entry in entries}
        for name, (field, expected) in wrong.items():
            entry = by_name[name]
            if field in _DROPPABLE and field in entry.fields:
                dropped = entry.fields.pop(field)
                entry.flags.append(f"{field} {dropped} 与寄存器不符 does not fit its registers")
            else:
                entry.fatal = True
                mistakes.append(Mistake(str(path), entry.row, f"(row) {name}", expected))
        entries = [entry for entry in entries if not entry.fatal]
    raise AssertionError("every round leaves out something")


def _errors(text: str) -> dict[str, tuple[str, str]]:
    """Point -> field and what was expected, of everything that must not be in a draft."""
    try:
        document = parse_document(text, "draft")
        unrolled, profile = unroll(document, {})
        found = [finding.mistake for finding in lint(document, unrolled, profile) if finding.severity == "error"]
    except MalformedDocument as error:
        found = error.mistakes
    wrong: dict[str, tuple[str, str]] = {}
    for mistake in found:
        section, name, *rest = [*mistake.field.split("."), "", ""]
        assert section == "points", f"a draft is wrong outside its points: {mistake}"
        wrong.setdefault(name, (rest[0], mistake.expected))
    return wrong


def _profile(wish: Wish, habit: Habit, headings: Headings, entries: Sequence[Entry]) -> str:
    base = 0 if habit.notation == "zero" else 1
    notes = ["由寄存器表导入的草稿 a draft from a register table; lines marked 核对 check are for a person to decide."]
    if not habit.sure:
        notes.append(
            "核对 check: 表中未说明地址从0还是从1起 the table does not say whether addresses count from 0 or 1"
        )
    notes.append(
        "核对 check: 轮询周期、单次读取上限、字序 poll periods, the longest read, the word order of wide numbers"
    )
    notes.append("核对 check: 标题和状态文字的译文 titles were made word by word, labels stand in one language")
    if any(entry.fields.get("access") == "rw" for entry in entries):
        notes.append("核对 check: 可写的点须有命令和主站心跳 what can be written needs commands and a watchdog")
    if headings.unknown:
        notes.append(f"未用的列 columns not used: {', '.join(headings.unknown)}")
    title = {"zh": wish.title, "en": wish.title}
    lines = [f"# {' '.join(note.split())}" for note in notes]
    lines += [
        "profile: profile/v1",
        f"id: {wish.id}",
        "version: 0.1.0",
        f"trade: {wish.trade}",
        f"title: {_flow(title)}",
        f"modbus: {{address_base: {base}}}",
        "poll_groups:",
        "  all: {every: 5s, stale_after: 20s}",
        "points:",
    ]
    for entry in entries:
        if entry.flags:
            lines.append(f"  # 核对 check: {'; '.join(' '.join(flag.split()) for flag in entry.flags)}")
        lines.append(f"  {entry.name}: {_flow({key: entry.fields[key] for key in _FIELDS if key in entry.fields})}")
    return "\n".join(lines) + "\n"


def _flow(value: object) -> str:
    return yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=100_000).strip()
