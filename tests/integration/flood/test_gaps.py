"""Each gap in the readings is told, with its cause: the service that stood still, the line that was cut."""

from __future__ import annotations

import time
from pathlib import Path

from shared.clock import Anchor, write_anchor
from shared.contracts.field import TelemetryGap
from shared.contracts.message import Event
from tests.integration.flood.conftest import CLOCK, RATE, FloodProcess
from tests.integration.flood.desk import AREA, ASSET
from tests.integration.flood.station_device import StationDevice
from tests.waiting import eventually

AWAY_CITY_S = 1200.0


def test_the_time_in_which_nobody_polled_is_a_gap(
    flood: FloodProcess, device: StationDevice, folder: Path, events: list[Event]
) -> None:
    def gaps() -> list[TelemetryGap]:
        return [event for event in events if isinstance(event, TelemetryGap)]

    began_s = time.time()
    flood.start()
    eventually(lambda: flood.rows("select at from served"), within_s=30)
    flood.kill()
    assert [] == gaps()
    city_s = began_s + (time.time() - began_s) * RATE + AWAY_CITY_S
    write_anchor(folder / CLOCK, Anchor(wall_s=time.time(), city_s=city_s, rate=RATE))
    flood.start()
    eventually(gaps, within_s=30)
    (gap,) = gaps()
    assert ("service", AREA, "flood") == (gap.cause, gap.area, gap.trade)
    assert AWAY_CITY_S <= (gap.to_time - gap.from_time).total_seconds() < AWAY_CITY_S + 60 * RATE

    device.silent = True
    eventually(lambda: flood.rows(f"select 1 from standing_condition where asset = '{ASSET}'"), within_s=30)
    device.silent = False
    eventually(lambda: len(gaps()) > 1, within_s=30)
    gap = gaps()[1]
    assert ("device", "rtu", ASSET) == (gap.cause, gap.controller, gap.asset)
    assert 0 < (gap.to_time - gap.from_time).total_seconds() < 60 * RATE
