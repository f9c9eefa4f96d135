"""Time to overflow, advice, rain sums and warning stages."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.flood import pictures
from services.flood.domain import outlook, rain
from services.flood.domain.rain import Gauge, Reached, WarningRule
from services.flood.domain.station import Station, new_station, observe
from tests.unit.flood.stations import RULES, seen

H = 3600.0
RAIN_RULES = [
    WarningRule("blue", 12, 50),
    WarningRule("yellow", 6, 50),
    WarningRule("orange", 3, 50),
    WarningRule("red", 3, 100),
]


def _rising(rate_m_per_s: float, start_m: float, flow: float = 0.0, seconds: int = 60) -> Station:
    station = new_station(RULES)
    for at in range(seconds):
        station = observe(station, seen(start_m + rate_m_per_s * at, flow_m3_per_s=flow), float(at))
    return station


def test_time_to_overflow_from_the_rate_of_rise() -> None:
    minutes = outlook.time_to_overflow_min(_rising(0.005, 3.0))
    assert minutes == pytest.approx((7.0 - 3.295) / 0.005 / 60, rel=0.01)


def test_inflow_from_the_water_balance() -> None:
    assert outlook.inflow_m3_per_s(_rising(0.005, 3.0, flow=0.75)) == pytest.approx(60 * 0.005 + 0.75, rel=0.01)


@pytest.mark.parametrize(("rate", "expected"), [(0.0, outlook.NOT_IN_SIGHT_MIN), (-0.01, outlook.NOT_IN_SIGHT_MIN)])
def test_no_overflow_is_in_sight_while_the_level_does_not_rise(rate: float, expected: float) -> None:
    assert expected == outlook.time_to_overflow_min(_rising(rate, 3.0))


def test_pumps_that_stand_ready_count_against_an_overflow() -> None:
    calm = _rising(0.005, 3.0)
    assert outlook.NOT_IN_SIGHT_MIN == outlook.expected_overflow_min(calm)
    torrent = _rising(0.05, 3.0)
    surplus = 60 * 0.05 - 3 * 0.75
    assert outlook.expected_overflow_min(torrent) == pytest.approx((7.0 - 5.95) * 60 / surplus / 60, rel=0.02)
    on_its_own = replace(calm, seen=replace(calm.seen, rtu_remote=False))
    assert outlook.expected_overflow_min(on_its_own) == pytest.approx((7.0 - 3.295) / 0.005 / 60, rel=0.01)


def test_what_is_not_known_gives_no_clock() -> None:
    station = _rising(0.005, 3.0)
    unknown = observe(station, seen(None), 61.0)
    assert outlook.time_to_overflow_min(unknown) is None
    assert outlook.time_to_overflow_min(_rising(0.005, 3.0, seconds=3)) is None


def test_closing_is_advised_before_the_road_floods_and_until_it_is_clear() -> None:
    assert outlook.should_close(_rising(0.001, 3.0)) is None
    assert "closure_overflow_expected" == outlook.should_close(_rising(0.05, 3.0))
    wet = replace(_rising(0.0, 1.0), seen=seen(1.0, road_depth_m=0.3))
    assert "closure_road_water" == outlook.should_close(wet)
    assert not outlook.may_reopen(wet)
    assert outlook.may_reopen(_rising(0.0, 1.0))
    assert not outlook.may_reopen(replace(_rising(0.0, 1.0), seen=seen(1.0, road_depth_m=None)))


def _fallen(*steps: tuple[float, float]) -> Gauge:
    gauge = Gauge()
    for hour, total_mm in steps:
        gauge = rain.observe(gauge, total_mm, hour * H)
    return gauge


def test_rain_sums_over_their_windows() -> None:
    gauge = _fallen((0, 10), (1, 20), (2, 25), (5, 40))
    assert [5.0, 15.0, 30.0, 30.0] == [rain.rain_mm(gauge, hours, 5 * H) for hours in (1, 3, 6, 24)]
    assert 0.0 == rain.rain_mm(gauge, 1, 7 * H)
    assert rain.rain_mm(Gauge(), 1, 0.0) is None


def test_what_fell_in_an_outage_is_spread_over_it() -> None:
    """Ten hours without the gauge, 60 mm more: six in each hour, and no cloudburst now."""
    gauge = rain.observe(_fallen((0, 10), (1, 10), (11, 70)), 70.5, 11 * H + 60)
    now_s = 11 * H + 60
    assert 6.4 == pytest.approx(rain.rain_mm(gauge, 1, now_s), abs=0.11)
    assert 60.5 == rain.rain_mm(gauge, 24, now_s)
    assert Reached("blue", 12, 60.5) == rain.stage_reached(gauge, RAIN_RULES, now_s)


def test_a_reading_that_is_told_again_says_nothing_of_the_time_since() -> None:
    """A station tells its counter once an hour; in between it is only looked at again."""
    gauge = _fallen((0, 10))
    for _ in range(60):
        gauge = rain.observe(gauge, 10, 0)
    gauge = rain.observe(gauge, 22, H)
    assert 2.0 == rain.rain_mm(gauge, 1, H + 50 * 60)


def test_more_than_can_fall_in_an_hour_may_fall_in_a_long_outage() -> None:
    assert 150.0 == rain.rain_mm(_fallen((0, 0), (10, 150)), 24, 10 * H)
    assert 0.0 == rain.rain_mm(_fallen((0, 0), (1, 150)), 24, 1 * H)


def test_the_counter_wraps_and_a_reset_is_no_rain() -> None:
    top = 2**32 * 0.1
    assert 3.0 == rain.rain_mm(_fallen((0, top - 1), (0.5, 2)), 1, 0.5 * H)
    assert 4.0 == rain.rain_mm(_fallen((0, 500), (0.2, 0), (0.5, 4)), 1, 0.5 * H)


@pytest.mark.parametrize(
    ("steps", "hour", "expected"),
    [
        ([(0, 0), (10, 49.9)], 10, None),
        ([(0, 0), (2, 25), (10, 50)], 10, Reached("blue", 12, 50)),
        ([(0, 0), (1, 25), (5, 50)], 5, Reached("yellow", 6, 50)),
        ([(0, 0), (2, 50)], 2, Reached("orange", 3, 50)),
        ([(0, 0), (1, 60), (2, 101)], 2, Reached("red", 3, 101)),
    ],
)
def test_stages(steps: list[tuple[float, float]], hour: float, expected: Reached | None) -> None:
    assert expected == rain.stage_reached(_fallen(*steps), RAIN_RULES, hour * H)


@given(st.lists(st.tuples(st.floats(1, 600), st.integers(0, 50)), min_size=1, max_size=200))
@example([(1.0, 1), (61.0, 1), (1.0, 1), (61.0, 1), (1.0, 1)])
def test_a_day_s_sum_is_what_was_counted(steps: list[tuple[float, int]]) -> None:
    """Tenths of a millimetre, at any moments within a day; memory stays bounded by minutes."""
    gauge, now_s, total = rain.observe(Gauge(), 0.0, 0.0), 0.0, 0
    for pause_s, tenths in steps:
        now_s, total = now_s + pause_s, total + tenths
        gauge = rain.observe(gauge, total * 0.1, now_s)
    if now_s < 24 * H:
        assert rain.rain_mm(gauge, 24, now_s) == pytest.approx(total * 0.1, abs=0.01)
    assert len(gauge.steps) <= now_s / 60 * 2 + 3


def test_a_restart_in_an_outage_spreads_it_too_and_dry_hours_are_not_written() -> None:
    gauge = _fallen((0, 10), (1, 12))
    kept = pictures.memory_of_gauge(rain.observe(gauge, 12, 2 * H + 10))
    assert kept == pictures.memory_of_gauge(rain.observe(gauge, 12, 2 * H + 200))
    again = rain.observe(pictures.recall_gauge(kept), 32, 12 * H)
    assert 2.0 == pytest.approx(rain.rain_mm(again, 1, 12 * H))
    earlier = {name: value for name, value in kept.items() if name != "read_at_s"}
    assert 22.0 == rain.rain_mm(rain.observe(pictures.recall_gauge(earlier), 32, 12 * H), 24, 12 * H)
