"""Two instances share the areas: one is killed, the other goes on, and nobody is ever commanded twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.flood.conftest import RATE, FloodProcess
from tests.integration.flood.desk import AREA, Desk
from tests.integration.flood.station_device import START, WATCHDOG, StationDevice
from tests.waiting import eventually

POLLED_WITHIN_S = 5.0
QUIET_CITY_S = 6.0


@pytest.fixture
def instances(folder: Path, port: int, amqp_uri: str) -> Iterator[tuple[FloodProcess, FloodProcess]]:
    """The first prefers the area; the second has none of its own. They share the database."""
    first = FloodProcess(folder, port, amqp_uri, {"INSTANCE": "flood-1", "AREAS_PREFERRED": AREA})
    second = FloodProcess(folder, port, amqp_uri, {"INSTANCE": "flood-2", "AREAS_PREFERRED": ""})
    first.start()
    yield first, second
    first.stop()
    second.stop()


def watchdog(device: StationDevice) -> list[tuple[float, int]]:
    """When the master's counter was written, and to what."""
    return [
        (at, value)
        for at, (function, address, value) in zip(device.written_at, device.writes, strict=True)
        if (function, address) == (6, WATCHDOG)
    ]


def test_killed_in_mid_command_its_area_is_taken_over_and_nothing_is_done_twice(
    instances: tuple[FloodProcess, FloodProcess], device: StationDevice, desk: Desk
) -> None:
    first, second = instances
    eventually(lambda: len(watchdog(device)) > 1, within_s=30)
    second.start()
    eventually(lambda: '"flood-2"' in second.log() or second.log().count("service started") == 2, within_s=20)
    before = [value for _, value in watchdog(device)]
    assert list(range(before[0], before[0] + len(before))) == before, "one hand on the counter"

    device.hold_writes = device.deaf = True
    command = desk.operate("pump1_start")
    eventually(lambda: (5, START, 0xFF00) in device.pulses, within_s=10)
    first.kill()
    killed_at = time.monotonic()
    device.hold_writes = device.deaf = False
    eventually(lambda: device.read_at > killed_at, within_s=POLLED_WITHIN_S)

    eventually(lambda: watchdog(device)[-1][0] > killed_at, within_s=20)
    ours = max(at for at, _ in watchdog(device) if at < killed_at)
    theirs = min(at for at, _ in watchdog(device) if at > killed_at)
    assert theirs - ours >= QUIET_CITY_S / RATE, "it watched the counter stand still before it touched it"

    row = f"select state, json_extract(reason, '$.code') from ledger where command_id = '{command}'"
    assert [("unconfirmed", "owner_restarted")] == eventually(
        lambda: second.rows(f"{row} and state <> 'sending'"), within_s=20
    )
    assert 1 == device.pulses.count((5, START, 0xFF00))
    again = desk.operate("pump1_start")
    row = f"select state from ledger where command_id = '{again}' and state = 'verified'"
    eventually(lambda: second.rows(row), within_s=20)
    assert 2 == device.pulses.count((5, START, 0xFF00))
    assert [] == second.rows("select 1 from standing_condition where condition like 'second_master%'")
