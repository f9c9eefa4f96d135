"""What a healthy device would show: values at which no condition stands and commands may be given. Pure.

Every condition wants to be false and every interlock to be true; each wish narrows what the points may be, those with
the fewest points first. A wish that contradicts an earlier one is left out: a pump cannot both run and stand.
"""

from __future__ import annotations

import ast
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from shared.contracts.message import Scalar
from shared.field.expression import Expression, syntax
from shared.field.profile import Point, Profile
from shared.field.profile_lint.reach import Box, Interval, places
from shared.field.profile_lint.value_ranges import box_of, type_range, written_range

_SPAN_DEFAULT = (0.0, 100.0)
_COUNTER_PER_S = 1.0
"""A counter moves by this many of its raw units a second."""
_PERIODS_S = (40.0, 90.0)
"""How long a measured value takes to swing once, shortest and longest."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How a point moves by itself: around `centre` by `swing`, and up by `per_s` until it rolls over."""

    centre: Scalar
    swing: float = 0.0
    period_s: float = 60.0
    per_s: float = 0.0
    rolls_at: float = math.inf

    def at(self, seconds: float) -> Scalar:
        if not (self.swing or self.per_s) or isinstance(self.centre, str) or self.centre is None:
            return self.centre
        if self.per_s:
            return (self.centre + math.floor(seconds) * self.per_s) % self.rolls_at
        return self.centre + math.sin(2 * math.pi * seconds / self.period_s) * self.swing


def motions(profile: Profile) -> dict[str, Motion]:
    """How each point of the device stands and moves while nobody touches it."""
    box = normal_box(profile)
    ticking = {name for expression in _expressions(profile) for name in _moving_names(expression)}
    identity = {each.point: each.equals for each in profile.identity}
    return {
        name: Motion(identity[name]) if name in identity else _motion(name, point, box, name in ticking)
        for name, point in profile.points.items()
    }


def normal_box(profile: Profile) -> Box:
    """What the points may be when all is well, and nothing was switched on yet."""
    wishes = [(condition.when, False) for condition in profile.conditions.values()]
    for command in profile.commands.values():
        wishes += [(requirement.expr, True) for requirement in command.require]
    wishes.sort(key=lambda wish: len(wish[0].points))
    wishes += [
        (command.verify.expression, False)
        for command in profile.commands.values()
        if command.inverse is not None and command.write.value
    ]
    box: Box = box_of(profile)
    for expression, wanted in wishes:
        found = places(syntax(expression.text), wanted, box)
        box = found[0] if found else box
    return box


def value_where(
    profile: Profile, command: str, written: Scalar, values: Mapping[str, Scalar], *, holds: bool
) -> Scalar:
    """A value of a command's feedback point at which its proof holds (or not), the present one if it does; else None.

    `written` is what the master wrote, as the point's value.
    """
    spec = profile.commands[command]
    verify = spec.verify
    box = box_of(profile)
    param = written_range(spec) if written is None or isinstance(written, str) else Interval(written, written)
    found = places(syntax(verify.expression.text), holds, {**box, "param": param})
    base = box.get(verify.point)
    if not found or base is None:
        return None
    return _inside(found[0].get(verify.point, base), base, values.get(verify.point))


def _inside(wanted: Interval, base: Interval, present: Scalar) -> Scalar:
    for candidate in (present, 0.0):
        if isinstance(candidate, bool | int | float) and wanted.low <= candidate <= wanted.high:
            return candidate
    span = wanted.high - wanted.low
    if not math.isfinite(span):
        near = wanted.low if math.isfinite(wanted.low) else wanted.high
        return near + (1.0 if math.isfinite(wanted.low) else -1.0) * max(1.0, 0.1 * abs(near))
    if wanted.whole:
        return wanted.low
    if span <= 0.2 * (base.high - base.low):
        return wanted.low + span / 2
    from_below = wanted.low > base.low
    return wanted.low + 0.05 * span if from_below else wanted.high - 0.05 * span


def _motion(name: str, point: Point, box: Box, ticks: bool) -> Motion:
    if point.type == "string":
        return Motion("SIMULATED"[: point.length])
    if ticks:
        return Motion(0.0, per_s=abs(point.scale), rolls_at=_rolls_at(point))
    allowed = box[name]
    if point.type in ("bool", "bits32"):
        return Motion(allowed.low if allowed.low > 0 else 0)
    seed = zlib.crc32(name.encode())
    if point.kind == "counter":
        start = point.scale * (1000 + seed % 9000)
        return Motion(start, per_s=_COUNTER_PER_S * abs(point.scale), rolls_at=_rolls_at(point))
    if point.kind != "measure":
        return Motion(_standing(point, allowed))
    low, high = _window(point, allowed)
    shortest, longest = _PERIODS_S
    period_s = shortest + seed % 1000 / 1000 * (longest - shortest)
    swing = (high - low) / 8
    if point.rate_max is not None:
        swing = min(swing, point.rate_max * period_s / (4 * math.pi))
    return Motion((low + high) / 2, swing, period_s)


def _rolls_at(point: Point) -> float:
    """Where a counting register begins again."""
    held = type_range(point)
    return math.inf if held is None else held.high + abs(point.scale)


def _standing(point: Point, allowed: Interval) -> float:
    """A status or a set-point: the first of its labels that is allowed, or the middle of its valid range."""
    for code in point.labels or {}:
        if allowed.low <= code <= allowed.high:
            return code
    if point.kind == "setpoint" and point.valid is not None:
        return (max(allowed.low, point.valid[0]) + min(allowed.high, point.valid[1])) / 2
    return min(max(0.0, allowed.low), allowed.high)


def _window(point: Point, allowed: Interval) -> tuple[float, float]:
    """Where a measured value moves: what is allowed, within its bar on a screen or its valid range."""
    low, high = point.range or point.valid or _SPAN_DEFAULT
    if point.limits is not None and point.limits.l is not None:
        low = max(low, point.limits.l)
    narrowed = max(low, allowed.low), min(high, allowed.high)
    if narrowed[0] <= narrowed[1]:
        return narrowed
    near = allowed.low if math.isfinite(allowed.low) else allowed.high
    return near, near


def _expressions(profile: Profile) -> list[Expression]:
    found = [condition.when for condition in profile.conditions.values()]
    return found + [each.expr for command in profile.commands.values() for each in command.require]


def _moving_names(expression: Expression) -> list[str]:
    """Points of which somebody asks whether they changed lately: heartbeats."""
    return [
        node.args[0].id
        for node in ast.walk(syntax(expression.text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "changed_within"
        if isinstance(node.args[0], ast.Name)
    ]
