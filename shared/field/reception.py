"""Every instance listens on every line of its trade at which devices report, whichever areas it owns.

A report for an area of ours goes to the engine, any other to the broker, for the owner of its area. Either way the
device is answered only when it is safely kept, and what it sends again for want of an answer is known by its identity.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from shared.bus.forwarding import Forwarder
from shared.bus.health import Check
from shared.clock import Clock
from shared.contracts.envelope import Envelope
from shared.contracts.field import Report, ReportForwarded
from shared.errors import Missing, Unavailable
from shared.field.adapters.registry import pushing_adapter
from shared.field.address import Address, parse_address
from shared.field.configuration import Configuration
from shared.field.listener import Listener
from shared.site import ControllerEntry, LineEntry

TakeHere = Callable[[str, Report, datetime], bool]
"""Controller, report, when it arrived. True when its area is ours and the report is safely kept, False when it is
another's. Raises Unavailable."""


class Reception:
    """The listening lines of one instance. `adopt` starts it, and changes what it listens on."""

    def __init__(self, configuration: Configuration, clock: Clock, forwarder: Forwarder, take_here: TakeHere) -> None:
        self._configuration = configuration
        self._clock = clock
        self._forwarder = forwarder
        self._take_here = take_here
        self._listeners: dict[str, Listener] = {}
        self._stations: dict[tuple[str, str | None], ControllerEntry] = {}
        """By line and station address."""

    def adopt(self, configuration: Configuration) -> None:
        """Listen where this one says; lines whose address is the same keep their connections."""
        self._configuration = configuration
        self._stations = {(each.line, each.station): each for each in configuration.site.controllers}
        wanted = listening_lines(configuration)
        for name, listener in list(self._listeners.items()):
            if wanted.get(name) != listener.address:
                del self._listeners[name]
                listener.stop()
        zone = ZoneInfo(configuration.site.time_zone)
        for name, address in wanted.items():
            if name not in self._listeners:
                take = partial(self._take, name)
                listener = Listener(name, address, pushing_adapter(address.adapter), zone, take)
                self._listeners[name] = listener
                listener.start()

    @property
    def listens(self) -> bool:
        """Are there devices of this trade that report by themselves?"""
        return bool(listening_lines(self._configuration))

    def stop(self) -> None:
        for listener in self._listeners.values():
            listener.stop()
        self._forwarder.close()

    def check(self) -> Check:
        """For the health page: can devices connect?"""
        for name, listener in self._listeners.items():
            if listener.refusal is not None:
                params = {"line": name, "address": str(listener.address), "detail": listener.refusal}
                return Check(ok=False, code="line_deaf", params=dict(params))
        connections = sum(listener.connections for listener in self._listeners.values())
        return Check(ok=True, code="lines_listen", params={"lines": len(self._listeners), "connections": connections})

    def on_forwarded(self, message: ReportForwarded, envelope: Envelope) -> None:  # noqa: ARG002
        """Another instance heard it. Raises Unavailable while the area is not ours: then it waits for its owner."""
        if message.controller not in self._configuration.site.controllers_by_id:
            raise Missing("station_unknown", line="-", station=message.report.station)
        if not self._take_here(message.controller, message.report, message.arrived_at):
            raise Unavailable("area_not_owned", area=message.area)

    def _take(self, line: str, report: Report) -> None:
        """Raises Missing for a station that no controller of the line has, Unavailable."""
        entry = self._stations.get((line, report.station))
        if entry is None:
            raise Missing("station_unknown", line=line, station=report.station)
        arrived_at = self._clock.now()
        if self._take_here(entry.id, report, arrived_at):
            return
        self._forwarder.send(
            ReportForwarded(
                area=self._configuration.site.assets_by_id[entry.asset].area,
                trade=self._configuration.trade,
                controller=entry.id,
                report=report,
                arrived_at=arrived_at,
            )
        )


def listening_lines(configuration: Configuration) -> dict[str, Address]:
    """Where the trade's devices report."""
    site = configuration.site
    entries: list[LineEntry] = [site.lines_by_id[site.controllers_by_id[name].line] for name in configuration.profiles]
    addresses = {entry.id: parse_address(entry.address) for entry in entries}
    return {name: address for name, address in addresses.items() if address.listens}
