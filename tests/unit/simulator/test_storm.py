"""The design storm against the series of the rig on which the anchors were measured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulator.storm import DesignStorm, load_formula

FORMULA = load_formula()


@pytest.mark.parametrize(
    ("minute", "mm_per_h"),
    [(0, 10.834), (10, 12.487), (30, 19.741), (47, 128.101), (48, 475.370), (49, 164.942), (60, 32.789), (120, 10.834)],
)
def test_three_year_storm_rains_as_on_the_rig(minute: int, mm_per_h: float) -> None:
    assert DesignStorm(FORMULA, 3).intensity_mm_per_h(minute * 60) == pytest.approx(mm_per_h, abs=0.0006)


@pytest.mark.parametrize(
    ("years", "depth_mm", "peak"), [(1, 39.6, 336), (3, 56.0, 475), (10, 74.0, 628), (30, 90.4, 768)]
)
def test_depth_and_peak_of_the_return_periods(years: float, depth_mm: float, peak: float) -> None:
    storm = DesignStorm(FORMULA, years)
    assert storm.depth_mm() == pytest.approx(depth_mm, rel=0.005)
    assert storm.intensity_mm_per_h(48 * 60) == pytest.approx(peak, rel=0.005)


def test_it_is_dry_before_and_after() -> None:
    storm = DesignStorm(FORMULA, 3)
    assert storm.intensity_mm_per_h(-1) == 0
    assert storm.intensity_mm_per_h(storm.duration_s) == 0


@given(st.floats(0, 7300), st.floats(0.5, 100), st.floats(1.01, 2))
def test_a_rarer_storm_never_rains_less(age_s: float, years: float, factor: float) -> None:
    common, rare = DesignStorm(FORMULA, years), DesignStorm(FORMULA, years * factor)
    assert 0 <= common.intensity_mm_per_h(age_s) <= rare.intensity_mm_per_h(age_s)


@pytest.mark.parametrize("years", [0, 0.4, 201])
def test_a_return_period_out_of_range_is_refused(years: float) -> None:
    with pytest.raises(ValueError, match=r"between 0\.5 and 200 years"):
        DesignStorm(FORMULA, years)


def test_the_formula_says_that_it_is_not_verified() -> None:
    assert not FORMULA.verified
