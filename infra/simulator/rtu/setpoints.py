"""What is set in the RTU, and what it accepts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

SLOTS = 6
"""Pumps that the map has room for."""


@dataclass(frozen=True, slots=True)
class Setpoints:
    """Levels above the well floor. Only as many levels count as there are pumps; the other slots are 0."""

    start_levels_m: tuple[float, ...]
    stop_levels_m: tuple[float, ...]
    ll_dry_m: float = 0.6
    hh_alarm_m: float = 3.8
    min_run_s: int = 60
    min_off_s: int = 60
    max_starts_h: int = 6
    alternation: int = 1
    """0 off, 1 at each start, 2 by run hours."""
    watchdog_limit_s: int = 60

    def is_acceptable(self) -> bool:
        """Levels rise from pump to pump, each stop lies below its start and above dry running; the rest in range."""
        starts, stops = self.start_levels_m, self.stop_levels_m
        return (
            len(starts) == len(stops)
            and all(lower <= higher for lower, higher in pairwise(starts))
            and all(lower <= higher for lower, higher in pairwise(stops))
            and all(stop < start for start, stop in zip(starts, stops, strict=True))
            and 0 <= self.ll_dry_m < stops[0]
            and starts[-1] <= 30
            and 0 < self.hh_alarm_m <= 30
            and 0 <= self.min_run_s <= 3600
            and 0 <= self.min_off_s <= 3600
            and 1 <= self.max_starts_h <= 60
            and self.alternation in (0, 1, 2)
            and 10 <= self.watchdog_limit_s <= 3600
        )
