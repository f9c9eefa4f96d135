"""What it is to hold an area: its controllers are polled, what was known of it is recalled, its decisions are taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.bus.emitter import Emitter
from shared.bus.lease import LostBecause
from shared.bus.telemetry import TelemetrySender
from shared.clock import Clock
from shared.contracts.field import AreaReleased
from shared.field.areas import Area, Areas
from shared.field.by_hand import ByHand
from shared.field.conditions import Conditions
from shared.field.decider import Decider
from shared.field.engine import Engine
from shared.field.recall import Recall
from shared.field.trade import Trade


class Holding:
    """Takes areas of one trade, and releases them."""

    def __init__(
        self,
        service: str,
        instance: str,
        trade: Trade,
        areas: Areas,
        engine: Engine,
        recall: Recall,
        by_hand: ByHand,
        emitter: Emitter,
        telemetry: TelemetrySender,
        clock: Clock,
    ) -> None:
        self._service = service
        self._instance = instance
        self._trade = trade
        self._areas = areas
        self._engine = engine
        self._recall = recall
        self._by_hand = by_hand
        self._emitter = emitter
        self._telemetry = telemetry
        self._clock = clock
        self.scanned: Callable[..., Any] | None = None
        """Where the trade decides upon what was scanned in an area."""

    def take(self, name: str, epoch: int, *, leased: bool) -> None:
        """From now on we poll it; if it is held already it got its lease. The caller has the areas' lock."""
        area = self._areas.find(name)
        if area is None:
            self._begin(name, epoch, leased=leased)
        else:
            area.epoch, area.leased, area.standing_due = epoch, leased, True
            self._telemetry.begin(name, epoch)

    def release(self, name: str, cause: LostBecause) -> None:
        """Polls it no more; does nothing when it is not held."""
        area = self._areas.remove(name)
        if area is None:
            return
        units = self._engine.units_of(name)
        self._engine.release(name)
        self._by_hand.forget(name)
        area.decider.stop()
        self._recall.keep_memories(area)
        self._trade.release(units)
        self._recall.note_served(area)
        released = AreaReleased(area=name, trade=self._service, instance=self._instance, epoch=area.epoch, cause=cause)
        self._emitter.emit([released])

    def _begin(self, name: str, epoch: int, *, leased: bool) -> None:
        now = self._clock.now()
        area = Area(
            name=name,
            conditions=Conditions(self._service, name, self._emitter, self._clock),
            decider=Decider(name, self._decide),
            taken_at=now,
            built_at=now,
            epoch=epoch,
            leased=leased,
            said_before=self._emitter.said,
        )
        units = self._engine.take(name)
        self._recall.recall(area, units)
        self._trade.take(name, units, area.memories)
        area.decide_on(units, self._trade)
        if area.known == "all":
            self._recall.settle(area, units)
        self._areas.add(area)
        self._telemetry.begin(name, epoch)
        area.decider.start()
        self._engine.start(name)

    def _decide(self, name: str, scanned: list[str]) -> None:
        """What was exchanged since its scan may be silent now."""
        area = self._areas.find(name)
        wanted = [unit for unit in scanned if area is not None and unit in area.decided]
        if wanted and self.scanned is not None:
            self.scanned(name, wanted)
