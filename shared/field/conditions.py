"""The one emitter of conditions: judgements in, Raised, Cleared and BecameUnknown out, and what stands in between."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.bus.emitter import Emitter
from shared.clock import Clock
from shared.contracts.field import (
    ConditionBecameUnknown,
    ConditionCleared,
    ConditionEvent,
    ConditionRaised,
    ConditionsStanding,
    StandingCondition,
)
from shared.field.image import moment
from shared.field.judgement import Judgement

HELD_MAX = 10_000
"""So many events of conditions wait at most until it is known what stood; beyond it the last of each is kept."""


class Conditions:
    """What stands in one area of one trade, and the one who says so. Safe for several threads.

    Until it is known what stood before (`settle`) its events are held back: a condition that stood is no news when it
    is seen, and one that did not stand cannot end. Nothing is late by that: what makes the past unknown, a database
    that is away or events that wait for it, holds up every event.
    """

    def __init__(self, trade: str, area: str, emitter: Emitter, clock: Clock) -> None:
        self._trade = trade
        self._area = area
        self._emitter = emitter
        self._clock = clock
        self._lock = threading.RLock()
        self._standing: dict[tuple[str, str], StandingCondition] = {}
        self._held: list[tuple[datetime, ConditionEvent]] | None = []
        """None: it is known what stood."""

    def settle(self, stood: Iterable[StandingCondition]) -> list[StandingCondition]:
        """These stood, and the held events are said that are news then. Those of which nothing was seen yet: unknown
        from now on."""
        with self._lock:
            before = {(each.asset, each.condition): each for each in stood}
            held, self._held = self._held or [], None
            seen: set[tuple[str, str]] = set()
            ended: set[tuple[str, str]] = set()
            for at, event in held:
                key = (event.asset, event.condition)
                first = key not in seen
                seen.add(key)
                if isinstance(event, ConditionCleared):
                    ended.add(key)
                if not first or isinstance(event, ConditionRaised) != (key in before):
                    self._emitter.emit([event], at=at)
            for key, now in self._standing.items():
                if key in before and key not in ended:
                    self._standing[key] = replace(now, since=before[key].since)
            unseen = [each for key, each in before.items() if key not in seen]
            self._standing |= {(each.asset, each.condition): each for each in unseen}
            return unseen

    def apply(self, judgements: Iterable[Judgement], *, online: bool) -> None:
        """Say some changes; `online` tells whether lost readings are the link's fault."""
        with self._lock:
            self._say([event for judgement in judgements for event in self._apply(judgement, online)])

    def withdraw(self, standing: StandingCondition) -> None:
        """The configuration has no such condition any more; nothing is said when it has ended meanwhile."""
        with self._lock:
            if self._standing.pop((standing.asset, standing.condition), None) is not None:
                self._say([self._withdrawn(standing)])

    def list_standing(self) -> list[StandingCondition]:
        with self._lock:
            return list(self._standing.values())

    def tell_standing(self) -> None:
        """Say everything that stands now: readers drop whatever is not in it. Not before that is known."""
        with self._lock:
            assert self._held is None
            standing = tuple(self._standing.values())
            self._emitter.emit([ConditionsStanding(area=self._area, trade=self._trade, conditions=standing)])

    def _say(self, events: Sequence[ConditionEvent]) -> None:
        if self._held is None:
            self._emitter.emit(events)
            return
        now = self._clock.now()
        self._held += [(now, event) for event in events]
        if len(self._held) > HELD_MAX:
            self._held = list({(event.asset, event.condition): (at, event) for at, event in self._held}.values())

    def _withdrawn(self, standing: StandingCondition) -> ConditionCleared:
        return ConditionCleared(
            area=self._area,
            trade=self._trade,
            asset=standing.asset,
            condition=standing.condition,
            reason="configuration",
            taken_at=standing.since,
        )

    def _apply(self, judgement: Judgement, online: bool) -> list[ConditionEvent]:
        key = (judgement.asset, judgement.condition)
        taken_at = moment(judgement.at_s)
        assert taken_at is not None
        identity: dict[str, Any] = {
            "area": self._area,
            "trade": self._trade,
            "asset": judgement.asset,
            "condition": judgement.condition,
        }
        match judgement.standing:
            case "active":
                before = self._standing.get(key)
                self._standing[key] = StandingCondition(
                    trade=self._trade,
                    asset=judgement.asset,
                    condition=judgement.condition,
                    state="active",
                    priority=judgement.priority,
                    params=judgement.params,
                    since=before.since if before else taken_at,
                )
                return [
                    ConditionRaised(**identity, priority=judgement.priority, params=judgement.params, taken_at=taken_at)
                ]
            case "inactive":
                self._standing.pop(key, None)
                return [ConditionCleared(**identity, reason="returned", taken_at=taken_at)]
            case "unknown":
                before = self._standing.get(key)
                if before is not None:
                    self._standing[key] = replace(before, state="unknown")
                return [ConditionBecameUnknown(**identity, cause="quality" if online else "communication")]
