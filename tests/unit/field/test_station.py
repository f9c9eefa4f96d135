"""What a station reports, in its image: only what is newest and fresh says how things are, the rest keeps its time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import FakeClock
from shared.contracts.field import Report, ReportedValue
from shared.contracts.message import Scalar
from shared.documents import MalformedDocument, parse_document
from shared.field.image import ControllerImage
from shared.field.profile_load import resolve
from shared.field.station import REPORTS_KNOWN_MAX, Station, Taken

PROFILE = """\
profile: profile/v1
id: station
version: 1.0.0
trade: flood
title: {zh: 站, en: Station}
reports: {adapter: sl651, drift: drift}
poll_groups:
  timed: {every: 300s, stale_after: 900s}
  hourly: {every: 3600s, stale_after: 7500s}
reported:
  level: {elements: ["39", F5], unit: m, valid: [0, 10], poll: timed}
  rain: {elements: [F4], unit: mm, poll: hourly}
computed:
  drift: {unit: s}
"""


class Desk:
    def __init__(self) -> None:
        self.clock = FakeClock()
        profile = resolve(parse_document(PROFILE, "station.yaml"), {})
        self.image = ControllerImage("station", profile, dict.fromkeys(profile.names, "river"))
        self.station = Station(self.image, self.clock)
        self._number = 0

    def report(
        self, *values: tuple[str, float, Scalar], quality: str = "good", sent_s: float = 0.0, number: int = 0,
        waits_s: float = 0.0,
    ) -> Taken:  # fmt: skip
        """`values`: element, how many seconds ago, value. `sent_s`: how far ahead the station's clock is.

        `waits_s`: how long the report waits for its owner.
        """
        self._number += 1
        now = self.clock.now()
        observed = tuple(
            ReportedValue(element=element, value=value, quality=quality, taken_at=now - timedelta(seconds=ago_s))
            for element, ago_s, value in values
        )
        identity, sent_at = str(number or self._number), now + timedelta(seconds=sent_s)
        report = Report(station="0012345678", identity=identity, sent_at=sent_at, values=observed)
        self.clock.advance(waits_s)
        return self.station.take(report, now.timestamp())

    def level(self) -> Scalar:
        return self.image.known(self.image.index["level"], self.clock.now_s())


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_value_stands_with_the_time_at_which_it_was_observed(desk: Desk) -> None:
    taken = desk.report(("39", 40, 1.5))
    at = desk.image.index["level"]
    assert (1.5, "good", desk.clock.now_s() - 40) == (desk.level(), desk.image.quality(at), desk.image.taken_s(at))
    assert ({"timed": [at]}, []) == (taken.changed, taken.backfill)


def test_unchanged_value_is_told_again_for_its_new_time(desk: Desk) -> None:
    desk.report(("39", 0, 1.5))
    desk.image.requalified.clear()
    desk.clock.advance(300)
    desk.report(("39", 0, 1.5))
    assert [desk.image.index["level"]] == list(desk.image.requalified)


def test_value_goes_stale_when_no_other_comes(desk: Desk) -> None:
    desk.report(("39", 0, 1.5))
    desk.clock.advance(901)
    assert desk.level() is None
    assert not desk.station.online


def test_silent_station_is_patiently_waited_for_after_a_start(desk: Desk) -> None:
    desk.clock.advance(899)
    assert desk.station.online


@pytest.mark.parametrize("ago_s", [301.0, 4000.0, -121.0])
def test_what_is_not_of_now_is_kept_with_its_time_and_changes_nothing(desk: Desk, ago_s: float) -> None:
    desk.report(("39", 300, 1.5))
    taken = desk.report(("39", ago_s, 9.0))
    (row,) = taken.backfill
    at_us = round((desk.clock.now() - timedelta(seconds=ago_s)).timestamp() * 1e6)
    assert ("river", "level", 9.0, "good.backfill", at_us, at_us) == row
    assert (1.5, {}) == (desk.level(), taken.changed)


def test_report_that_comes_again_changes_nothing(desk: Desk) -> None:
    desk.report(("39", 60, 1.5), number=7)
    again = desk.report(("39", 30, 2.5), number=7)
    assert ({}, [], 1) == (again.changed, again.backfill, desk.station.counts.duplicates)
    assert 1.5 == desk.level()


def test_memory_of_reports_is_bounded(desk: Desk) -> None:
    for number in range(1, REPORTS_KNOWN_MAX + 2):
        desk.report(number=number)
    desk.report(number=1)
    assert 0 == desk.station.counts.duplicates, "the first was forgotten for the last"


def test_value_that_was_told_in_another_report_is_not_kept_twice(desk: Desk) -> None:
    desk.report(("39", 300, 1.4))
    desk.clock.advance(60)
    taken = desk.report(("F5", 360, 1.4), ("F5", 0, 1.6))
    assert ([], 1.6) == (taken.backfill, desk.level())


def test_of_the_values_of_an_hour_the_newest_stands_and_the_others_are_kept(desk: Desk) -> None:
    taken = desk.report(*(("F4", 300.0 * ago, float(ago)) for ago in range(11, -1, -1)))
    assert [float(ago) for ago in range(11, 0, -1)] == [row.value for row in taken.backfill]
    assert 0.0 == desk.image.value(desk.image.index["rain"])


_moments = st.lists(st.tuples(st.integers(-30, 200), st.booleans()), min_size=1, max_size=30)
"""Reports by how many minutes ago their value was observed, and whether a minute passes before."""


@given(sent=_moments)
def test_each_value_is_told_once_with_its_time_and_the_newest_of_now_stands(sent: list[tuple[int, bool]]) -> None:
    desk, at = Desk(), 0
    told: list[float] = []
    observed: set[float] = set()
    for number, (minutes, passes) in enumerate(sent):
        desk.clock.advance(60.0 * passes)
        before = desk.image.taken_s(at)
        taken = desk.report(("39", 60.0 * minutes, float(number % 9)))
        taken_at_s = desk.clock.now_s() - 60.0 * minutes
        observed.add(taken_at_s)
        told += [row.taken_us / 1e6 for row in taken.backfill]
        if taken.changed:
            stands_s = desk.image.taken_s(at)
            assert stands_s is not None
            told.append(stands_s)
            assert before is None or stands_s > before
            assert -120.0 <= desk.clock.now_s() - stands_s <= 900.0
        else:
            assert before == desk.image.taken_s(at)
    assert sorted(observed) == sorted(told)


@pytest.mark.parametrize(
    ("value", "quality", "expected"),
    [
        (11.0, "good", (11.0, "uncertain.out_of_range")),
        (None, "bad.sensor_fault", (None, "bad.sensor_fault")),
    ],
)
def test_value_that_cannot_be_is_not_known(
    desk: Desk, value: Scalar, quality: str, expected: tuple[Scalar, str]
) -> None:
    desk.report(("39", 0, value), quality=quality)
    at = desk.image.index["level"]
    assert expected == (desk.image.value(at), desk.image.quality(at))
    assert desk.level() is None


def test_element_of_no_point_is_passed_over(desk: Desk) -> None:
    assert {} == desk.report(("20", 0, 1.0)).changed


@pytest.mark.parametrize(
    ("values", "expected"),
    [((("39", 0.0, 1.0),), 75.0), ((), 75.0), ((("39", 5000.0, 1.0),), None)],
    ids=["a report of now", "a sign of life", "a report from the station's memory"],
)
def test_clock_is_judged_by_what_was_sent_now(
    desk: Desk, values: tuple[tuple[str, float, Scalar], ...], expected: float | None
) -> None:
    assert expected == desk.report(*values, sent_s=75.0).drift_s


def test_what_a_silent_station_did_not_keep_is_a_gap_once_it_speaks_of_now(desk: Desk) -> None:
    desk.report(("39", 0, 1.0))
    began_s = desk.clock.now_s()
    desk.clock.advance(7200)
    kept = [desk.report(("39", 7200.0 - minutes * 60, 1.0)) for minutes in (5, 10, 15, 60, 65)]
    assert [[]] * 5 == [each.gaps for each in kept], "more may come from its memory"
    assert [(began_s + 15 * 60, began_s + 60 * 60), (began_s + 65 * 60, began_s + 7200)] == desk.report(
        ("39", 0, 1.0)
    ).gaps
    desk.clock.advance(300)
    assert [] == desk.report(("39", 0, 1.0)).gaps, "told once"


def test_whatever_order_memory_comes_in_nothing_is_missing_of_what_it_kept(desk: Desk) -> None:
    desk.report(("39", 0, 1.0))
    desk.clock.advance(7200)
    for minutes in (60, 115, 30, 90, 45, 15, 75, 105, 100):
        desk.report(("39", 7200.0 - minutes * 60, 1.0))
    assert [] == desk.report(("39", 0, 1.0)).gaps


def test_report_that_waited_for_its_owner_tells_nothing_wrong_of_the_clock(desk: Desk) -> None:
    assert 75.0 == desk.report(("39", 0, 1.0), sent_s=75.0, waits_s=600).drift_s
    desk.clock.advance(301)
    assert not desk.station.online, "it was heard when the report arrived"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("reports: {adapter: sl651, drift: drift}\n", "", "modbus, or reports"),
        ("adapter: sl651", "adapter: modbus", "do not report by themselves"),
        ("adapter: sl651", "adapter: none", "installed: modbus, sl651"),
        ("drift: drift}", "drift: level}", "a computed point"),
        ('"39"', '"3G"', "elements of sl651"),
        ("poll: hourly", "poll: daily", "a poll group"),
        ("reports:", "modbus: {address_base: 0}\nreports:", "modbus, or reports"),
        ("computed:", "points: {p: {table: coil, address: 1, type: bool, poll: timed}}\ncomputed:", "and not both"),
        ("computed:", "identity: [{point: level, equals: 1}]\ncomputed:", "never written to"),
        ("  drift: {unit: s}", "  drift: {unit: s}\n  level: {unit: m}", "a name of its own"),
    ],
)
def test_profile_of_two_minds_is_refused(old: str, new: str, expected: str) -> None:
    assert old in PROFILE
    with pytest.raises(MalformedDocument) as refused:
        resolve(parse_document(PROFILE.replace(old, new, 1), "station.yaml"), {})
    assert expected in str(refused.value)
