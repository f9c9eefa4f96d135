"""What a report makes of curves: sums, runs, volumes, and what is not known."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.api.shapes import Words
from gateway.report import depth, document, gantt, rain
from gateway.report.curve import Curve, Growth, curve_of
from gateway.report.storm import Material, Measured, compose
from gateway.report.storm_page import storm_html
from shared.messages import LANGUAGES

S = 1_000_000
H = 3600 * S
ROAD = [(step / 20, (step / 20) ** 2 * 350) for step in range(21)]


def told(
    samples: list[tuple[int, Any, str]] | list[tuple[int, Any]], gaps: list[tuple[int, int, str]] | None = None
) -> dict[str, Any]:
    rows = [(*row, "good")[:3] for row in samples]
    columns = {name: [row[at] for row in rows] for at, name in enumerate(("at_us", "value", "quality"))}
    return {"samples": columns, "buckets": None, "width_us": 0, "gaps": [list(gap) for gap in gaps or []]}


def test_a_value_stands_until_the_next_one_but_for_gaps() -> None:
    curve = curve_of(told([(-5 * S, 2.0), (10 * S, 4.0), (30 * S, 1.0)], [(20 * S, 25 * S, "link")]), 0, 40 * S)
    assert 35 == curve.known_s
    assert (4.0, 10 * S) == curve.peak()
    assert 15 == curve.above_s(3.0)
    assert 10 * S == curve.first_at(3.0)
    assert 2 * 10 + 4 * 15 + 1 * 10 == curve.integral()
    assert ["link"] == [gap.cause for gap in curve.gaps]


def test_a_bad_reading_is_no_value() -> None:
    curve = curve_of(told([(0, 3.0), (10 * S, 9.0, "bad.link"), (20 * S, None, "bad.link")]), 0, 40 * S)
    assert (10, (3.0, 0)) == (curve.known_s, curve.peak())


def test_nothing_known_has_no_peak() -> None:
    curve = curve_of(told([], [(0, 40 * S, "unknown")]), 0, 40 * S)
    assert (None, 0.0, None) == (curve.peak(), curve.known, depth.standing(curve, ROAD))


def test_pieces_keep_their_least_and_most() -> None:
    columns = {
        "start_us": [-60 * S, 0, 60 * S],
        "min": [0.0, 1.0, None],
        "max": [9.0, 3.0, None],
        "mean": [4.0, 2.0, None],
        "gain": [8.0, 4.0, None],
    }
    curve = curve_of(
        {"samples": None, "buckets": columns, "width_us": 60 * S, "gaps": [[60 * S, 120 * S, "link"]]}, 0, 120 * S
    )
    assert (60, (3.0, 0), 30.0, [4.0]) == (
        curve.known_s,
        curve.peak(),
        curve.above_s(2.0),
        [growth.by for growth in curve.growths],
    )
    assert [(0, 1.0, 3.0), (60 * S, None, None)] == curve.thinned(2)


def test_a_counter_that_began_anew_has_counted_since_what_it_shows() -> None:
    curve = curve_of(told([(-S, 5.0), (S, 6.0), (2 * S, 0.5), (3 * S, 2.5)]), 0, 10 * S)
    assert [1.0, 0.5, 2.0] == [growth.by for growth in curve.growths]


def test_rain_is_summed_in_bars_and_in_its_highest_hours() -> None:
    growths = [Growth(at * 300 * S, 1.0 + (at == 13)) for at in range(24)]
    bars = rain.bars(growths, 0, 2 * H)
    assert (24, 25.0) == (len(bars), sum(bars))
    assert (13.0, 2) == rain.highest(bars, 12)
    assert (25.0, 0) == rain.highest(bars, 36)
    assert [7.5] == rain.bars([Growth(0, 7.5)], 0, 10 * S)


def test_six_dry_hours_end_an_event_of_rain() -> None:
    growths = [Growth(0, 1.0), Growth(5 * H, 2.0), Growth(11 * H, 0.5), Growth(12 * H, 0.5)]
    assert [(0, 5 * H, 3.0), (11 * H, 12 * H, 1.0)] == [
        (spell.from_us, spell.to_us, spell.rain_mm) for spell in rain.spells(growths)
    ]


def test_a_pump_runs_stands_or_nobody_knows() -> None:
    curve = curve_of(
        told(
            [(0, False), (10 * S, True), (40 * S, False), (60 * S, True)],
            [(30 * S, 35 * S, "device"), (50 * S, 65 * S, "link")],
        ),
        0,
        100 * S,
    )
    found = gantt.stretches(curve)
    assert ["stopped", "running", "unknown", "running", "stopped", "unknown", "running"] == [
        each.state for each in found
    ]
    assert [10 * S] == gantt.starts(found)  # whoever is found running began at a moment that nobody knows
    assert (60, 20, 20) == tuple(gantt.seconds_of(found, state) for state in ("running", "stopped", "unknown"))


def test_what_people_and_files_say_is_escaped_in_the_document() -> None:
    report = compose(material("<b>well</b>"))
    for language in LANGUAGES:
        page = storm_html(report, language)
        assert "&lt;b&gt;well&lt;/b&gt;" in page
        assert "<b>well" not in page
        assert document.words(language)["volume_none"] in page


def test_what_is_not_known_is_not_told_as_nothing() -> None:
    report = compose(material("well"))
    (pump,) = report.pumps
    assert (600.0, 0.0, 0) == (pump.unknown_s, pump.running_s, len(pump.starts))
    assert [("none", None, 0.4)] == [(each.volume, each.standing_m3, each.max) for each in report.floods]
    assert [("link", 600.0)] == [(gap.cause, (gap.end - gap.begin).total_seconds()) for gap in report.gaps]
    assert [None] == [each.start_s for each in report.lead_times]


def material(name: str) -> Material:
    """Ten minutes: a road of which the depth is known and no table given, a pump of which nobody knows anything."""
    begin = datetime(2026, 7, 29, tzinfo=UTC)
    from_us = round(begin.timestamp() * S)
    to_us = from_us + 600 * S
    words = Words(zh=name, en=name)
    wet = curve_of(told([(from_us, 0.4)]), from_us, to_us)
    dark = curve_of(told([], [(from_us, to_us, "link")]), from_us, to_us)
    head = {
        "title": words,
        "area": "town",
        "area_name": words,
        "time_zone": "Asia/Shanghai",
        "begin": begin,
        "end": begin + timedelta(minutes=10),
        "made_at": begin,
        "made_by": name,
    }
    return Material(
        head=head,
        measured=[
            Measured(role="depth", asset="well", point="road_depth", title=words, curve=wet, limits={"h": 0.27}),
            Measured(role="pump", asset="well", point="pump1_running", title=words, curve=dark),
        ],
        journal=[],
        entries=[],
        reasons={},
        names={"well": words},
        alarm_titles={},
        causes={"link": words},
        stations={"well": ["well"]},
        whole=True,
    )


moments = st.integers(-50, 1100)
readings = st.lists(
    st.tuples(moments, st.booleans(), st.sampled_from(["good", "good.manual", "bad.link"])), max_size=30
)
absences = st.lists(st.tuples(moments, moments).map(sorted), max_size=8)


def merged(spans: list[list[int]]) -> list[tuple[int, int, str]]:
    """As the history tells gaps: in their order, apart from each other."""
    found: list[tuple[int, int, str]] = []
    for begin, end in sorted(spans):
        if end <= begin:
            continue
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]), "link")
        else:
            found.append((begin, end, "link"))
    return found


@given(readings, absences)
def test_run_stand_and_unknown_make_up_the_period(rows: list[tuple[int, bool, str]], spans: list[list[int]]) -> None:
    rows = sorted(dict.fromkeys(rows), key=lambda row: row[0])
    curve = curve_of(told(rows, merged(spans)), 0, 1000)
    found = gantt.stretches(curve)
    assert (0, 1000) == (found[0].from_us, found[-1].to_us)
    assert all(a.to_us == b.from_us and a.state != b.state for a, b in pairwise(found))
    states = ("running", "stopped", "unknown")
    assert math.isclose(1000 / S, sum(gantt.seconds_of(found, state) for state in states))
    assert all(begin >= each.to_us or end <= each.from_us for each in curve.pieces for begin, end, _ in merged(spans))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_what_stood_at_most_ran_in(depths: list[float]) -> None:
    curve = curve_of(told([(at * S, value) for at, value in enumerate([0.0, *depths])]), 0, 100 * S)
    found = depth.standing(curve, ROAD)
    assert found is not None
    assert found.inflow_m3 >= found.standing_m3 - depth.volume_m3(ROAD, depth.RISE_M_MIN) - 700 * depth.RISE_M_MIN
    assert found.standing_m3 == depth.volume_m3(ROAD, max(0.0, *depths))


@pytest.mark.parametrize(
    ("deep", "expected"), [(-0.1, 0.0), (0.0, 0.0), (0.025, 0.4375), (0.05, 0.875), (1.0, 350.0), (2.0, 350.0)]
)
def test_a_volume_lies_between_the_lines_of_the_table(deep: float, expected: float) -> None:
    assert expected == pytest.approx(depth.volume_m3(ROAD, deep))


def test_two_floods_bring_more_than_the_deeper_one_holds() -> None:
    depths = [0.0, 0.2, 0.4, 0.398, 0.4, 0.1, 0.3, 0.0]
    curve: Curve = curve_of(told([(at * S, value) for at, value in enumerate(depths)]), 0, 60 * S)
    found = depth.standing(curve, ROAD)
    assert found is not None
    assert (56.0, False) == (pytest.approx(found.standing_m3), found.beyond)
    assert 56.0 + 28.0 == pytest.approx(found.inflow_m3)
