"""A station that is being commissioned: read and silent, also after a restart, until its loop test is signed."""

from __future__ import annotations

import time
from pathlib import Path

from shared.contracts.field import AreaTaken, ConditionRaised, ControllerCommissioned, LoopTestRefused, PointChecked
from shared.contracts.gateway import CheckPoint, SignLoopTest
from shared.contracts.message import Actor, Event, Scope
from shared.field.configuration import load_configuration
from tests.integration.flood.conftest import FloodProcess
from tests.integration.flood.desk import AREA, Desk
from tests.integration.flood.station_device import FLOAT_HH, StationDevice
from tests.waiting import eventually

ENGINEER = Actor(username="engineer", role="engineer", scopes=(Scope(trade="*", area="*", verb="configure"),))

ROUNDS_MAX = 10


def sign(desk: Desk) -> None:
    desk.send(SignLoopTest(area=AREA, trade="flood", controller="rtu", remark="", actor=ENGINEER))


def check(desk: Desk, points: set[str], events: list[Event]) -> None:
    """Say of each that it has passed; returns when the owner has answered all."""

    def answered() -> int:
        return sum(isinstance(event, PointChecked | LoopTestRefused) for event in events)

    wanted = answered() + len(points)
    for point in points:
        desk.send(
            CheckPoint(
                area=AREA, trade="flood", controller="rtu", point=point, expected="as shown", passed=True, remark="",
                actor=ENGINEER,
            )
        )  # fmt: skip
    eventually(lambda: answered() >= wanted, 30)


def test_it_alarms_and_obeys_only_when_somebody_has_signed(
    flood: FloodProcess, device: StationDevice, folder: Path, desk: Desk, events: list[Event]
) -> None:
    path = folder / "site.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("profile: drainage", "commissioning: true\n    profile: drainage")
    )
    device.bits[FLOAT_HH] = True
    flood.start()
    eventually(lambda: any(isinstance(event, AreaTaken) for event in events), 30)
    sign(desk)
    eventually(lambda: any(isinstance(event, LoopTestRefused) for event in events), 20)

    points = set(load_configuration("flood", folder, {"port": "1"}).profiles["rtu"].points)
    for _ in range(ROUNDS_MAX):  # what was not read yet when it was checked is checked again
        missing = points - {point for (point,) in flood.rows("select point from loop_check where passed")}
        if not missing:
            break
        check(desk, missing, events)
    assert not missing
    assert [] == device.writes
    assert [] == [event for event in events if isinstance(event, ConditionRaised)]

    flood.kill()
    restarted_at = time.monotonic()
    flood.start()
    eventually(lambda: device.read_at > restarted_at, 30)
    assert [] == device.writes
    sign(desk)
    eventually(lambda: any(isinstance(event, ControllerCommissioned) for event in events), 20)
    eventually(lambda: device.writes, 20)
    eventually(lambda: "level_float_high" in {e.condition for e in events if isinstance(e, ConditionRaised)}, 20)
