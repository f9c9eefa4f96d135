"""Water that the wet well could not hold: it stands in the underpass and runs back when there is room."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field


class RoadShape(BaseModel):
    """The sag of an underpass: two ramps of one grade, so that depth = sqrt(volume x grade / width)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width_m: float = Field(default=14.0, gt=0)
    grade: float = Field(default=0.04, gt=0, description="of the ramps; CJJ 37 allows up to 0.04 to 0.05")
    drain_m3_per_s: float = Field(default=0.15, gt=0, description="what the gullies take back")
    room_m: float = Field(default=0.8, gt=0, description="free depth in the wet well before water runs back")


@dataclass(slots=True)
class Road:
    shape: RoadShape
    volume_m3: float = 0.0

    def step(self, dt_s: float, flooding_m3: float, free_depth_m: float) -> float:
        """Take what flooded, give back what runs off. Returns the inflow to the wet well from now on, m3/s."""
        self.volume_m3 += flooding_m3
        if free_depth_m < self.shape.room_m or self.volume_m3 <= 0:
            return 0.0
        returned_m3 = min(self.volume_m3, self.shape.drain_m3_per_s * dt_s)
        self.volume_m3 -= returned_m3
        return returned_m3 / dt_s

    @property
    def depth_m(self) -> float:
        return math.sqrt(self.volume_m3 * self.shape.grade / self.shape.width_m)
