"""The read plan: points -> the cheapest legal blocks. Pure.

A block is one Modbus read. It covers whole points of one table, is no longer than the device allows, spans no gap
wider than it allows, and never touches a forbidden register. What a read costs is data: so much for the request, so
much for each register. A fast link makes requests dear and gaps cheap, a slow serial line the other way round.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
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
class ReadCost:
    """What reading costs, in seconds of the line; only the ratio of the two matters to a plan."""

    request_s: float
    register_s: float

    def of(self, table: Table, count: int) -> float:
        """One read of `count` registers, or of `count` bits: sixteen are a register."""
        return self.request_s + self.register_s * (count / 16 if table in BIT_TABLES else count)


@dataclass(frozen=True, slots=True)
class Learned:
    """What a device turned out to refuse although its profile allows it."""

    illegal: frozenset[tuple[Table, int]] = frozenset()
    """Places, table and address on the wire, that it does not have: walls like `forbidden`."""
    count_max: tuple[tuple[str, Table, int], ...] = ()
    """How much of a table it answers in one read, by poll group: where one stretch is short, another need not be."""


NETWORK = ReadCost(request_s=400e-6, register_s=0.2e-6)
"""Modbus TCP to a controller on the network, from the round trips of small and of full reads."""


def plan_reads(profile: Profile, group: str, cost: ReadCost = NETWORK, learned: Learned = Learned()) -> list[Block]:
    """The blocks that read every point of a poll group at the least cost, in the order of tables and addresses.

    A point on a place that the device does not have is in no block.
    """
    by_table: dict[Table, list[_Span]] = defaultdict(list)
    for name, point in profile.points.items():
        if point.poll == group:
            first = profile.wire_address(point)
            by_table[point.table].append(_Span(first, first + point.count - 1, (name,)))
    return [
        block
        for table in sorted(by_table)
        for block in _blocks(table, by_table[table], cost, _rules(profile, group, table, learned))
    ]


@dataclass(frozen=True, slots=True)
class _Span:
    first: int
    last: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Rules:
    count_max: int
    gap_max: int
    walls: Sequence[int]
    """Addresses that no block may touch, ascending."""


def _rules(profile: Profile, group: str, table: Table, learned: Learned) -> _Rules:
    modbus = profile.modbus
    forbidden = {
        at - modbus.address_base
        for wall in modbus.forbidden
        if wall.table == table
        for at in range(wall.first, wall.last + 1)
    }
    illegal = {at for where, at in learned.illegal if where == table}
    count_max = modbus.max_bits if table in BIT_TABLES else modbus.max_registers
    count_max = min([count_max, *(count for *where, count in learned.count_max if where == [group, table])])
    return _Rules(count_max, modbus.max_gap, sorted(forbidden | illegal))


def _blocks(table: Table, spans: Iterable[_Span], cost: ReadCost, rules: _Rules) -> Iterator[Block]:
    legal = _merged(span for span in spans if _first_wall(rules, span.first, span.last) is None)
    each = cost.of(table, 1) - cost.of(table, 0)
    for start, end in _cheapest(legal, rules, each, cost.request_s):
        first, last = legal[start].first, legal[end - 1].last
        yield Block(table, first, last - first + 1, tuple(name for span in legal[start:end] for name in span.names))


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    """Points that lie within another are read with it; so first and last addresses both ascend."""
    found: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.first, -span.last)):
        if found and span.last <= found[-1].last:
            found[-1] = _Span(found[-1].first, found[-1].last, found[-1].names + span.names)
        else:
            found.append(span)
    return found


def _cheapest(spans: Sequence[_Span], rules: _Rules, each: float, request: float) -> list[tuple[int, int]]:
    """The cuts of the cheapest plan, as half-open runs of spans.

    Runs are enough: were a block to hold a point from before another block's first and one from behind its last, it
    would hold that block's points as well. The cost up to span j is the least, over every start i of the last
    block that is legal, of cost(i) + request + each * (last[j] - first[i] + 1); the starts that are legal move to
    the right with j, so the least is kept in a queue, and the whole is linear.
    """
    costs, start_of = [0.0], []
    candidates: deque[tuple[float, int]] = (
        deque()
    )  # (cost up to its start - each * its first address, start), ascending
    legal_from = 0
    for end, span in enumerate(spans):
        offer = (costs[end] - each * span.first, end)
        while candidates and candidates[-1][0] > offer[0]:
            candidates.pop()
        candidates.append(offer)
        legal_from = max(legal_from, _earliest_start(spans, end, legal_from, rules))
        while candidates[0][1] < legal_from:
            candidates.popleft()
        least, start = candidates[0]
        costs.append(least + request + each * (span.last + 1))
        start_of.append(start)
    runs: list[tuple[int, int]] = []
    end = len(spans)
    while end:
        runs.append((start_of[end - 1], end))
        end = start_of[end - 1]
    return runs[::-1]


def _earliest_start(spans: Sequence[_Span], end: int, start: int, rules: _Rules) -> int:
    """The earliest span, from `start` on, at which a block that ends with span `end` may begin."""
    if end and spans[end].first - spans[end - 1].last - 1 > rules.gap_max:
        return end
    while start < end and (
        spans[end].last - spans[start].first + 1 > rules.count_max
        or _first_wall(rules, spans[start].first, spans[end].last) is not None
    ):
        start += 1
    return start


def _first_wall(rules: _Rules, first: int, last: int) -> int | None:
    at = bisect_left(rules.walls, first)
    return rules.walls[at] if at < len(rules.walls) and rules.walls[at] <= last else None
