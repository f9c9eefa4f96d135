"""The one emitter of conditions: judgements in, Raised, Cleared and BecameUnknown out, and what stands in between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

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
    """What stands in one area of one trade."""

    def __init__(self, trade: str, area: str) -> None:
        self._trade = trade
        self._area = area
        self._standing: dict[tuple[str, str], StandingCondition] = {}

    def remember(self, standing: StandingCondition) -> None:
        """After a restart: it stood, and is unknown until it is seen."""
        self._standing[standing.asset, standing.condition] = standing

    def apply(self, judgements: Iterable[Judgement], *, online: bool) -> list[Event]:
        """The events of some changes; `online` tells whether lost readings are the link's fault."""
        return [event for judgement in judgements for event in self._apply(judgement, online)]

    def withdraw(self, standing: StandingCondition) -> Event:
        """The configuration has no such condition any more."""
        self._standing.pop((standing.asset, standing.condition), None)
        return ConditionCleared(
            area=self._area,
            trade=self._trade,
            asset=standing.asset,
            condition=standing.condition,
            reason="configuration",
            taken_at=standing.since,
        )

    def standing(self) -> ConditionsStanding:
        """Everything that stands now: readers drop whatever is not in it."""
        return ConditionsStanding(area=self._area, trade=self._trade, conditions=tuple(self._standing.values()))

    def is_standing(self, asset: str, condition: str) -> bool:
        return (asset, condition) in self._standing

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
