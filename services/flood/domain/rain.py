"""Rain sums and rainstorm warnings. The rules are data of the site (CMA decree 16/2007, or the province's)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

WarningStage = Literal["blue", "yellow", "orange", "red"]
STAGES: tuple[WarningStage, ...] = ("blue", "yellow", "orange", "red")
WINDOWS_H = (1, 3, 6, 12, 24)

_ROLLOVER_MM = 2**32 * 0.1
"""The gauge counts tenths of a millimetre in 32 bits."""
_JUMP_MM_MAX = 100.0
"""More than this between two readings, or in each hour between them, is a reset or another gauge, not rain."""
_STEP_S = 60.0
_HOUR_S = 3600.0
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class WarningRule:
    """Reached when at least `rain_mm` fell in `window_h` hours."""

    stage: WarningStage
    window_h: int
    rain_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """What fell at one gauge in the last day, by minute: (time, millimetres since the first reading)."""

    last_total_mm: float | None = None
    read_at_s: float | None = None
    """When `last_total_mm` was read."""
    fallen_mm: float = 0.0
    steps: tuple[tuple[float, float], ...] = ()
    stage: WarningStage | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    stage: WarningStage
    window_h: int
    rain_mm: float


def observe(gauge: Gauge, total_mm: float | None, taken_at_s: float) -> Gauge:
    """The gauge after its counter was read at a moment. The counter wraps; a jump that no rain can be is left out.

    After an outage the counter has jumped by all that fell meanwhile, and nobody knows when it did. It is spread evenly
    over the time since the last reading: the day's sums stay whole, and an hour's window holds that hour's share, so
    that a night's rain raises no warning of a cloudburst. The same for stations that tell their counter once an hour.
    """
    if total_mm is None:
        return gauge
    if gauge.last_total_mm is None:
        return replace(gauge, last_total_mm=total_mm, read_at_s=taken_at_s, steps=((taken_at_s, gauge.fallen_mm),))
    since_s = max(gauge.read_at_s or 0.0, gauge.steps[-1][0])
    if taken_at_s <= since_s:  # looked at again, or the clock was set back: what falls shows when it is past
        return gauge
    more_mm = (total_mm - gauge.last_total_mm) % _ROLLOVER_MM
    if more_mm > _JUMP_MM_MAX * max(1.0, (taken_at_s - since_s) / _HOUR_S):
        more_mm = 0.0
    fallen_mm = gauge.fallen_mm + more_mm
    steps = gauge.steps
    if more_mm > 0:
        if len(steps) > 1 and taken_at_s - steps[-2][0] < _STEP_S:
            steps = steps[:-1]
        steps = (*steps, *_spread(since_s, gauge.fallen_mm, taken_at_s, fallen_mm), (taken_at_s, fallen_mm))
    if len(steps) > 1 and steps[1][0] <= taken_at_s - _DAY_S:
        first = bisect_right(steps, (taken_at_s - _DAY_S, float("inf"))) - 1
        steps = steps[first:]
    return replace(gauge, last_total_mm=total_mm, read_at_s=taken_at_s, fallen_mm=fallen_mm, steps=steps)


def rain_mm(gauge: Gauge, window_h: int, now_s: float) -> float | None:
    """What fell in the last hours; None before the first reading. Less than the window counts for what it is."""
    if not gauge.steps:
        return None
    before = bisect_right(gauge.steps, (now_s - window_h * 3600.0, float("inf"))) - 1
    base_mm = gauge.steps[max(before, 0)][1]
    return round(gauge.fallen_mm - base_mm, 3)


def _spread(since_s: float, before_mm: float, until_s: float, after_mm: float) -> list[tuple[float, float]]:
    """The minutes between two readings, of the last day, as if it had rained evenly; none right behind the first."""
    minutes = min(int((until_s - since_s) / _STEP_S), int(_DAY_S / _STEP_S) + 1)
    rate_mm_per_s = (after_mm - before_mm) / (until_s - since_s)
    moments = [until_s - back * _STEP_S for back in range(minutes, 0, -1)]
    return [(at_s, before_mm + (at_s - since_s) * rate_mm_per_s) for at_s in moments if at_s >= since_s + _STEP_S]


def stage_reached(gauge: Gauge, rules: Sequence[WarningRule], now_s: float) -> Reached | None:
    """The highest stage whose rule is met."""
    reached: Reached | None = None
    for rule in sorted(rules, key=lambda rule: STAGES.index(rule.stage)):
        fallen_mm = rain_mm(gauge, rule.window_h, now_s)
        if fallen_mm is not None and fallen_mm >= rule.rain_mm:
            reached = Reached(rule.stage, rule.window_h, fallen_mm)
    return reached
