"""What the points of a profile can hold, as intervals in their engineering units."""

from __future__ import annotations

import math

from shared.field.profile import CommandSpec, Point, Profile
from shared.field.profile_lint.reach import TRUTH, Interval

_RAW: dict[str, tuple[int, int]] = {
    "u16": (0, 2**16 - 1), "i16": (-(2**15), 2**15 - 1), "u32": (0, 2**32 - 1), "i32": (-(2**31), 2**31 - 1),
    "u64": (0, 2**64 - 1), "i64": (-(2**63), 2**63 - 1), "bcd16": (0, 9999), "bits32": (0, 2**32 - 1),
}  # fmt: skip
_FLOATS: dict[str, float] = {"f32": 3.4028234663852886e38, "f64": 1.7976931348623157e308}


def type_range(point: Point) -> Interval | None:
    """What its registers can hold, scaled; None for text."""
    if point.type == "string":
        return None
    if point.type == "bool":
        return TRUTH
    if point.type in _FLOATS:
        ends = [_FLOATS[point.type] * end * point.scale + point.offset for end in (-1, 1)]
        return Interval(min(ends), max(ends))
    low, high = _RAW[point.type]
    if point.type == "bits32":
        return Interval(low, high, whole=True)
    ends = sorted(round(raw * point.scale + point.offset, 12) for raw in (low, high))
    return Interval(ends[0], ends[1], whole=float(point.scale).is_integer() and float(point.offset).is_integer())


def known_range(point: Point) -> Interval | None:
    """What a known (good) value can be: `valid` within what the registers hold; None for text."""
    held = type_range(point)
    if held is None or point.valid is None:
        return held
    within = Interval(max(held.low, point.valid[0]), min(held.high, point.valid[1]), held.whole)
    return held if within.is_empty() else within


def box_of(profile: Profile) -> dict[str, Interval]:
    """Every name that expressions of this profile may use, limits among them. Computed points can be anything."""
    box = {name: known for name, point in profile.points.items() if (known := known_range(point)) is not None}
    box |= {name: Interval(*point.valid) for name, point in profile.reported.items() if point.valid is not None}
    for name in profile.names:
        for limit in ("ll", "l", "h", "hh"):
            value = profile.limit(name, limit)
            if value is not None:
                box[f"{name}.{limit}"] = Interval(value, value)
    return box


def written_range(command: CommandSpec) -> Interval:
    """What `param` can be in a command's expressions."""
    if command.write.param is not None:
        return Interval(command.write.param.min, command.write.param.max)
    if command.write.value is None:  # a clock
        return Interval(-math.inf, math.inf)
    value = float(command.write.value)
    return Interval(value, value, whole=value.is_integer())
