"""Water on a road: how much stands there, by the surveyed table of depth and volume. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.report.curve import Curve, rises

Table = Sequence[tuple[float, float]]
"""Depth in m and volume in m3, both ascending, from 0 and 0."""
RISE_M_MIN = 0.01
"""What a meter moves by itself is no water."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`standing_m3`: the most that stood there at one time; `inflow_m3`: what ran in by all rises of the water, at
    least. `beyond`: it stood deeper than the table goes, and more than told.
    """

    standing_m3: float
    inflow_m3: float
    beyond: bool


def volume_m3(table: Table, depth_m: float) -> float:
    """Between two lines of the table by their straight line; beyond its end, its end."""
    at = bisect_right([line[0] for line in table], depth_m)
    if depth_m <= 0 or at == 0:
        return 0.0
    if at == len(table):
        return table[-1][1]
    (depth, volume), (depth_after, volume_after) = table[at - 1], table[at]
    return volume + (volume_after - volume) * (depth_m - depth) / (depth_after - depth)


def standing(curve: Curve, table: Table) -> Standing | None:
    """None when nothing is known of the depth."""
    peak = curve.peak()
    if peak is None:
        return None
    turns = _turns([depth for piece in curve.pieces for depth in _in_order(piece.low, piece.high)])
    most = volume_m3(table, peak[0])
    return Standing(most, rises([volume_m3(table, depth) for depth in turns]), peak[0] > table[-1][0])


def _in_order(low: float, high: float) -> tuple[float, ...]:
    return (high,) if low == high else (low, high)


def _turns(depths: Sequence[float]) -> list[float]:
    """Where the water turned, without what a meter moves by itself."""
    found: list[float] = []
    for depth in depths:
        if not found:
            found.append(depth)
        elif len(found) > 1 and (depth - found[-1]) * (found[-1] - found[-2]) >= 0:
            found[-1] = depth
        elif abs(depth - found[-1]) >= RISE_M_MIN:
            found.append(depth)
    return found
