"""The river: it rises some hours after the rain, and falls for a day. A linear reservoir, enough for backwater."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field


class RiverShape(BaseModel):
    """Levels are above the floor of the wet well that discharges into it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_level_m: float = 1.6
    rise_m_per_mm: float = Field(default=0.035, gt=0, description="of the flood wave that one mm of rain sends down")
    lag_s: float = Field(default=1800, gt=0, description="how long the wave needs to arrive")
    recession_s: float = Field(default=36000, gt=0)


@dataclass(slots=True)
class River:
    shape: RiverShape
    coming_m: float = 0.0
    """Rise that has fallen as rain and has not arrived yet."""
    risen_m: float = 0.0
    rate_m_per_h: float = 0.0

    def step(self, dt_s: float, rain_mm: float) -> None:
        before = self.risen_m
        self.coming_m += rain_mm * self.shape.rise_m_per_mm
        arrived = self.coming_m * -math.expm1(-dt_s / self.shape.lag_s)
        self.coming_m -= arrived
        self.risen_m = self.risen_m * math.exp(-dt_s / self.shape.recession_s) + arrived
        self.rate_m_per_h = (self.risen_m - before) / dt_s * 3600

    @property
    def level_m(self) -> float:
        return self.shape.base_level_m + self.risen_m
