"""What cannot be heard now: services that are silent, links that are lost, readings that are old."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime

from shared.bus.health import SILENT_S_MAX, Heartbeat


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """`seen_wall` is this process's own monotonic clock."""

    heartbeat: Heartbeat
    seen_wall: float

    @property
    def running(self) -> bool:
        return time.monotonic() - self.seen_wall <= SILENT_S_MAX


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

    def never_heard(self) -> list[str]:
        """Expected services from which nothing came for so long that something should have."""
        if time.monotonic() - self.began_wall <= SILENT_S_MAX:
            return []
        with self._lock:
            heard = {service for service, _ in self._seen}
        return [service for service in self.expected if service not in heard]

    def since(self, health: ServiceHealth) -> datetime:
        return health.heartbeat.started_at if health.running else health.heartbeat.time
