"""Rain in a bucket, water on the road, the river."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulator.rain import TippingBucket
from infra.simulator.river import River, RiverShape
from infra.simulator.road import Road, RoadShape


@given(st.lists(st.floats(0, 3), max_size=200), st.sampled_from([0.1, 0.2, 0.5]))
def test_a_bucket_counts_all_rain_but_for_what_has_not_tipped(rains: list[float], tip_mm: float) -> None:
    bucket = TippingBucket(tip_mm)
    for rain_mm in rains:
        bucket.step(1, rain_mm)
    assert bucket.total_mm + bucket.in_bucket_mm == pytest.approx(sum(rains), abs=1e-6)
    assert -1e-6 <= bucket.in_bucket_mm < tip_mm + 1e-6


def test_five_minute_sum_forgets_what_is_older() -> None:
    bucket = TippingBucket(0.1)
    bucket.step(1, 2.0)
    bucket.step(298, 0.5)
    assert bucket.five_minutes_mm == pytest.approx(2.5)
    bucket.step(2, 0.0)
    assert bucket.five_minutes_mm == pytest.approx(0.5)


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 7)), max_size=100))
def test_water_on_the_road_is_neither_made_nor_lost(steps: list[tuple[float, float]]) -> None:
    road, returned_m3 = Road(RoadShape()), 0.0
    for flooding_m3, free_m in steps:
        returned_m3 += road.step(5, flooding_m3, free_m) * 5
    assert road.volume_m3 + returned_m3 == pytest.approx(sum(flooding for flooding, _ in steps))
    assert road.volume_m3 >= 0


def test_water_stays_on_the_road_while_the_well_is_full() -> None:
    road = Road(RoadShape())
    assert road.step(5, 30.0, free_depth_m=0.1) == 0
    assert road.depth_m == pytest.approx((30 * 0.04 / 14) ** 0.5)


def test_the_river_rises_after_the_rain_and_falls_again() -> None:
    river = River(RiverShape())
    river.step(3600, 40)
    rising = river.level_m
    for _ in range(6):
        river.step(3600, 0)
    highest = river.level_m
    for _ in range(72):
        river.step(3600, 0)
    assert river.shape.base_level_m < rising
    assert highest < rising + 40 * river.shape.rise_m_per_mm
    assert river.shape.base_level_m < river.level_m < rising
    assert river.rate_m_per_h < 0
