"""The station itself: two sensors, a clock, and a memory of what the centre has not taken yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from infra.simulator.rtu.gauges import RainGauge, RiverGauge
from infra.simulator.telemetry.frames import HOURLY, TIMED, levels_of_hour, link_keep, number, rains_of_hour, report

MEMORY_MAX = 4000
"""Reports: twelve days."""
PER_HOUR = 12
SERIAL_MAX = 0xFFFF


@dataclass(frozen=True, slots=True)
class Kept:
    """A report as it was first sent; sent again it is the same."""

    serial: int
    raw: bytes


@dataclass(slots=True)
class TelemetryStation:
    """Reports every five minutes, and each full hour once more what the last twelve were."""

    address: str
    rain: RainGauge
    river: RiverGauge
    clock: Callable[[], datetime]
    """Local time."""
    memory: deque[Kept] = field(default_factory=lambda: deque(maxlen=MEMORY_MAX))
    serial: int = 0
    _reported_at: datetime | None = None
    _totals_mm: deque[float] = field(default_factory=lambda: deque(maxlen=PER_HOUR + 1))
    _levels_m: deque[float | None] = field(default_factory=lambda: deque(maxlen=PER_HOUR))

    def step(self, dt_s: float, rain_mm: float, level_m: float, rate_m_per_h: float) -> None:
        self.rain.step(dt_s, rain_mm)
        self.river.step(dt_s, level_m, rate_m_per_h)
        now = self.clock()
        if self._reported_at is None:  # switched on
            self._reported_at = now
            self._totals_mm.append(self.rain.bucket.total_mm)
            self._report(TIMED, now, self._momentary())
        slot = now.replace(minute=now.minute // 5 * 5, second=0, microsecond=0)
        if slot > self._reported_at:
            self._reported_at = slot
            self._totals_mm.append(self.rain.bucket.total_mm)
            self._levels_m.append(self.river.level_m)
            self._report(TIMED, slot, self._momentary())
            if slot.minute == 0:
                self._report(HOURLY, slot, self._of_hour())

    def sign_of_life(self) -> bytes:
        self._count()
        return link_keep(self.address, self.serial, self.clock())

    def _report(self, kind: str, observed_at: datetime, elements: list[str]) -> None:
        self._count()
        raw = report(self.address, kind, self.serial, self.clock(), observed_at, elements)
        self.memory.append(Kept(self.serial, raw))

    def _count(self) -> None:
        self.serial = self.serial % SERIAL_MAX + 1

    def _momentary(self) -> list[str]:
        total_mm = self.rain.bucket.total_mm
        return [
            number("20", total_mm - self._totals_mm[-min(2, len(self._totals_mm))], 6, 1),
            number("26", total_mm, 6, 1),
            number("39", self.river.level_m, 8, 3),
            number("38", self.rain.battery_v, 4, 2),
        ]

    def _of_hour(self) -> list[str]:
        """What was not observed yet is told as not known."""
        totals = list(self._totals_mm)
        rains: list[float | None] = [after - before for before, after in pairwise(totals)]
        missing_rains: list[float | None] = [None] * (PER_HOUR - len(rains))
        missing_levels: list[float | None] = [None] * (PER_HOUR - len(self._levels_m))
        return [
            rains_of_hour(missing_rains + rains),
            levels_of_hour(missing_levels + list(self._levels_m)),
            number("26", self.rain.bucket.total_mm, 6, 1),
            number("38", self.rain.battery_v, 4, 2),
        ]
