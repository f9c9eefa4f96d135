"""The areas this process holds, and what is known of each while it does."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from shared.contracts.field import StandingCondition
from shared.field.conditions import Conditions
from shared.field.decider import Decider
from shared.field.judgement import Judgement
from shared.field.trade import Trade
from shared.field.unit import Unit


class Areas:
    """Those held now. Whoever takes, gives up or changes one holds the lock meanwhile."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._held: dict[str, Area] = {}

    def add(self, area: Area) -> None:
        self._held[area.name] = area

    def find(self, name: str) -> Area | None:
        return self._held.get(name)

    def list_held(self) -> list[Area]:
        return list(self._held.values())

    def remove(self, name: str) -> Area | None:
        """None when it was not held."""
        with self.lock:
            return self._held.pop(name, None)

    def owns(self, name: str) -> bool:
        """Do we hold the area's lease? Without it the control loop goes on and operators' commands are refused."""
        area = self.find(name)
        return area is not None and area.leased

    def apply(self, unit: Unit, judgements: Sequence[Judgement]) -> None:
        """Say the changes of a unit's conditions, unless its area was released meanwhile."""
        area = self.find(unit.area)
        if area is not None and judgements:
            area.conditions.apply(judgements, online=unit.scanner.online)

    def tell_standing(self) -> None:
        """What stands is to be said again everywhere."""
        for area in self.list_held():
            area.standing_due = True


Known = Literal["nothing", "early", "all"]
"""What of an area's past is known: `early`, what the database said while events said before still waited for it."""


@dataclass(slots=True)
class Area:
    name: str
    conditions: Conditions
    decider: Decider
    taken_at: datetime
    built_at: datetime
    """When the newest of its units were built."""
    epoch: int
    leased: bool
    said_before: int
    """How many events had been said when it was taken: of an earlier run, or of an earlier time with it."""
    decided: set[str] = field(default_factory=set)
    """The units whose scans the trade wants to decide upon."""
    known: Known = "nothing"
    stood: Sequence[StandingCondition] = ()
    """What stood before, as far as it was read and its conditions are not settled."""
    standing_due: bool = True
    recovery_due: bool = True
    served_noted_wall_s: float = float("-inf")
    memories: dict[str, dict[str, Any]] = field(default_factory=dict)

    def decide_on(self, units: Sequence[Unit], trade: Trade) -> None:
        """From now on: what the trade wants to decide upon, but for what is being commissioned."""
        self.decided = {unit.id for unit in units if not unit.scanner.silent and trade.decides(unit)}
