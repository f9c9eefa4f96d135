"""How the readings of a profile lie in memory: one place a point, the same for every controller that has the profile.

Columns of numbers and not an object a reading: a city has a hundred thousand of them, and what is read of many
controllers at one time is scaled, judged and compared as one array.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared.field.registers import NUMBER_FORMAT

if TYPE_CHECKING:
    from shared.field.decoding import Layout
    from shared.field.plan import Block
    from shared.field.profile import Point, Profile

Floats = NDArray[np.float64]
Codes = NDArray[np.uint16]
Kind = type[float] | type[int] | type[bool]
NEVER = float("nan")
"""A moment that never was, and a number that is not known."""
_WIDEST_SCALED = 2**53
"""Whole numbers up to here are exact in a float of 64 bits."""
_RAW_MAX = {"u16": 2**16, "i16": 2**15, "u32": 2**32, "i32": 2**31, "bits32": 2**32, "f32": 1, "f64": 1}
"""Of the numbers that are decoded together, the largest there can be; a float is as exact as it is."""
_COMPUTED_SILENCE_S = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Names, and what is the same for all controllers of a profile, by place."""

    names: tuple[str, ...]
    """What is read together stands together, by address: it is put and told as one piece."""
    index: dict[str, int]
    kinds: tuple[Kind | None, ...]
    """What a number of the column means; None where a value may be anything (text, wide integers, computed points)."""
    deadband: Floats
    silence_s: Floats
    """The longest a value may go untold."""
    stale_after_s: tuple[float | None, ...]
    layouts: dict[Block, Layout]
    """What the decoder found out about a block of the profile, for the next controller that has it too."""


def unless_nan(number: float) -> float | None:
    """None for what is not a number: not known, or never."""
    return None if number != number else number  # noqa: PLR0124 - only what is not a number differs from itself


def columns_of(profile: Profile) -> Columns:
    names = (
        *sorted(profile.points, key=lambda name: _place(profile, name)),
        *profile.reported,
        *profile.computed,
    )
    points = [profile.points.get(name) for name in names]
    groups = [profile.group_of(name) for name in names]
    return Columns(
        names=names,
        index={name: at for at, name in enumerate(names)},
        kinds=tuple(None if point is None else _kind(profile, point) for point in points),
        deadband=np.array([point.deadband if point else 0.0 for point in points]),
        silence_s=np.array([point.max_silence if point else _COMPUTED_SILENCE_S for point in points]),
        stale_after_s=tuple(None if group is None else profile.poll_groups[group].stale_after for group in groups),
        layouts={},
    )


def is_plain(profile: Profile, point: Point) -> bool:
    """Is it decoded together with others? What needs a look of its own (text, bits, BCD, codes for "no value", a
    limited rate of change, numbers too wide for a float) is not."""
    if point.table in ("coil", "discrete"):
        return True
    if point.type not in _RAW_MAX or point.nan or point.rate_max is not None:
        return False
    factor, summand, _ = point.codec(profile.modbus).scaling()
    return factor * _RAW_MAX[point.type] + abs(summand) < _WIDEST_SCALED


def _kind(profile: Profile, point: Point) -> Kind | None:
    if point.type == "bool":
        return bool
    if point.type not in NUMBER_FORMAT:
        return None
    if point.type in ("f32", "f64") or point.codec(profile.modbus).scaling()[2]:
        return float
    return None if point.type in ("u64", "i64") else int


def _place(profile: Profile, name: str) -> tuple[str, str, bool, int]:
    point = profile.points[name]
    return point.poll, point.table, not is_plain(profile, point), point.address
