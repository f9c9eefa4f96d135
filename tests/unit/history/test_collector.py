"""From frames to rows of the archive."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from services.history.archive.collector import Batch, Collector, Known, Series
from services.history.domain.expectation import Expectation
from services.history.domain.rows import Rows
from shared.bus.frames import Numbers
from tests.integration.history.archives import at, frame

POINTS = ("level", "running", "starts")


def collector(known: Known | None = None, **keep: Any) -> Collector:
    return Collector(known or Known(), lambda _asset, point: Expectation(keep=keep.get(point, "raw")))


def told(batch: Batch, rows: Rows | None = None) -> list[tuple[int, float, float | None]]:
    """(series, seconds, value)"""
    chosen = batch.rows if rows is None else rows
    return [
        (series, (at_us - at(0)) / 1e6, None if math.isnan(value) else value)
        for series, at_us, value in zip(
            chosen.series.tolist(), chosen.at_us.tolist(), chosen.value.tolist(), strict=True
        )
    ]


def numbers(seconds: float, *values: float, told: bytes = b"", asset: Any = "well") -> Numbers:
    return Numbers(POINTS, "fbi", asset, at(seconds), told, np.array(values, "<f8").tobytes())


def test_tables_and_groups_become_rows_of_the_same_series() -> None:
    found = collector()
    found.add(frame(1, [("level", 2.0, 1.5, "good")], numbers=[numbers(1, 1.25, 1, 7), numbers(3, 1.75, told=b"\x80")]))
    batch = found.taken()
    assert [(0, 1.0, 1.25), (0, 2.0, 1.5), (0, 3.0, 1.75), (1, 1.0, 1.0), (2, 1.0, 7.0)] == told(batch)
    assert [
        Series(0, ("well", "level"), "f"),
        Series(1, ("well", "running"), "b"),
        Series(2, ("well", "starts"), "i"),
    ] == (batch.new_series)
    assert {"good": 0} == batch.new_qualities


def test_points_of_one_controller_may_belong_to_several_assets() -> None:
    found = collector()
    found.add(frame(1, numbers=[numbers(1, 1.0, 0, 2, asset=["well", "well", "pump"])]))
    assert ("pump", "starts") == found.taken().new_series[2].key


def test_a_bad_value_begins_where_the_last_good_one_was_confirmed() -> None:
    found = collector()
    found.add(frame(1, [("level", 10.0, 1.0, "good"), ("flow", -1, None, "bad.not_connected")], sent_s=31.0))
    found.add(frame(2, [("level", 30.0, None, "bad.timeout")], sent_s=32.0))
    found.add(frame(3, [("level", 30.0, None, "bad.timeout"), ("flow", -1, None, "bad.not_connected")], sent_s=92.0))
    batch = found.taken()
    assert [(0, 10.0, 1.0), (0, 30.000001, None), (1, 31.0, None), (1, 92.0, None)] == told(batch)
    found.add(frame(4, [("level", 30.0, None, "bad.timeout")], sent_s=152.0))
    again = found.taken()
    assert ([], []) == (told(again), told(again, again.late))  # nothing new was said


def test_what_is_older_than_what_is_there_is_late() -> None:
    found = collector(Known({("well", "level"): Series(0, ("well", "level"), "f")}, {"good": 0}, {0: at(100)}))
    found.add(
        frame(1, [("level", 40.0, 0.5, "good.backfill"), ("level", 101.0, 1.0, "good"), ("level", 100.0, 2.0, "good")])
    )
    batch = found.taken()
    assert [(0, 101.0, 1.0)] == told(batch)
    assert [(0, 40.0, 0.5), (0, 100.0, 2.0)] == told(batch, batch.late)


def test_of_several_values_for_one_moment_the_last_one_counts() -> None:
    found = collector()
    found.add(frame(1, [("level", 1.0, 1.0, "good")]))
    found.add(frame(2, [("level", 1.0, 2.0, "good")]))
    assert [(0, 1.0, 2.0)] == told(found.taken())


def test_words_are_kept() -> None:
    found = collector()
    found.add(
        frame(1, [("version", 1.0, "V1.2", "good"), ("level", 1.0, 1.0, "good"), ("version", 2.0, "V1.3", "good")])
    )
    batch = found.taken()
    assert ["V1.2", "V1.3"] == [batch.rows.texts[row] for row in sorted(batch.rows.texts)]
    assert "s" == batch.new_series[0].kind


def test_a_profile_says_what_is_kept() -> None:
    found = collector(level="1m", flow="none")
    rows = [("level", float(second), float(second), "good") for second in range(0, 150, 10)]
    found.add(frame(1, [*rows, ("flow", 1.0, 1.0, "good")]))
    assert [0.0, 60.0, 120.0] == [seconds for _, seconds, _ in told(found.taken())]
    found.add(
        frame(2, [("level", 150.0, 1.0, "good"), ("level", 151.0, None, "bad.timeout"), ("level", 180.0, 2.0, "good")])
    )
    assert [151.000001, 180.0] == [seconds for _, seconds, _ in told(found.taken())]
