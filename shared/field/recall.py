"""What an owner knew of an area before it took it, out of its database, and what it keeps there for the next time.

The control loop never waits for it: without a database an area begins with nothing known, and goes on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from shared.bus.emitter import Emitter
from shared.clock import Clock
from shared.contracts.field import StandingCondition
from shared.database import DatabaseThread, Session
from shared.errors import Unavailable
from shared.field import storage
from shared.field.areas import Area
from shared.field.by_hand import ByHand, SetByHand
from shared.field.gaps import Gaps
from shared.field.trade import Trade
from shared.field.unit import Unit

SERVED_EVERY_WALL_S = 5.0
"""So often it is noted that an area is polled."""
UNSERVED_WALL_S_MAX = 10.0
"""An area nobody has polled for longer has a gap in its readings."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Past:
    """What the database says of an area. `memories`: the trade's, by asset."""

    standing: Sequence[StandingCondition]
    memories: dict[str, dict[str, Any]]
    by_hand: SetByHand
    served_at: datetime | None

    @classmethod
    def read(cls, session: Session, area: str, assets: Sequence[str]) -> _Past:
        memories = {asset: storage.find_memory(session, asset) for asset in assets}
        return cls(
            standing=storage.list_standing(session, area),
            memories={asset: memory for asset, memory in memories.items() if memory is not None},
            by_hand=SetByHand.read(session, area),
            served_at=storage.find_served(session, area),
        )


class Recall:
    """For all areas of one trade in this process."""

    def __init__(
        self, database: DatabaseThread, clock: Clock, trade: Trade, by_hand: ByHand, emitter: Emitter, gaps: Gaps
    ) -> None:
        self._database = database
        self._clock = clock
        self._trade = trade
        self._by_hand = by_hand
        self._emitter = emitter
        self._gaps = gaps

    def recall(self, area: Area, units: Sequence[Unit]) -> None:
        """Read what was known. What people have set is believed at once, and read once more when nothing that was said
        before the area was taken waits for the database any longer: only then is it all."""
        complete = self._emitter.moved >= area.said_before
        assets = sorted({asset for unit in units for asset in unit.image.assets})
        self._by_hand.show(units)  # without a database: what is to be commissioned stays silent
        try:
            past = self._database.run(lambda session: _Past.read(session, area.name, assets))
        except Unavailable as error:
            if area.known == "nothing":
                _log.debug("recall_waits", area=area.name, code=error.code)
            return
        self._emitter.emit(self._by_hand.remember(area.name, past.by_hand, units))
        if area.known == "nothing":
            area.memories = past.memories
            self._tell_unserved(area, past.served_at)
        area.stood = past.standing
        area.known = "all" if complete else "early"

    def settle(self, area: Area, units: Sequence[Unit]) -> None:
        """It is all known: what stood stands on, unknown until it is seen, and nothing of it is raised a second time.

        `units` are those of the area; conditions that they no longer have end with the configuration.
        """
        for condition in area.conditions.settle(area.stood):
            self.confirm(area, condition, units)
        area.stood = ()

    def go_on(self, area: Area, units: Sequence[Unit]) -> None:
        """Recall an area that is held already, as far as it is still to be known."""
        before = area.known
        if before == "all":
            return
        self.recall(area, units)
        if before == "nothing" and area.known != "nothing":
            self._trade.recall(area.name, area.memories)
        area.decide_on(units, self._trade)
        if area.known == "all":
            self.settle(area, units)

    def confirm(self, area: Area, condition: StandingCondition, built: Sequence[Unit]) -> None:
        """Does it stand on in what was just built? Not what hangs on controllers that are silent.

        Called with nothing held: the trade has a lock of its own, and judges while it holds it.
        """
        speaking = [unit for unit in built if not unit.scanner.silent]
        remembered = [unit for unit in speaking if unit.remember(condition.asset, condition.condition)]
        if not remembered and not self._trade.remember(area.name, condition.asset, condition.condition):
            area.conditions.withdraw(condition)

    def keep_memories(self, area: Area) -> None:
        """What the trade must know after a restart, where it has changed. Not before what it knew earlier was read."""
        if area.known == "nothing":
            return
        memories = self._trade.memories(area.name)
        changed = {asset: memory for asset, memory in memories.items() if area.memories.get(asset) != memory}
        if not changed:
            return

        def work(session: Session) -> None:
            for asset, memory in changed.items():
                storage.remember(session, asset, memory)

        try:
            self._database.run(work)
        except Unavailable as error:
            _log.debug("memory_waits", area=area.name, code=error.code)
            return
        area.memories = {**area.memories, **changed}

    def note_served(self, area: Area) -> None:
        """Somebody polls the area now. Not before it is known until when it was served before."""
        if area.known == "nothing":
            return
        now = self._clock.now()
        area.served_noted_wall_s = time.monotonic()
        try:
            self._database.run(lambda session: storage.note_served(session, area.name, now))
        except Unavailable as error:
            _log.debug("served_waits", area=area.name, code=error.code)

    def note_served_now_and_then(self, area: Area) -> None:
        if time.monotonic() - area.served_noted_wall_s > SERVED_EVERY_WALL_S:
            self.note_served(area)

    def _tell_unserved(self, area: Area, served_at: datetime | None) -> None:
        """Nobody polled the area for a while: that is a gap too."""
        if served_at is not None:
            gap_s = (area.taken_at - served_at).total_seconds()
            if gap_s > self._clock.rate * UNSERVED_WALL_S_MAX:
                self._gaps.tell(area.name, "service", served_at.timestamp(), area.taken_at.timestamp())
