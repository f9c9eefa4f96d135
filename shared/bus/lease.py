"""Who owns an area: whoever holds the exclusive queue `lease.<trade>.<area>`.

An exclusive queue dies with its connection, so a dead process gives its areas up at once, and a lost host after two
missed heartbeats of 5 s. Declaring it elsewhere fails as long as it lives.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Literal

import structlog
from amqp.exceptions import NotFound, ResourceLocked

from shared.bus.connection import BrokerLoop, Link, declare
from shared.bus.topology import lease_queue

HEARTBEAT_S = 5
LOOK_EVERY_S = 0.25
STOOD_FREE_S = 3.0
"""An area that somebody else prefers is taken only after it stood free for so long."""

LostBecause = Literal["broker", "stopped"]

log = structlog.get_logger()


class Leases:
    """Takes the areas of one trade for this process: the preferred at once, others when nobody wants them.

    `on_taken(area, epoch)` and `on_lost(area, cause)` are called in the lease's own thread and must be quick. `epoch`
    grows with each hand-over: it is the wall clock at the moment of taking, in milliseconds. `on_held_elsewhere(area)`
    is called whenever the broker says that somebody else has an area we would take.
    """

    def __init__(
        self,
        uri: str,
        trade: str,
        *,
        areas: Collection[str],
        preferred: Collection[str],
        on_taken: Callable[[str, int], None],
        on_lost: Callable[[str, LostBecause], None],
        on_held_elsewhere: Callable[[str], None] | None = None,
    ) -> None:
        self._trade = trade
        self._areas = list(areas)
        self._at_once = set(preferred)
        self._on_taken = on_taken
        self._on_lost = on_lost
        self._on_held_elsewhere = on_held_elsewhere
        self._held: dict[str, int] = {}
        self._free_since: dict[str, float] = {}
        self._loop = BrokerLoop(uri, f"{trade} lease", self._serve, HEARTBEAT_S)
        self.start, self.stop = self._loop.start, self._loop.stop

    @property
    def held(self) -> dict[str, int]:
        """The areas owned now, each with its epoch."""
        return dict(self._held)

    def _serve(self, link: Link) -> None:
        try:
            link.channel()
            self._loop.serving()
            while not self._loop.stopping.is_set():
                for area in self._areas:
                    if area not in self._held:
                        self._consider(link, area)
                link.drain(LOOK_EVERY_S)
        finally:
            self._give_up("stopped" if self._loop.stopping.is_set() else "broker")

    def _consider(self, link: Link, area: str) -> None:
        if area not in self._at_once and not self._stood_free(link, area):
            return
        try:
            declare(link.channel(), lease_queue(self._trade, area))
        except ResourceLocked:
            self._held_elsewhere(area)
            return
        epoch = time.time_ns() // 1_000_000
        self._held[area] = epoch
        self._at_once.add(area)  # after a broker's restart it is ours before it is anybody else's
        log.info("area taken", area=area, epoch=epoch)
        self._on_taken(area, epoch)

    def _stood_free(self, link: Link, area: str) -> bool:
        moment = time.monotonic()
        try:
            link.channel().queue_declare(lease_queue(self._trade, area).name, passive=True)
        except NotFound:
            return moment - self._free_since.setdefault(area, moment) >= STOOD_FREE_S
        except ResourceLocked:
            self._free_since.pop(area, None)
            self._held_elsewhere(area)
        return False

    def _held_elsewhere(self, area: str) -> None:
        if self._on_held_elsewhere is not None:
            self._on_held_elsewhere(area)

    def _give_up(self, cause: LostBecause) -> None:
        self._free_since.clear()
        lost, self._held = self._held, {}
        for area in lost:
            log.info("area lost", area=area, cause=cause)
            self._on_lost(area, cause)
