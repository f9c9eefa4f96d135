"""Rules about registers: overlaps, device limits, and values that the registers cannot hold."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from shared.documents import Where
from shared.field.profile import BIT_TABLES, Point, Profile
from shared.field.profile_lint.finding import Finding, Subject
from shared.field.profile_lint.value_ranges import type_range

_BITS: dict[str, int] = {"u16": 16, "i16": 16, "bcd16": 16, "u32": 32, "i32": 32, "bits32": 32, "u64": 64, "i64": 64}
_HOLDS_BITS = ("u16", "i16", "u32", "i32", "u64", "i64", "bits32")


def check_registers(subject: Subject) -> Iterator[Finding]:
    yield from _overlaps(subject)
    for index, wall in enumerate(subject.profile.modbus.forbidden):
        if wall.first > wall.last:
            yield subject.error("forbidden", ("modbus", "forbidden", index), "from <= to")
    for name, point in subject.profile.points.items():
        yield from _size(subject, name, point)
        yield from _codes(subject, ("points", name), point)
        yield from _range(subject, ("points", name), point)


def _overlaps(subject: Subject) -> Iterator[Finding]:
    profile = subject.profile
    for (name, point), (other, beside) in combinations(profile.points.items(), 2):
        if point.table != beside.table or not _touch(profile, point, beside):
            continue
        meaning = _same_place(profile, point, beside)
        where: Where = ("points", other, "address")
        if meaning == "other":
            yield subject.error(
                "overlap", where, f"registers of its own: {name} ({point.type}) covers {_span(point)} too"
            )
        elif meaning == "twice":
            yield subject.warning("overlap", where, f"one name for one thing: {name} reads the same registers alike")


def _touch(profile: Profile, point: Point, other: Point) -> bool:
    a, b = profile.wire_address(point), profile.wire_address(other)
    return a <= b + other.count - 1 and b <= a + point.count - 1


def _same_place(profile: Profile, point: Point, other: Point) -> str:
    """`twice`: the same value; `beside`: a bit and its word, or two bits of a word; `other`: a contradiction."""
    if point.address == other.address and point.codec(profile.modbus) == other.codec(profile.modbus):
        return "twice"
    bits = [each for each in (point, other) if each.type == "bool" and each.table not in BIT_TABLES]
    if len(bits) == 2:
        return "beside" if point.bit is not None and other.bit is not None else "other"
    if len(bits) == 1 and bits[0].bit is not None:
        word = other if bits[0] is point else point
        return "beside" if word.type in _HOLDS_BITS else "other"
    return "other"


def _span(point: Point) -> str:
    last = point.address + point.count - 1
    return f"{point.table} {point.address}" if last == point.address else f"{point.table} {point.address}-{last}"


def _size(subject: Subject, name: str, point: Point) -> Iterator[Finding]:
    modbus = subject.profile.modbus
    if point.table not in BIT_TABLES and point.count > modbus.max_registers:
        yield subject.error(
            "block_limit",
            ("points", name, "type"),
            f"at most modbus.max_registers = {modbus.max_registers} registers: {point.type} needs {point.count}",
        )


def _codes(subject: Subject, at: Where, point: Point) -> Iterator[Finding]:
    if point.nan and point.type not in _BITS:
        yield subject.error("nan", (*at, "nan"), f"no nan codes for type {point.type}: it has no raw whole number")
    for code in point.nan if point.type in _BITS else ():
        if not 0 <= code < 2 ** _BITS[point.type]:
            full = 2 ** _BITS[point.type] - 1
            meant = f"; {code} is written {code & full:#x}" if code < 0 else ""
            yield subject.error(
                "nan", (*at, "nan"), f"raw codes of {point.type} without a sign: 0x0-{full:#x} (given: {code}{meant})"
            )
    for code in point.labels or {}:
        held = type_range(point)
        if held is None or not held.low <= code <= held.high:
            yield subject.error("labels", (*at, "labels"), f"codes that {point.type} can hold (given: {code})")


def _range(subject: Subject, at: Where, point: Point) -> Iterator[Finding]:
    held = type_range(point)
    for field in ("valid", "range"):
        ends = getattr(point, field)
        if ends is None:
            continue
        if held is None or ends[0] >= ends[1]:
            yield subject.error("range", (*at, field), "two numbers, the smaller one first, and no text point")
        elif ends[0] > held.high or ends[1] < held.low:
            yield subject.error(
                "range", (*at, field), f"values that its registers can hold: {_number(held.low)}-{_number(held.high)}"
            )
        elif field == "valid" and point.type in _BITS and ends[1] > held.high:
            yield subject.warning(
                "range",
                (*at, field),
                f"an upper end of at most {_number(held.high)}, all that {point.type} holds at scale {point.scale:g}",
            )
    if point.valid is not None and point.deadband >= point.valid[1] - point.valid[0] > 0:
        yield subject.warning("deadband", (*at, "deadband"), "less than the whole valid range: it hides every change")
    for limit in ("ll", "l", "h", "hh"):
        value = subject.profile.limit(at[1], limit) if isinstance(at[1], str) else None
        low, high = point.valid or ((held.low, held.high) if held else (0.0, 0.0))
        if value is not None and not low <= value <= high:
            yield subject.error(
                "limit", (*at, "limits", limit), f"a limit within {_number(low)}-{_number(high)} (given: {value:g})"
            )


def _number(value: float) -> str:
    return f"{value:.12g}"
