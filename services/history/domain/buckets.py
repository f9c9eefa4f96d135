"""Time in equal pieces, and what a point was worth in each: nothing that stood in a piece is outside its min and max.

Pure. The mean is weighted by time, since points are told by exception; `good_s` says of how much of the piece it
speaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.history.domain.counter import gains
from services.history.domain.expectation import Expectation
from services.history.domain.rows import Flags, Floats, Ints, Rows, with_none
from services.history.domain.stretches import Span, Stretches, stretches

WIDTHS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Buckets:
    """A piece a row, in their order; pieces of which nothing is known at all are left out.

    `min` to `last` are not a number where no good value stood. `count`: readings told in it, bad ones too. `gain`: by
    how much a counter grew in it; not a number for all else. `resets`: how often it began anew.
    """

    start_us: Ints
    min: Floats
    max: Floats
    mean: Floats
    last: Floats
    count: Ints
    good_s: Floats
    gain: Floats
    resets: Ints

    def __len__(self) -> int:
        return len(self.start_us)

    def columns(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in COLUMNS)

    def where(self, chosen: Flags) -> Buckets:
        return Buckets(*(column[chosen] for column in self.columns()))

    def in_order(self) -> Buckets:
        order = np.argsort(self.start_us, kind="stable")
        return Buckets(*(column[order] for column in self.columns()))


COLUMNS = ("start_us", "min", "max", "mean", "last", "count", "good_s", "gain", "resets")


_WHOLE = ("start_us", "count", "resets")


def buckets_of(records: Sequence[Sequence[Any]]) -> Buckets:
    """Of rows of a table, by COLUMNS."""
    columns = list(zip(*records, strict=True)) or [()] * len(COLUMNS)
    arrays: dict[str, Any] = {
        name: np.array(column, np.int64 if name in _WHOLE else np.float64)
        for name, column in zip(COLUMNS, columns, strict=True)
    }
    return Buckets(**arrays)


def records_of(series: int, buckets: Buckets) -> list[tuple[Any, ...]]:
    """Rows of a table: the series, then by COLUMNS."""
    columns = [column.tolist() if column.dtype.kind == "i" else with_none(column) for column in buckets.columns()]
    return list(zip([series] * len(buckets), *columns, strict=True))


def joined(parts: Sequence[Buckets]) -> Buckets:
    return Buckets(*(np.concatenate(columns) for columns in zip(*(part.columns() for part in parts), strict=True)))


def width_s(period_s: float, buckets_max: int) -> int:
    """The narrowest usual width by which the period has no more pieces; whole days where no usual one does."""
    needed = period_s / buckets_max
    usual = next((width for width in WIDTHS_S if width >= needed), None)
    return usual if usual is not None else DAY_S * int(np.ceil(needed / DAY_S))


def bucketed(
    rows: Rows,
    good: Flags,
    manual: Flags,
    edges_us: Ints,
    expected: Expectation,
    cuts: Sequence[Span] = (),
    *,
    now_us: int | None = None,
) -> Buckets:
    """Readings of one series, with the last one before the first edge if there is any, in the pieces between edges.

    `now_us`: nothing stands yet of what is still to come; None where all of it is past.
    """
    first_us, end_us = int(edges_us[0]), int(edges_us[-1])
    known_until_us = end_us if now_us is None else max(first_us, min(end_us, now_us))
    known = stretches(rows, good, manual, first_us, known_until_us, expected.hold_s, cuts)
    pieces = len(edges_us) - 1
    lowest, highest, mean, last, good_s = _weighed(known, edges_us)
    inside = (rows.at_us >= first_us) & (rows.at_us < end_us)
    count = np.bincount(_piece_of(rows.at_us[inside], edges_us), minlength=pieces)
    gain, resets = _gained(rows, good, edges_us, expected)
    found = Buckets(edges_us[:-1], lowest, highest, mean, last, count, good_s, gain, resets)
    return found.where((count > 0) | (good_s > 0))


def regrouped(fine: Buckets, edges_us: Ints) -> Buckets:
    """Pieces put together to wider ones; each of them lies within one."""
    pieces = len(edges_us) - 1
    if not len(fine):
        return fine
    at = _piece_of(fine.start_us, edges_us)
    known = fine.good_s > 0
    lowest, highest = np.full(pieces, np.inf), np.full(pieces, -np.inf)
    np.minimum.at(lowest, at[known], fine.min[known])
    np.maximum.at(highest, at[known], fine.max[known])
    good_s = _sums(at, fine.good_s, pieces)
    weighed = _sums(at[known], fine.mean[known] * fine.good_s[known], pieces)
    last = np.full(pieces, np.nan)
    last[at[known]] = fine.last[known]  # of several the last one stays
    counts = ~np.isnan(fine.gain)
    gain = _sums(at[counts], fine.gain[counts], pieces)
    gain[np.bincount(at[counts], minlength=pieces) == 0] = np.nan
    found = Buckets(
        edges_us[:-1],
        np.where(good_s > 0, lowest, np.nan),
        np.where(good_s > 0, highest, np.nan),
        np.divide(weighed, good_s, out=np.full(pieces, np.nan), where=good_s > 0),
        last,
        _sums(at, fine.count, pieces).astype(np.int64),
        good_s,
        gain,
        _sums(at, fine.resets, pieces).astype(np.int64),
    )
    return found.where(np.bincount(at, minlength=pieces) > 0)


def _weighed(known: Stretches, edges_us: Ints) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Min, max, mean and last of the numbers that stood in each piece, and for how many seconds they did."""
    pieces = len(edges_us) - 1
    # a stretch that lies in several pieces is cut at their edges
    first = np.searchsorted(edges_us, known.from_us, "right") - 1
    beyond = np.searchsorted(edges_us, known.to_us, "left")
    parts = beyond - first
    of = np.repeat(np.arange(len(known)), parts)
    at = np.arange(len(of)) - np.repeat(np.cumsum(parts) - parts, parts) + np.repeat(first, parts)
    seconds = (np.minimum(known.to_us[of], edges_us[at + 1]) - np.maximum(known.from_us[of], edges_us[at])) / 1e6
    value = known.value[of]
    good_s = _sums(at, seconds, pieces)
    number = ~np.isnan(value)
    at, value, seconds = at[number], value[number], seconds[number]
    lowest, highest, last = (np.full(pieces, each) for each in (np.inf, -np.inf, np.nan))
    np.minimum.at(lowest, at, value)
    np.maximum.at(highest, at, value)
    last[at] = value
    told_s = _sums(at, seconds, pieces)
    mean = np.divide(_sums(at, seconds * value, pieces), told_s, out=np.full(pieces, np.nan), where=told_s > 0)
    mean = np.clip(mean, lowest, highest)  # of equal values it is that value, whatever rounding says
    there = told_s > 0
    return (
        np.where(there, lowest, np.nan),
        np.where(there, highest, np.nan),
        np.where(there, mean, np.nan),
        last,
        good_s,
    )


def _gained(rows: Rows, good: Flags, edges_us: Ints, expected: Expectation) -> tuple[Floats, Ints]:
    pieces = len(edges_us) - 1
    none, nowhere = np.full(pieces, np.nan), np.zeros(pieces, np.int64)
    usable = good & ~np.isnan(rows.value)
    if not expected.is_counter or not usable.any():
        return none, nowhere
    grown, reset = gains(rows.value[usable], expected.rollover)
    at_us = rows.at_us[usable]
    inside = (at_us >= edges_us[0]) & (at_us < edges_us[-1])
    at = _piece_of(at_us[inside], edges_us)
    gain = _sums(at, grown[inside], pieces)
    gain[np.bincount(at, minlength=pieces) == 0] = np.nan
    return gain, _sums(at, reset[inside], pieces).astype(np.int64)


def _sums(at: Ints, weights: Any, pieces: int) -> Floats:
    return np.bincount(at, weights, pieces).astype(np.float64)  # of nothing it would be whole numbers


def _piece_of(at_us: Ints, edges_us: Ints) -> Ints:
    return np.searchsorted(edges_us, at_us, "right") - 1
