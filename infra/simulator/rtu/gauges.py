"""Gauges with a small RTU of their own: rain and river."""

from __future__ import annotations

from dataclasses import dataclass, field

from infra.simulator.rain import TippingBucket


@dataclass(slots=True)
class RainGauge:
    bucket: TippingBucket = field(default_factory=TippingBucket)
    heartbeat_s: float = 0.0
    battery_v: float = 12.6

    def step(self, dt_s: float, rain_mm: float) -> None:
        self.heartbeat_s += dt_s
        self.bucket.step(dt_s, rain_mm)


@dataclass(slots=True)
class RiverGauge:
    level_m: float | None = 0.0
    """None when the sensor is broken."""
    rate_m_per_h: float = 0.0
    heartbeat_s: float = 0.0
    battery_v: float = 12.7
    frozen: bool = False
    broken: bool = False

    def step(self, dt_s: float, level_m: float, rate_m_per_h: float) -> None:
        self.heartbeat_s += dt_s
        if self.broken:
            self.level_m = None
        elif not self.frozen:
            self.level_m, self.rate_m_per_h = level_m, rate_m_per_h
