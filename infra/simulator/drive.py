"""What the simulator and the process of a catchment say to each other."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Plumbing:
    """Names inside the model that are read and set."""

    model: str
    rain_gage: str
    wet_well: str
    pumps: list[str]
    gate: str | None = None
    outfalls: list[str] = field(default_factory=list)
    upstream: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """What is set from outside before a stretch of model time."""

    seconds: int
    rain_mm_per_h: float = 0.0
    pumps: list[bool] = field(default_factory=list)
    inflow_m3_per_s: float = 0.0
    gate: float = 0.0
    stage_m: float | None = None
    save_to: str | None = None
    """Write a hot-start file after the stretch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the model says after the stretch."""

    level_m: float
    full_depth_m: float
    discharge_m3_per_s: float
    flooded_m3: float
    """Volume that left the wet well over its rim during the stretch."""
    flooded_upstream_m3: float
