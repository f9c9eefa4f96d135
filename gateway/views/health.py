"""What cannot be heard now: services that are silent, links that are lost, readings that are old."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime

from gateway.views.city import CityView
from shared.bus.health import SILENT_S_MAX, Heartbeat, SilentController


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """`seen_wall` is this process's own monotonic clock."""

    heartbeat: Heartbeat
    seen_wall: float

    @property
    def running(self) -> bool:
        return time.monotonic() - self.seen_wall <= SILENT_S_MAX


@dataclass(frozen=True, slots=True)
class Polling:
    """Of the controllers that a service polls, how many are silent, and how many of them its heartbeats name."""

    silent: int = 0
    named: int = 0

    @property
    def names_all(self) -> bool:
        return self.named == self.silent


class HealthView:
    """Every process that was ever heard of, and those that must be there: silence from the start is silence too."""

    def __init__(self, expected: tuple[str, ...]) -> None:
        self.expected = expected
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], ServiceHealth] = {}
        self.began_wall = time.monotonic()

    def note(self, heartbeat: Heartbeat) -> None:
        with self._lock:
            self._seen[heartbeat.service, heartbeat.instance] = ServiceHealth(heartbeat, time.monotonic())

    def services(self) -> list[ServiceHealth]:
        with self._lock:
            return [self._seen[key] for key in sorted(self._seen)]

    def silent(self) -> dict[str, SilentController]:
        """By id, the controllers that do not answer whoever polls them now."""
        beats = [health.heartbeat for health in self.services() if health.running]
        return {each.controller: each for beat in beats for each in beat.silent}

    def polling(self) -> dict[str, Polling]:
        """By service, whose instances run."""
        found: dict[str, Polling] = {}
        for health in self.services():
            if health.running:
                before, beat = found.get(health.heartbeat.service, Polling()), health.heartbeat
                found[beat.service] = Polling(before.silent + beat.silent_count, before.named + len(beat.silent))
        return found

    def polled(self, city: CityView) -> set[str]:
        """Controllers that are polled as planned, for all that is known: their service runs and does not name them."""
        polling, silent = self.polling(), self.silent()
        assets = city.site.assets_by_id
        return {
            entry.id
            for entry in city.site.controllers
            if (known := polling.get(assets[entry.asset].trade)) is not None
            and entry.id not in silent
            and (known.names_all or city.is_online(entry.id))
        }

    def never_heard(self) -> list[str]:
        """Expected services from which nothing came for so long that something should have."""
        if time.monotonic() - self.began_wall <= SILENT_S_MAX:
            return []
        with self._lock:
            heard = {service for service, _ in self._seen}
        return [service for service in self.expected if service not in heard]

    def since(self, health: ServiceHealth) -> datetime:
        return health.heartbeat.started_at if health.running else health.heartbeat.time
