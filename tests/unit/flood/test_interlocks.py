"""The interlocks of a pump must not stand in the way of what protects it and the well."""

from __future__ import annotations

import pytest

from shared.contracts.message import Scalar
from shared.field.commands import interlocks
from shared.field.profile_load import profiles_for
from tests.unit.field.facts import Table

PROFILE = profiles_for("flood").get("drainage-pump-station", {"station_code": 1})
STANDS: dict[str, Scalar] = {
    "remote": True, "rtu_mode": 1, "pump1_remote": True, "pump1_fault": False, "pump1_running": False,
    "pump1_current": 0.0, "pump1_starts_1h": 0, "pump1_off_for": 600.0, "pump1_on_for": 600.0, "min_off": 60,
    "min_run": 60, "level_wet_well": 2.0, "level_trusted": True, "float_hh": False, "float_ll": False,
}  # fmt: skip
RUNS: dict[str, Scalar] = {**STANDS, "pump1_running": True, "pump1_current": 280.0}
LIMITS = {("level_wet_well", "ll"): 0.6, ("level_wet_well", "h"): 3.2}
BAD_METER: dict[str, Scalar] = {"level_wet_well": None, "level_trusted": False}


def _allowed(command: str, values: dict[str, Scalar]) -> bool:
    facts = Table(values, LIMITS)
    return all(interlock.holds is True for interlock in interlocks(PROFILE.commands[command], facts, {}))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, True),
        ({"level_wet_well": 0.5}, False),
        ({"level_wet_well": None}, False),
        ({**BAD_METER, "float_hh": True}, True),
        (BAD_METER, True),
        ({**BAD_METER, "float_ll": True}, False),
        ({**BAD_METER, "float_ll": None}, False),
        ({"level_wet_well": 0.4, "level_trusted": False, "float_hh": True}, True),
        ({"pump1_starts_1h": 6}, False),
    ],
)
def test_a_start_needs_water_by_the_meter_or_by_the_low_float(more: dict[str, Scalar], expected: bool) -> None:
    assert expected == _allowed("pump1_start", STANDS | more)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, True),
        ({"level_wet_well": 3.5}, False),
        ({"level_wet_well": 3.5, "pump1_current": 3.0}, True),
        ({"pump1_on_for": 20.0}, False),
        ({"pump1_on_for": 20.0, "level_wet_well": 0.5}, True),
        ({"pump1_on_for": 20.0, **BAD_METER, "float_ll": True}, True),
        ({**BAD_METER, "float_hh": True}, False),
        ({**BAD_METER, "float_hh": None}, False),
        (BAD_METER, True),
        ({"pump1_on_for": 20.0, "pump1_current": 3.0}, True),
    ],
)
def test_a_stop_that_protects_the_pump_is_not_refused(more: dict[str, Scalar], expected: bool) -> None:
    assert expected == _allowed("pump1_stop", RUNS | more)
