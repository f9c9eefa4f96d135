"""The read plan: points -> the fewest legal blocks. Pure.

A block is one Modbus read. It covers whole points of one table, is no longer than the device allows, spans no gap
wider than it allows, and never touches a forbidden register. Taking the leftmost point that is still uncovered and
stretching its block as far as the rules allow gives the fewest blocks, as for any cover of a line by intervals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from shared.field.profile import BIT_TABLES, Profile, Table


@dataclass(frozen=True, slots=True)
class Block:
    """One read: `count` addresses (registers, or bits for coils and discrete inputs) from `address` on the wire."""

    table: Table
    address: int
    count: int
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Span:
    first: int
    last: int
    name: str


def plan_reads(profile: Profile, group: str) -> list[Block]:
    """The blocks that read every point of a poll group, in the order of tables and addresses."""
    by_table: dict[Table, list[_Span]] = defaultdict(list)
    for name, point in profile.points.items():
        if point.poll == group:
            first = profile.wire_address(point)
            by_table[point.table].append(_Span(first, first + point.count - 1, name))
    return [block for table in sorted(by_table) for block in _cover(profile, table, by_table[table])]


def _cover(profile: Profile, table: Table, spans: Iterable[_Span]) -> list[Block]:
    modbus = profile.modbus
    count_max = modbus.max_bits if table in BIT_TABLES else modbus.max_registers
    walls = [wall.first - modbus.address_base for wall in modbus.forbidden if wall.table == table]
    waiting = sorted(spans, key=lambda span: (span.first, span.last))
    blocks: list[Block] = []
    while waiting:
        start, end = waiting[0].first, waiting[0].last
        taken, left = [waiting[0]], []
        for span in waiting[1:]:
            grown = max(end, span.last)
            if (
                grown - start + 1 <= count_max
                and span.first - end - 1 <= modbus.max_gap
                and not any(start <= wall <= grown for wall in walls)
            ):
                taken.append(span)
                end = grown
            else:
                left.append(span)
        blocks.append(Block(table, start, end - start + 1, tuple(span.name for span in taken)))
        waiting = left
    return blocks
