"""What may be expected of a point: how long its value stands, whether it counts, what is kept of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.field.profile import Point, Profile
from shared.field.registers import counts_to

Keep = Literal["raw", "1m", "none"]

COMPUTED_HOLD_S = 150.0
"""Computed points are told each minute at the latest; later than two of them nobody computes them."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """`hold_s`: a good value stands for so long unless something else is told, city time.

    `rollover`: where a counter begins at zero again, in its unit; None where that is not known, or it is no counter.
    """

    hold_s: float = COMPUTED_HOLD_S
    is_counter: bool = False
    rollover: float | None = None
    keep: Keep = "raw"


UNKNOWN = Expectation()
"""Of a point that the site no longer has, and of one that it does not have yet."""


def expectation_of(profile: Profile, name: str) -> Expectation:
    shown = profile.shown(name)
    assert shown is not None
    group = profile.group_of(name)
    point = profile.points.get(name)
    is_counter = shown.kind == "counter"
    hold_s = COMPUTED_HOLD_S
    if group is not None:
        # told again after max_silence at the latest; by then the next poll, or its failure, is known
        hold_s = profile.poll_groups[group].stale_after + (point.max_silence if point is not None else 0.0)
    return Expectation(
        hold_s=hold_s,
        is_counter=is_counter,
        rollover=_rollover(point) if is_counter and point is not None else None,
        keep=shown.history,
    )


def _rollover(point: Point) -> float | None:
    if point.rollover is not None:
        return point.rollover
    codes = counts_to(point.type)
    return None if codes is None else codes * abs(point.scale)
