"""The hydraulics against measured anchors, and the site's levels against the limit of starts.

Anchors of the rig (fixed levels, 5 s control): a three-year storm lifts the well to 4.58 m with three pumps and to
6.38 m with two; nothing floods in either.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from infra.simulator.basin import Basin, Passing
from infra.simulator.drive import Drive
from infra.simulator.hydraulics import Hydraulics, HydraulicsStopped
from infra.simulator.river import River, RiverShape
from infra.simulator.road import Road
from infra.simulator.rtu.pump import Fault, Pump, PumpRating
from infra.simulator.rtu.pump_station import PumpStation
from infra.simulator.rtu.setpoints import Setpoints
from infra.simulator.scenario import Scenario, load_scenario
from infra.simulator.storm import DesignStorm, load_formula
from shared.site import load_site
from tests.integration.simulator.city import SITE

STEP_S = 5


def scenario() -> Scenario:
    return load_scenario(SITE, load_site(SITE))


async def storm(basin: Basin, years: float, *, tripped_at_s: int | None = None) -> tuple[float, int]:
    """Three hours with the RTU in control. Returns the highest level in m and the most starts in an hour of a pump."""
    assert basin.rtu is not None
    river, rtu, highest_m, starts = River(RiverShape()), basin.rtu, 0.0, 0
    await basin.hydraulics.start()
    try:
        basin.passing = Passing(DesignStorm(load_formula(), years))
        for now_s in range(0, 3 * 3600, STEP_S):
            if now_s == tripped_at_s:
                rtu.pumps[(rtu.running_duty_pump() or 0)].trip(Fault.OVERLOAD)
            await basin.advance(STEP_S, river)
            rtu.step(STEP_S, basin.surroundings(river), own_control=True)
            assert basin.outcome is not None
            highest_m = max(highest_m, basin.outcome.level_m)
            starts = max(starts, *(pump.starts_last_hour() for pump in rtu.pumps))
    finally:
        await basin.hydraulics.stop()
    return highest_m, starts


def basin_of(catchment: str, work: Path) -> Basin:
    entry = next(each for each in scenario().catchments if each.id == catchment)
    details = load_site(SITE).assets_by_id[catchment].details
    setpoints = Setpoints(tuple(details["start_levels_m"]), tuple(details["stop_levels_m"]))  # type: ignore[arg-type]
    pumps = [Pump(PumpRating()) for _ in setpoints.start_levels_m]
    rtu = PumpStation(setpoints, pumps, None, float_hh_m=6.9, float_ll_m=0.5)
    return Basin(Hydraulics(entry, work), Road(entry.road), rtu)


@pytest.mark.parametrize(("tripped_at_s", "anchor_m"), [(None, 4.58), (35 * 60, 6.38)])
def test_a_three_year_storm_reaches_the_anchor_level(tmp_path: Path, tripped_at_s: int | None, anchor_m: float) -> None:
    basin = basin_of("xinhua", tmp_path)
    highest_m, starts = asyncio.run(storm(basin, 3, tripped_at_s=tripped_at_s))
    assert highest_m == pytest.approx(anchor_m, rel=0.04)
    assert starts <= 6
    assert basin.flooded_m3 == 0
    assert basin.bucket.total_mm == pytest.approx(56.2, abs=0.3)


def test_a_ten_year_storm_floods_the_underpass(tmp_path: Path) -> None:
    basin = basin_of("xinhua", tmp_path)
    highest_m, _ = asyncio.run(storm(basin, 10, tripped_at_s=35 * 60))
    assert highest_m == pytest.approx(7.0, abs=0.01)
    assert basin.flooded_m3 == pytest.approx(736, rel=0.15)


@pytest.mark.parametrize("catchment", [each.id for each in scenario().catchments])
@pytest.mark.parametrize("years", [1, 3])
def test_no_station_starts_a_pump_more_than_six_times_an_hour(tmp_path: Path, catchment: str, years: int) -> None:
    _, starts = asyncio.run(storm(basin_of(catchment, tmp_path), years))
    assert starts <= 6


def test_the_hydraulics_go_on_from_a_hot_start(tmp_path: Path) -> None:
    entry = scenario().catchments[0]

    async def level(save: bool) -> float:
        hydraulics = Hydraulics(entry, tmp_path)
        await hydraulics.start()
        try:
            drive = Drive(
                seconds=600 if save else 1,
                rain_mm_per_h=40,
                pumps=[False] * 3,
                save_to=str(hydraulics.hot_start) if save else None,
            )
            return (await hydraulics.advance(drive)).level_m
        finally:
            await hydraulics.stop()

    before = asyncio.run(level(save=True))
    assert before > 1.3
    assert asyncio.run(level(save=False)) == pytest.approx(before, abs=0.03)


def test_a_catchment_that_ends_is_noticed(tmp_path: Path) -> None:
    entry = scenario().catchments[0].model_copy(update={"wet_well": "NOWHERE"})

    async def advance() -> None:
        hydraulics = Hydraulics(entry, tmp_path)
        await hydraulics.start()
        try:
            await hydraulics.advance(Drive(seconds=1, pumps=[False] * 3))
        finally:
            await hydraulics.stop()

    with pytest.raises(HydraulicsStopped, match="the process of catchment xinhua ended"):
        asyncio.run(advance())
