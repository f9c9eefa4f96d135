"""The stations of one area: scanned when they report, and now and then for what only time changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import structlog

from shared.clock import Clock
from shared.contracts.field import Report
from shared.field.line import ScanListener
from shared.field.pacer import Pacer
from shared.field.scanner import Scan
from shared.field.station import Station, Taken

LOOK_EVERY_S = 5.0
"""City seconds: delays of conditions run, sums of rain sink, a silent station is noticed."""

_log = structlog.get_logger()


class StationLine:
    """Runs from `start` to `stop`, without a thread of its own. Every scan goes to the listener, one at a time."""

    def __init__(self, name: str, stations: list[Station], clock: Clock, listener: ScanListener, pacer: Pacer) -> None:
        self.name = name
        self.stations = stations
        self._clock = clock
        self._listener = listener
        self._pacer = pacer
        self._turn = threading.Lock()
        self._looks_at_s: float | None = None
        self._online: dict[str, bool] = {}

    def start(self) -> None:
        """Nothing happens when it runs already."""
        if self._looks_at_s is None:
            self._wait()

    def stop(self) -> None:
        with self._turn:
            self._looks_at_s = None

    def replace(self, ended: Sequence[Station], begun: Sequence[Station]) -> None:
        """The others go on as if nothing were."""
        with self._turn:
            self.stations = [station for station in self.stations if station not in ended] + list(begun)

    def run(self, do: Callable[[], None], within_s: float) -> None:  # noqa: ARG002 - nothing here takes long
        """Do it between two scans."""
        with self._turn:
            do()

    def take(self, station: Station, report: Report, arrived_at_s: float) -> Taken:
        """A report, and the scans that it makes."""
        with self._turn:
            taken = station.take(report, arrived_at_s)
            for group, changed in taken.changed.items():
                self._scan(station, group, changed)
            if not taken.changed:
                self._look(station)
        return taken

    # What the pacer calls.

    def begin(self, due_s: float) -> bool:
        if due_s != self._looks_at_s:
            return False
        if self._turn.acquire(blocking=False):  # whoever has it scans anyway
            try:
                for station in self.stations:
                    self._look(station)
            finally:
                self._turn.release()
        self._wait()
        return False

    def is_answered(self) -> bool:
        raise AssertionError("nothing is ever asked here")

    def go_on(self) -> bool:
        raise AssertionError("nothing is ever asked here")

    def hand_over(self) -> None:
        raise AssertionError("nothing is ever asked here")

    def _wait(self) -> None:
        self._looks_at_s = self._clock.monotonic() + LOOK_EVERY_S
        self._pacer.at(self._looks_at_s, self)

    def _look(self, station: Station) -> None:
        """A scan in which nothing new came."""
        self._scan(station, next(iter(station.image.profile.poll_groups)), [])

    def _scan(self, station: Station, group: str, changed: list[int]) -> None:
        name, online = station.image.controller, station.online
        if self._online.setdefault(name, True) != online:
            self._online[name] = online
            _log.info("controller_restored" if online else "controller_lost", controller=name, line=self.name)
        try:
            self._listener.on_scan(Scan(station.image, group, self._clock.now_s(), online, changed, rest=changed))
        except Exception:  # a defect; the others go on
            _log.exception("scan_not_handled", controller=name, group=group)
