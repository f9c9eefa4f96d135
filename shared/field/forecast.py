"""How old the points of a line become: its schedule is played through, with some of its controllers silent. Pure.

The phases, the order of polls, retries, the breaker and the line's loss budget are those of the engine, so what is
foretold is what the engine will do; only the time of a request is an estimate.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.field.breaker import Breaker, LossBudget
from shared.field.budget import ControllerLoad, GroupLoad, LineLoad
from shared.field.phases import FIRST_POLL_S_MAX, first_due_s, next_due_s, rank

_DEATHS = 4
"""So many moments are tried for the controllers to fall silent at, spread over the slowest poll period."""
_WATCHED_S = 60.0
"""So long after it the ages are watched, and for two periods of the slowest group: the dearest part is the beginning,
after that the loss budget holds what the silent ones may cost to a small share.
"""


@dataclass(frozen=True, slots=True)
class Ages:
    """The greatest age a point reaches before its next reading replaces it, seconds, by controller and poll group."""

    by_group: dict[tuple[str, str], float]
    dead: tuple[str, ...]

    @property
    def worst_s(self) -> float:
        return max(self.by_group.values(), default=0.0)


def worst_ages(line: LineLoad, dead: int = 0) -> Ages:
    """With so many controllers silent at once, those whose silence costs most; they themselves have no age."""
    silent = frozenset(each.id for each in dearest_silent(line, dead))
    slowest_s = max((group.every_s for each in line.controllers for group in each.groups), default=0.0)
    ages: dict[tuple[str, str], float] = {}
    for at in range(_DEATHS if silent else 1):
        dies_at_s = FIRST_POLL_S_MAX + slowest_s * (1 + at / _DEATHS)
        until_s = dies_at_s + max(_WATCHED_S, 2 * slowest_s) if silent else FIRST_POLL_S_MAX + 4 * slowest_s
        for key, age_s in _Play(line, silent, dies_at_s).run(until_s):
            ages[key] = max(ages.get(key, 0.0), age_s)
    return Ages(ages, tuple(sorted(silent)))


def dearest_silent(line: LineLoad, count: int) -> Sequence[ControllerLoad]:
    """The controllers whose silence costs their line most in one period."""

    def price(each: ControllerLoad) -> tuple[float, str]:
        attempts = 1 + each.profile.modbus.read_retries
        return -(attempts * each.silence_s + (attempts - 1) * each.quiet_s), each.id

    return sorted(line.controllers, key=price)[:count]


@dataclass(slots=True)
class _Unit:
    load: ControllerLoad
    breaker: Breaker
    shy_until_s: float = 0.0


@dataclass(slots=True)
class _Poll:
    unit: _Unit
    load: GroupLoad
    rank: int
    due_s: float
    taken_at_s: float | None = None
    worst_s: float = 0.0


class _Play:
    """One run of a line from its start."""

    def __init__(self, line: LineLoad, silent: frozenset[str], dies_at_s: float) -> None:
        self._silent, self._dies_at_s = silent, dies_at_s
        self._losses = LossBudget(sharers=len(line.controllers))
        self._polls: list[_Poll] = []
        self._feeds: list[tuple[float, float, float]] = []
        """Watchdog writes as a heap: when due, how often, what each costs."""
        for load in line.controllers:
            breaker = load.profile.modbus.breaker
            unit = _Unit(load, Breaker(breaker.open_after, breaker.probe))
            for group in load.groups:
                first_s = first_due_s(0.0, load.id, group.group, group.every_s)
                self._polls.append(_Poll(unit, group, rank(load.profile.poll_groups[group.group]), first_s))
            if load.profile.watchdog is not None and load.id not in silent:
                heapq.heappush(self._feeds, (FIRST_POLL_S_MAX, load.profile.watchdog.every, load.watchdog_s))

    def run(self, until_s: float) -> Iterator[tuple[tuple[str, str], float]]:
        now_s = 0.0
        while now_s < until_s:
            ready = [poll for poll in self._polls if poll.due_s <= now_s]
            if not ready:
                now_s = max(now_s, min(poll.due_s for poll in self._polls)) if self._polls else until_s
                continue
            ready.sort(key=lambda poll: poll.rank)
            began_s = now_s
            for poll in ready:
                poll.due_s, _ = next_due_s(poll.due_s, poll.load.every_s, began_s)
                now_s = self._feed(self._ask(poll, now_s))
        for poll in self._polls:
            load = poll.load
            if load.controller not in self._silent:
                since_s = poll.taken_at_s if poll.taken_at_s is not None else 0.0
                yield (load.controller, load.group), max(poll.worst_s, until_s - since_s)

    def _ask(self, poll: _Poll, now_s: float) -> float:
        """When the poll is over."""
        unit = poll.unit
        if not poll.load.blocks:
            return now_s
        if unit.load.id in self._silent and now_s >= self._dies_at_s:
            return self._wait_in_vain(unit, now_s)
        now_s += poll.load.poll_s
        if poll.taken_at_s is not None:
            poll.worst_s = max(poll.worst_s, now_s - poll.taken_at_s)
        poll.taken_at_s = now_s
        return now_s

    def _wait_in_vain(self, unit: _Unit, now_s: float) -> float:
        """As the scanner and the transport do it: retries only at first, and silence before the same unit again."""
        losses, breaker = self._losses, unit.breaker
        if breaker.failures and not (breaker.allows(now_s) and losses.allows(now_s)):
            return now_s
        for _ in range(1 if breaker.failures else 1 + unit.load.profile.modbus.read_retries):
            began_s = now_s
            now_s = max(now_s, unit.shy_until_s) + unit.load.silence_s
            unit.shy_until_s = now_s + unit.load.quiet_s
            losses.spend(now_s - began_s)
        breaker.failed(now_s)
        return now_s

    def _feed(self, now_s: float) -> float:
        while self._feeds and self._feeds[0][0] <= now_s:
            due_s, every_s, cost_s = heapq.heappop(self._feeds)
            heapq.heappush(self._feeds, (max(due_s + every_s, now_s), every_s, cost_s))
            now_s += cost_s
        return now_s
