"""What an owner looks after now and then, on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import structlog

from shared.bus.emitter import Emitter
from shared.clock import Clock
from shared.errors import Unavailable
from shared.field.areas import Area, Areas
from shared.field.by_hand import ByHand
from shared.field.engine import Engine
from shared.field.exchange import Exchange
from shared.field.ledger import CommandLedger
from shared.field.operations import Operations
from shared.field.recall import Recall
from shared.field.tenure import Tenure

UPKEEP_EVERY_WALL_S = 0.5
UNLEASED_AFTER_WALL_S = 5.0
"""Without a broker at the start, the areas are taken unleased after this: the master watchdogs keep two apart."""
STANDING_AFTER_S = 15.0
"""At the latest so long after taking an area (city time) it is said what stands in it."""

_log = structlog.get_logger()


class Upkeep:
    def __init__(
        self,
        areas: Areas,
        tenure: Tenure,
        exchange: Exchange,
        engine: Engine,
        recall: Recall,
        operations: Operations,
        by_hand: ByHand,
        ledger: CommandLedger,
        emitter: Emitter,
        clock: Clock,
    ) -> None:
        self._areas = areas
        self._tenure = tenure
        self._exchange = exchange
        self._engine = engine
        self._recall = recall
        self._operations = operations
        self._by_hand = by_hand
        self._ledger = ledger
        self._emitter = emitter
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="owner upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(UPKEEP_EVERY_WALL_S * 4)

    def _run(self) -> None:
        waited_s = 0.0
        while not self._stopping.wait(UPKEEP_EVERY_WALL_S):
            waited_s += UPKEEP_EVERY_WALL_S
            if not self._tenure.broker_seen and waited_s >= UNLEASED_AFTER_WALL_S:
                self._attempt(self._tenure.take_unleased)
            self._attempt(partial(self._exchange.look, self._attempt))
            self._attempt(self._operations.expire_selections)
            for area in self._areas.list_held():
                self._attempt(partial(self._keep_up, area))

    def _attempt(self, part: Callable[[], None]) -> None:
        """A part of the upkeep; what fails is tried again the next turn, and holds up nothing else."""
        try:
            part()
        except Unavailable as error:
            _log.debug("upkeep_waits", code=error.code)
        except Exception:
            _log.exception("upkeep_failed")

    def _keep_up(self, area: Area) -> None:
        self._engine.start(area.name)
        units = self._engine.units_of(area.name)
        waited_s = (self._clock.now() - area.built_at).total_seconds()
        self._recall.go_on(area, units)
        if (
            area.known == "all"
            and area.standing_due
            and (all(unit.judged for unit in units) or waited_s > STANDING_AFTER_S)
        ):
            area.standing_due = False
            area.conditions.tell_standing()
        everywhere = list(self._engine.units.values())  # a controller may have changed its area
        self._emitter.emit(self._by_hand.marks.expire(area.name, everywhere))
        for wish in self._by_hand.overrides.due(area.name):
            self._operations.act(wish)
        self._recall.keep_memories(area)
        self._recall.note_served_now_and_then(area)
        if area.recovery_due and area.known == "all":  # last: it cannot go on without a database
            self._ledger.end_unproven(area.name, area.taken_at, self._operations.live)
            area.recovery_due = False
