"""The archive with both databases, fed with frames as the stream gives them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from services.history.archive import catalogue
from services.history.archive.catalogue import Gap
from services.history.domain.expectation import Expectation
from shared.bus.frames import Frame, Numbers
from shared.database import Session
from shared.errors import Unavailable
from tests.integration.history.archives import AREA, CITY, Rig, archive_of, at, frame
from tests.waiting import eventually

LEVEL = ("well", "level")


@pytest.fixture
def rig(engine: sa.Engine) -> Iterator[Rig]:
    found = archive_of(engine)
    found.archive.writer.start()
    found.archive.writer.place()
    yield found
    found.archive.writer.stop()
    found.archive.close()
    found.database.close()


def write(rig: Rig, frames: list[Frame], first_offset: int = 0) -> None:
    """Until they are committed."""
    writer = rig.archive.writer
    for offset, each in enumerate(frames, first_offset):
        writer.on_frame(each, offset)
    last = first_offset + len(frames) - 1

    def committed() -> bool:
        writer.on_pause()
        return writer.committed.taken == last

    eventually(committed, 10)


def trend(rig: Rig, begin_s: float, end_s: float, points_max: int = 1000, **more: Any) -> dict[str, Any]:
    asked = {"asset": "well", "point": "level", "trade": "flood", "area": AREA, "controller": "rtu", **more}
    return rig.archive.read_trend(from_us=at(begin_s), to_us=at(end_s), points_max=points_max, **asked)


def samples(answer: dict[str, Any]) -> list[tuple[float, Any, str]]:
    found = answer["samples"]
    moments = [(each - at(0)) / 1e6 for each in found["at_us"]]
    return list(zip(moments, found["value"], found["quality"], strict=True))


def gaps(answer: dict[str, Any]) -> list[tuple[float, float, str]]:
    return [((begin - at(0)) / 1e6, (end - at(0)) / 1e6, cause) for begin, end, cause in answer["gaps"]]


def seconds(begin: int, end: int, every: int = 1) -> list[tuple[str, float, float, str]]:
    return [("level", float(second), math.sin(second / 100), "good") for second in range(begin, end, every)]


def roll(rig: Rig) -> None:
    for task in rig.archive.tasks:
        while task():
            pass


def test_what_was_told_is_read_as_it_was_told(rig: Rig) -> None:
    told = [
        ("level", 10.0, 1.25, "good"), ("running", 10.0, True, "good"), ("starts", 10.0, 7, "good"),
        ("version", 10.0, "V1.2", "good"), ("level", 12.0, 9.0, "uncertain.out_of_range"), ("level", 14.0, 1.5, "good"),
    ]  # fmt: skip
    write(rig, [frame(1, told, sent_s=20)])
    rig.set_now(30)
    assert [(10.0, 1.25, "good"), (12.0, 9.0, "uncertain.out_of_range"), (14.0, 1.5, "good")] == samples(
        trend(rig, 5, 30)
    )
    assert [(10.0, True, "good")] == samples(trend(rig, 5, 30, point="running"))
    assert [(10.0, 7, "good")] == samples(trend(rig, 5, 30, point="starts"))
    assert [(10.0, "V1.2", "good")] == samples(trend(rig, 5, 30, point="version"))
    assert [(5.0, 10.0, "before"), (12.0, 14.0, "uncertain.out_of_range")] == gaps(trend(rig, 5, 30))
    assert True is samples(trend(rig, 5, 30, point="running"))[0][1]


def test_a_period_begins_with_what_stood_and_ends_with_what_stands(rig: Rig) -> None:
    rig.expected[LEVEL] = Expectation(hold_s=100.0)
    write(rig, [frame(1, [("level", 10.0, 1.0, "good"), ("level", 60.0, 2.0, "good")])])
    rig.set_now(100)
    answer = trend(rig, 30, 500)
    assert [10.0, 60.0] == [moment for moment, _, _ in samples(answer)]
    assert [] == gaps(answer)  # what is still to come is not missing
    rig.set_now(200)
    assert [(160.0, 200.0, "unknown")] == gaps(trend(rig, 30, 500))


def test_a_gap_has_the_cause_that_the_owner_told(rig: Rig) -> None:
    told = [("level", 10.0, 1.0, "good"), ("level", 11.0, None, "bad.timeout"), ("level", 60.0, 2.0, "good")]
    write(rig, [frame(1, told, sent_s=12), frame(2, [("level", 61.0, 3.0, "good")])])
    rig.set_now(90)
    assert [(11.000001, 60.0, "bad.timeout")] == gaps(trend(rig, 10, 61))

    def tell(session: Session) -> None:
        for number, (controller, cause, begin, end) in enumerate(
            [("rtu", "link", 11, 59), ("other", "device", 11, 60), ("", "broker", 70, 80)]
        ):
            catalogue.add_gap(session, Gap(f"e{number}", AREA, "flood", controller, cause, at(begin), at(end), 0))

    rig.database.run(tell)
    assert [(11.0, 60.0, "link"), (70.0, 90.0, "broker")] == gaps(trend(rig, 10, 120))


def test_many_readings_become_pieces_that_leave_nothing_out(rig: Rig) -> None:
    write(rig, [frame(n, seconds(begin, begin + 600)) for n, begin in enumerate(range(0, 7200, 600), 1)])
    rig.set_now(7200)
    raw = trend(rig, 0, 7200, 100)["buckets"]
    assert 120_000_000 == trend(rig, 0, 7200, 100)["width_us"]
    values = np.sin(np.arange(7200) / 100).reshape(-1, 120)
    np.testing.assert_allclose(raw["min"], values.min(axis=1))
    np.testing.assert_allclose(raw["max"], values.max(axis=1))
    np.testing.assert_allclose(raw["mean"], values.mean(axis=1))
    assert [120] * 60 == raw["count"]
    roll(rig)
    assert [at(0)] == rig.database.run(
        lambda session: catalogue.hours_between(session, 0, at(9000), (catalogue.ROLLED,))
    )
    rolled = trend(rig, 0, 7200, 100)["buckets"]  # the first hour from rollups, the second from readings
    for name, column in raw.items():
        np.testing.assert_allclose(np.array(column, float), np.array(rolled[name], float), err_msg=name)


def test_late_readings_are_rolled_up_again(rig: Rig) -> None:
    rig.expected[LEVEL] = Expectation(hold_s=10.0)
    write(rig, [frame(1, [*seconds(0, 1000), *seconds(2000, 3600)]), frame(2, seconds(3600, 3800))])
    rig.set_now(3800)
    roll(rig)
    before = trend(rig, 0, 3600, 60)
    assert [(1020.0, 1980.0, "unknown")] == gaps(before)
    write(rig, [frame(3, [(*row[:3], "good.backfill") for row in seconds(1000, 2000)], sent_s=3800)], 2)
    roll(rig)
    after = trend(rig, 0, 3600, 60)
    assert [] == after["gaps"]
    assert [60] * 60 == after["buckets"]["count"]
    assert [60.0] * 60 == after["buckets"]["good_s"]


def test_a_counter_is_unwrapped(rig: Rig) -> None:
    rig.expected["well", "energy"] = Expectation(hold_s=100.0, is_counter=True, rollover=65_536.0)
    shown = [(60_000 + 10 * minute) % 65_536 for minute in range(600)]
    told = [("energy", 60.0 * minute, float(value), "good") for minute, value in enumerate(shown)]
    write(rig, [frame(1, told), frame(2, [("energy", 36_100.0, 2.0, "good")])])
    rig.set_now(36_000)
    roll(rig)
    found = trend(rig, 0, 36_000, 10, point="energy")["buckets"]
    assert [590.0, *[600.0] * 9] == found["gain"]
    assert [0] * 10 == found["resets"]


def test_a_year_is_read_from_the_hours(rig: Rig) -> None:
    day = 86_400
    write(
        rig,
        [
            frame(n, [("level", float(n * 43_200 + s), float(n), "good") for s in range(0, 7200, 100)])
            for n in range(1, 40)
        ],
    )
    rig.set_now(20 * day)
    roll(rig)
    found = trend(rig, 0, 20 * day, 20, zone_us=8 * 3_600_000_000)
    starts = [(each - at(0)) / 1e6 for each in found["buckets"]["start_us"]]
    assert day * 1_000_000 == found["width_us"]
    assert all(start % day == 16 * 3600 for start in starts)  # midnight of the city
    assert 39 * 72 == sum(found["buckets"]["count"])


def test_what_was_committed_is_where_reading_goes_on(rig: Rig, engine: sa.Engine) -> None:
    write(rig, [frame(n, [("level", float(n), float(n), "good")]) for n in range(1, 6)])
    rig.archive.writer.on_frame(frame(6, [("level", 6.0, 6.0, "good")]), 5)  # collected, not written: we are killed
    other = archive_of(engine)
    place = other.archive.writer.place()
    assert 5 == place.start
    assert not place.is_new(frame(5, [("level", 5.0, 5.0, "good")]))
    assert place.is_new(frame(6, [("level", 6.0, 6.0, "good")]))
    other.archive.writer.start()
    write(other, [frame(6, [("level", 6.0, 6.0, "good"), ("flow", 6.0, 1.0, "good")])], 5)
    rig.set_now(10)
    assert [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] == [value for _, value, _ in samples(trend(rig, 0, 10))]
    # the first one has missed that; it notices, and begins where the other one is
    with pytest.raises(Unavailable):
        eventually(lambda: rig.archive.writer.on_frame(frame(7, [("level", 7.0, 7.0, "good")]), 6), 10)
    assert 6 == rig.archive.writer.place().start
    write(rig, [frame(7, [("level", 7.0, 7.0, "good"), ("flow", 7.0, 2.0, "good")])], 6)
    assert [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0] == [value for _, value, _ in samples(trend(rig, 0, 10))]
    assert [6.0, 7.0] == [moment for moment, _, _ in samples(trend(rig, 0, 10, point="flow"))]
    assert 9 == rig.archive.describe()["readings"]
    other.archive.writer.stop()
    other.archive.close()
    other.database.close()


def test_a_changed_profile_is_taken_over(rig: Rig) -> None:
    write(rig, [frame(1, [("level", 1.0, 1.0, "good")])])
    rig.expected[LEVEL] = Expectation(keep="none")
    rig.archive.writer.expect_anew()
    write(rig, [frame(2, [("level", 2.0, 2.0, "good"), ("flow", 2.0, 2.0, "good")])], 1)
    rig.set_now(10)
    assert [1.0] == [value for _, value, _ in samples(trend(rig, 0, 10))]
    assert [2.0] == [value for _, value, _ in samples(trend(rig, 0, 10, point="flow"))]


def test_a_stream_that_was_removed_before_it_was_read_leaves_a_gap(rig: Rig) -> None:
    write(rig, [frame(1, [("level", 10.0, 1.0, "good")])])
    place = rig.archive.writer.place()
    place.missed = 40
    write(rig, [frame(42, [("level", 900.0, 2.0, "good")])], 41)
    rig.set_now(900)
    assert [(10.0, 900.0, "history")] == gaps(trend(rig, 10, 900))
    (gap,) = rig.database.run(lambda session: catalogue.list_gaps(session, AREA, "flood", "rtu", at(0), at(999)))
    assert (CITY, 40) == (gap.area, gap.batches_lost)


def test_the_oldest_go_when_their_rollups_are_there(rig: Rig) -> None:
    write(rig, [frame(1, seconds(0, 3600)), frame(2, seconds(3600, 3800))])
    roll(rig)
    rig.set_now(95 * 86_400)
    write(rig, [frame(3, seconds(95 * 86_400, 95 * 86_400 + 10))], 2)
    roll(rig)
    tables = {each["table"]: each for each in rig.archive.describe()["tables"]}
    assert {"reading", "rollup_1m", "rollup_10m", "rollup_1h"} == tables.keys()
    assert tables["rollup_1m"]["bytes"] > 0
    kept = rig.database.run(lambda session: rig.readings.read(session, 0, at(0), at(90 * 86_400), 10_000, worded=False))
    assert 0 == len(kept)
    assert 60 == trend(rig, 0, 3600, 3600)["buckets"]["count"][0]


def test_thousands_of_alike_controllers(rig: Rig) -> None:
    points = tuple(f"p{n}" for n in range(100))
    values = np.arange(100, dtype="<f8").tobytes()
    numbers = [Numbers(points, "f" * 100, f"a{n}", at(second), b"", values) for second in range(5) for n in range(100)]
    write(rig, [frame(n, numbers=numbers[n * 50 : n * 50 + 50], sent_s=n) for n in range(10)])
    assert 50_000 == rig.archive.describe()["readings"]
    assert 10_000 == rig.archive.describe()["series"]
    rig.set_now(10)
    found = trend(rig, 0, 10, asset="a42", point="p7")
    assert [(float(second), 7.0, "good") for second in range(5)] == samples(found)


def test_each_day_says_how_much_is_known_and_why_not_of_the_rest(rig: Rig) -> None:
    hour = 3600
    rig.expected[LEVEL] = Expectation(hold_s=100.0)
    told = [
        *seconds(0, 6 * hour, 50),
        ("level", 6.0 * hour, None, "bad.timeout"),
        *seconds(8 * hour, 24 * hour, 50),
        *seconds(30 * hour, 36 * hour, 50),
    ]
    write(rig, [frame(1, told)])
    gap = Gap("e1", AREA, "flood", "rtu", "device", at(6 * hour), at(7 * hour), 0)
    rig.database.run(lambda session: catalogue.add_gap(session, gap))
    rig.set_now(36 * hour)
    roll(rig)
    found = rig.archive.read_completeness(
        asset="well", trade="flood", area=AREA, controllers={"level": "rtu", "never": "rtu"},
        edges_us=[at(day * 24 * hour) for day in range(4)],
    )  # fmt: skip
    first, second, third = found["level"]
    assert (86_400, 22 * hour) == (first["span_s"], pytest.approx(first["good_s"], abs=60))
    assert {"device": pytest.approx(hour, abs=60), "other": pytest.approx(hour, abs=60)} == first["missing"]
    assert (12 * hour, {"other": pytest.approx(6 * hour, abs=120)}) == (second["span_s"], second["missing"])
    assert (0, 0, {}) == (third["span_s"], third["good_s"], third["missing"])
    assert [(0, 0)] * 3 == [(day["span_s"], day["good_s"]) for day in found["never"]]


def test_what_is_still_to_come_is_not_known_yet(rig: Rig) -> None:
    rig.expected[LEVEL] = Expectation(hold_s=100.0)
    told = [("level", 0.0, 1.0, "good"), ("level", 20.0, None, "bad.timeout"), ("level", 60.0, 3.0, "good")]
    write(rig, [frame(1, told)])
    rig.set_now(80)
    (day,) = rig.archive.read_completeness(
        asset="well", trade="flood", area=AREA, controllers={"level": "rtu"}, edges_us=[at(0), at(86_400)]
    )["level"]
    assert (80, 40, {"other": 40}) == (day["span_s"], pytest.approx(day["good_s"]), pytest.approx(day["missing"]))
    write(rig, [frame(2, [("level", 60.0 + n, 3.0, "good") for n in range(1, 20)])], 1)
    pieces = trend(rig, 0, 600, 10)["buckets"]
    assert [20.0, 20.0] == pytest.approx(pieces["good_s"])


def test_what_was_kept_later_is_not_missing_before(rig: Rig) -> None:
    write(rig, [frame(1, seconds(50_000, 86_400, 50))])
    rig.set_now(86_400)
    (day,) = rig.archive.read_completeness(
        asset="well", trade="flood", area=AREA, controllers={"level": "rtu"}, edges_us=[at(0), at(86_400)]
    )["level"]
    assert (36_400, 36_400, {}) == (day["span_s"], day["good_s"], day["missing"])
    assert [(0.0, 50_000.0, "before")] == gaps(trend(rig, 0, 86_400))
