"""Rollups against the same done second by second, and what they keep of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.history.domain.buckets import Buckets, bucketed, regrouped, width_s
from services.history.domain.counter import gains
from services.history.domain.expectation import Expectation
from services.history.domain.rows import Rows
from services.history.domain.stretches import gaps, stretches

S = 1_000_000
GOOD, BAD, MANUAL = 0, 1, 2
HOLD_S = 7.0
PERIOD_S = 60

tellings = st.lists(
    st.tuples(st.integers(-10, PERIOD_S - 1), st.sampled_from([GOOD, GOOD, GOOD, BAD, MANUAL]), st.integers(-5, 5)),
    unique_by=lambda each: each[0],
    max_size=25,
).map(sorted)
cuttings = st.lists(st.tuples(st.integers(0, PERIOD_S), st.integers(1, 20)), max_size=2)


def rows_of(told: list[tuple[int, int, float]]) -> Rows:
    at, quality, value = zip(*told, strict=True) if told else ((), (), ())
    values = [math.nan if code == BAD else each for code, each in zip(quality, value, strict=True)]
    return Rows(
        np.zeros(len(told), np.int32), np.array(at, np.int64) * S, np.array(values, float), np.array(quality, np.int16)
    )


def pieces(told: list[tuple[int, int, float]], width: int, cuts: list[tuple[int, int]], **expected: Any) -> Buckets:
    rows = rows_of(told)
    edges = np.arange(0, PERIOD_S + 1, width) * S
    spans = [(begin * S, (begin + length) * S) for begin, length in cuts]
    return bucketed(
        rows, rows.quality != BAD, rows.quality == MANUAL, edges, Expectation(hold_s=HOLD_S, **expected), spans
    )  # type: ignore[arg-type]


def stood(told: list[tuple[int, int, float]], cuts: list[tuple[int, int]], second: int) -> float | None:
    """What was worth something in [second, second + 1)."""
    before = [each for each in told if each[0] <= second]
    if not before:
        return None
    at, quality, value = before[-1]
    if quality == BAD or (quality == GOOD and second - at >= HOLD_S):
        return None
    return None if any(at <= begin <= second for begin, _ in cuts) else value


@given(tellings, cuttings, st.sampled_from([1, 5, 12, 30, 60]))
def test_a_piece_says_what_stood_in_it_and_for_how_long(
    told: list[tuple[int, int, float]], cuts: list[tuple[int, int]], width: int
) -> None:
    found = pieces(told, width, cuts)
    by_start = {start // S: at for at, start in enumerate(found.start_us.tolist())}
    for start in range(0, PERIOD_S, width):
        values = [value for s in range(start, start + width) if (value := stood(told, cuts, s)) is not None]
        count = sum(1 for each in told if start <= each[0] < start + width)
        at = by_start.get(start)
        if at is None:
            assert (0, []) == (count, values)
            continue
        assert (count, len(values)) == (found.count[at], found.good_s[at])
        if values:
            assert (min(values), max(values), values[-1]) == (found.min[at], found.max[at], found.last[at])
            assert sum(values) / len(values) == pytest.approx(found.mean[at])
        else:
            assert np.isnan([found.min[at], found.max[at], found.mean[at], found.last[at]]).all()


@given(tellings, st.booleans())
def test_wide_pieces_are_the_narrow_ones_put_together(told: list[tuple[int, int, float]], counts: bool) -> None:
    edges = np.arange(0, PERIOD_S + 1, 20) * S
    wide = pieces(told, 20, [], is_counter=counts)
    again = regrouped(pieces(told, 2, [], is_counter=counts), edges)
    assert wide.start_us.tolist() == again.start_us.tolist()
    for name in ("min", "max", "mean", "last", "count", "good_s", "gain", "resets"):
        np.testing.assert_allclose(getattr(wide, name), getattr(again, name), rtol=1e-9, atol=1e-9, err_msg=name)


@given(tellings, cuttings)
def test_a_moment_is_either_known_or_in_a_gap(told: list[tuple[int, int, float]], cuts: list[tuple[int, int]]) -> None:
    rows = rows_of(told)
    spans = [(begin * S, (begin + length) * S) for begin, length in cuts]
    known = stretches(rows, rows.quality != BAD, rows.quality == MANUAL, 0, PERIOD_S * S, HOLD_S, spans)
    missing = gaps(known, 0, PERIOD_S * S)
    for second in range(PERIOD_S):
        in_gap = any(begin <= second * S < end for begin, end in missing)
        assert in_gap == (stood(told, cuts, second) is None)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=30), st.integers(0, 65_535))
@settings(max_examples=200)
def test_a_counter_that_comes_round_has_grown_by_what_it_counted(steps: list[int], begin: int) -> None:
    true = np.cumsum([begin, *steps]).astype(float)
    shown = true % 65_536
    gained, reset = gains(shown, 65_536.0)
    assert not reset.any()
    assert gained.sum() == true[-1] - true[0]


def test_a_counter_that_began_anew_has_counted_what_it_shows() -> None:
    gained, reset = gains(np.array([1000.0, 1010.0, 3.0, 5.0]), 65_536.0)
    assert [0, 10, 3, 2] == gained.tolist()
    assert [False, False, True, False] == reset.tolist()


def test_a_counter_grows_where_it_is_read_again() -> None:
    found = pieces(
        [(-5, GOOD, 100), (1, GOOD, 104), (8, BAD, 0), (45, GOOD, 110), (50, GOOD, 2)], 30, [], is_counter=True
    )
    assert [4.0, 8.0] == found.gain.tolist()
    assert [0, 1] == found.resets.tolist()


@pytest.mark.parametrize(
    ("period_s", "pieces_max", "width"),
    [
        (600, 600, 1),
        (86_400, 1000, 120),
        (86_400, 1440, 60),
        (365 * 86_400, 1000, 43_200),
        (20 * 365 * 86_400, 1000, 8 * 86_400),
    ],
)
def test_pieces_are_as_narrow_as_may_be(period_s: int, pieces_max: int, width: int) -> None:
    assert width == width_s(period_s, pieces_max)
