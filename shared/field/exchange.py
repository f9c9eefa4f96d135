"""Works by changed files while it runs: what they do not touch does not notice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from shared.bus.emitter import Emitter
from shared.clock import Clock
from shared.contracts.field import ConfigurationRefused
from shared.field.areas import Area, Areas
from shared.field.by_hand import ByHand
from shared.field.engine import Engine
from shared.field.recall import Recall
from shared.field.reception import Reception
from shared.field.reloading import Reload, Reloader
from shared.field.tenure import Tenure
from shared.field.trade import Trade
from shared.field.unit import Unit


class Exchange:
    """Puts controllers in the place of others."""

    def __init__(
        self,
        reloader: Reloader,
        areas: Areas,
        tenure: Tenure,
        engine: Engine,
        recall: Recall,
        by_hand: ByHand,
        reception: Reception,
        trade: Trade,
        emitter: Emitter,
        clock: Clock,
    ) -> None:
        self._reloader = reloader
        self._areas = areas
        self._tenure = tenure
        self._engine = engine
        self._recall = recall
        self._by_hand = by_hand
        self._reception = reception
        self._trade = trade
        self._emitter = emitter
        self._clock = clock

    def look(self, attempt: Callable[[Callable[[], None]], None]) -> None:
        """Work by changed files, when there are any. `attempt`: what fails in one area holds up no other."""
        found = self._reloader.look()
        if isinstance(found, ConfigurationRefused):
            self._emitter.emit([found])
        elif found is not None:
            with self._areas.lock:
                self._adopt(found, attempt)
            self._emitter.emit([found.event])

    def _adopt(self, found: Reload, attempt: Callable[[Callable[[], None]], None]) -> None:
        for area in self._areas.list_held():
            self._recall.keep_memories(area)
        found.after.adopt()
        self._reloader.current = found.after
        ended, begun = self._engine.adopt(found.after, found.difference.touched)
        listened = self._reception.listens
        self._reception.adopt(found.after)
        if self._reception.listens != listened:
            self._tenure.serve_anew()
        for area in self._areas.list_held():
            mine = [[unit for unit in units if unit.area == area.name] for units in (ended, begun)]
            if any(mine):
                attempt(partial(self._change, area, *mine))

    def _change(self, area: Area, ended: Sequence[Unit], begun: Sequence[Unit]) -> None:
        """Put units in the place of others; what stood and is still known stands, until it is seen.

        What begins is polled from the next turn of the upkeep on.
        """
        self._by_hand.show(begun)
        self._trade.release(ended)
        self._trade.take(area.name, begun, area.memories)
        units = self._engine.units_of(area.name)
        area.decide_on(units, self._trade)
        touched = {asset for unit in (*ended, *begun) for asset in unit.image.assets}
        known = [unit for unit in units if unit not in begun]
        for condition in area.conditions.list_standing():
            name = condition.asset, condition.condition
            if condition.asset in touched and not any(unit.knows(*name) for unit in known):
                self._recall.confirm(area, condition, begun)
        area.standing_due, area.built_at = True, self._clock.now()
