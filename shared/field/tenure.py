"""Areas come and go: by the lease of each, or without one while no broker was ever seen."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from shared.bus.bus import Bus
from shared.bus.consumer import Handler
from shared.bus.emitter import Emitter
from shared.bus.entrypoints import Entrypoints
from shared.bus.lease import Leases, LostBecause
from shared.contracts.field import AreaTaken, ReportForwarded
from shared.contracts.gateway import CancelOperate
from shared.contracts.message import Message
from shared.field.areas import Areas
from shared.field.holding import Holding
from shared.field.reception import Reception

_log = structlog.get_logger()


class Tenure:
    """The leases of one trade in this process. While an area is leased, what is for its owner comes off the bus."""

    def __init__(
        self,
        areas: Areas,
        holding: Holding,
        bus: Bus,
        emitter: Emitter,
        reception: Reception,
        *,
        area_names: Sequence[str],
        preferred: Sequence[str],
        on_cancel: Handler,
    ) -> None:
        self._areas = areas
        self._holding = holding
        self._bus = bus
        self._emitter = emitter
        self._reception = reception
        self._preferred = preferred
        self._on_cancel = on_cancel
        self._entrypoints = Entrypoints()
        self._leases = Leases(
            bus.uri,
            bus.service,
            areas=area_names,
            preferred=preferred,
            on_taken=self._on_taken,
            on_lost=self._on_lost,
            on_held_elsewhere=self._on_held_elsewhere,
        )
        self.broker_seen = False
        """Has it ever said who owns what?"""

    def start(self, entrypoints: Entrypoints) -> None:
        """`entrypoints`: where the commands of an owner are carried out."""
        self._entrypoints = entrypoints
        self._leases.start()

    def stop(self) -> None:
        self._leases.stop()

    def take_unleased(self) -> None:
        """Nobody can say who owns what: the master watchdogs keep two apart."""
        with self._areas.lock:
            for area in self._preferred:
                if self._areas.find(area) is None and not self.broker_seen:
                    _log.warning("area_taken_unleased", area=area)
                    self._holding.take(area, 0, leased=False)

    def serve_anew(self) -> None:
        """What an owner takes off the bus has changed."""
        for area in [each.name for each in self._areas.list_held() if each.leased]:
            self._bus.cease(area)
            self._serve(area)

    def _on_taken(self, area: str, epoch: int) -> None:
        self.broker_seen = True
        with self._areas.lock:
            self._holding.take(area, epoch, leased=True)
            taken = AreaTaken(area=area, trade=self._bus.service, instance=self._bus.instance, epoch=epoch)
            self._emitter.emit([taken])
            self._serve(area)

    def _on_lost(self, area: str, cause: LostBecause) -> None:
        with self._areas.lock:
            for held in self._areas.list_held():  # the connection that held one lease held them all
                if cause == "broker" or held.name == area:
                    held.leased = False
        self._bus.cease(area)
        if cause == "broker":
            _log.warning("area_unleased", area=area)

    def _on_held_elsewhere(self, name: str) -> None:
        """Another instance has it: whoever was cut off lets go."""
        self.broker_seen = True
        with self._areas.lock:
            area = self._areas.find(name)
            if area is not None and not area.leased:
                self._holding.release(name, "broker")

    def _serve(self, area: str) -> None:
        """Take what is for the owner of the area."""
        reports: dict[type[Message], Handler] = {ReportForwarded: self._reception.on_forwarded}
        ahead: dict[type[Message], Handler] = {CancelOperate: self._on_cancel}
        self._bus.do(area, dict(self._entrypoints.does), ahead, reports if self._reception.listens else None)
