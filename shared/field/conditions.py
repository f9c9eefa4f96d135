"""The one emitter of conditions: judgements in, Raised, Cleared and BecameUnknown out, and what stands in between."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from shared.bus.emitter import Emitter
from shared.contracts.field import (
    ConditionBecameUnknown,
    ConditionCleared,
    ConditionRaised,
    ConditionsStanding,
    StandingCondition,
)
from shared.contracts.message import Event
from shared.field.image import moment
from shared.field.judgement import Judgement


class Conditions:
    """What stands in one area of one trade, and the one who says so. Safe for several threads."""

    def __init__(self, trade: str, area: str, emitter: Emitter) -> None:
        self._trade = trade
        self._area = area
        self._emitter = emitter
        self._lock = threading.RLock()
        self._standing: dict[tuple[str, str], StandingCondition] = {}

    def remember(self, standing: StandingCondition) -> None:
        """After a restart: it stood, and is unknown until it is seen."""
        with self._lock:
            self._standing[standing.asset, standing.condition] = standing

    def apply(self, judgements: Iterable[Judgement], *, online: bool) -> None:
        """Say some changes; `online` tells whether lost readings are the link's fault."""
        with self._lock:
            self._emitter.emit([event for judgement in judgements for event in self._apply(judgement, online)])

    def withdraw(self, standing: StandingCondition) -> None:
        """The configuration has no such condition any more; nothing is said when it has ended meanwhile."""
        with self._lock:
            if self._standing.pop((standing.asset, standing.condition), None) is not None:
                self._emitter.emit([self._withdrawn(standing)])

    def list_standing(self) -> list[StandingCondition]:
        with self._lock:
            return list(self._standing.values())

    def tell_standing(self) -> None:
        """Say everything that stands now: readers drop whatever is not in it."""
        with self._lock:
            standing = tuple(self._standing.values())
            self._emitter.emit([ConditionsStanding(area=self._area, trade=self._trade, conditions=standing)])

    def _withdrawn(self, standing: StandingCondition) -> ConditionCleared:
        return ConditionCleared(
            area=self._area,
            trade=self._trade,
            asset=standing.asset,
            condition=standing.condition,
            reason="configuration",
            taken_at=standing.since,
        )

    def _apply(self, judgement: Judgement, online: bool) -> list[Event]:
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
