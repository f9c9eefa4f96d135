"""One pump with its starter: what it counts, what it protects."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from pydantic import BaseModel, ConfigDict, Field

HOUR_S = 3600.0
_WARM_UP_S = 1200.0
"""Time constant of the bearing temperature."""


class Fault(IntEnum):
    """Fault codes of the register map."""

    NONE = 0
    OVERLOAD = 1
    LEAK = 2
    TEMPERATURE = 3
    PHASE = 4
    DRY = 5
    NO_FLOW = 6
    COMMUNICATION = 7


class PumpRating(BaseModel):
    """Plate of the motor."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    current_a: float = Field(default=132.0, gt=0)
    power_kw: float = Field(default=75.0, gt=0)
    bearing_rise_k: float = Field(default=38.0, gt=0)


@dataclass(slots=True)
class Pump:
    rating: PumpRating
    running: bool = False
    fault: Fault = Fault.NONE
    run_for_s: float = 0.0
    """How long it has been running; 0 while it stands."""
    off_for_s: float = 86400.0
    """How long it has been standing; 0 while it runs."""
    run_s: float = 0.0
    starts: int = 0
    start_ages_s: list[float] = field(default_factory=list)
    """How long ago each start of the last hour was, oldest first."""
    bearing_c: float = 24.0
    load: float = 0.0
    """Share of the rated current it draws."""

    def step(self, dt_s: float, level_m: float, ambient_c: float) -> None:
        self.start_ages_s = [age + dt_s for age in self.start_ages_s if age + dt_s < HOUR_S]
        if self.running:
            self.run_for_s += dt_s
            self.run_s += dt_s
            # Less water to lift from a full well: the higher the level, the lower the head and the current.
            self.load = min(1.1, max(0.6, 0.98 - 0.03 * (level_m - 1.0)))
        else:
            self.off_for_s += dt_s
            self.load = 0.0
        target_c = ambient_c + (self.rating.bearing_rise_k * self.load if self.running else 0.0)
        self.bearing_c += (target_c - self.bearing_c) * min(1.0, dt_s / _WARM_UP_S)

    def starts_last_hour(self) -> int:
        return len(self.start_ages_s)

    def start(self) -> None:
        assert not self.running
        self.running, self.run_for_s, self.off_for_s = True, 0.0, 0.0
        self.starts += 1
        self.start_ages_s.append(0.0)

    def stop(self) -> None:
        assert self.running
        self.running, self.run_for_s, self.off_for_s = False, 0.0, 0.0

    def trip(self, fault: Fault) -> None:
        """The protection opens the starter and stays open until somebody resets it on site."""
        if self.running:
            self.stop()
        self.fault = fault

    @property
    def current_a(self) -> float:
        return self.rating.current_a * self.load

    @property
    def power_kw(self) -> float:
        return self.rating.power_kw * self.load
