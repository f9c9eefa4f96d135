"""Flood control as it runs: alone, and killed at the worst moments."""

from __future__ import annotations

from pathlib import Path

from shared.contracts.message import Actor, Scope
from tests.integration.flood.conftest import FloodProcess
from tests.integration.flood.desk import Desk
from tests.integration.flood.station_device import (
    FLOAT_HH,
    FLOAT_LL,
    KEY_REMOTE,
    LEVEL,
    METER_BROKEN,
    MODE,
    START,
    STOP,
    StationDevice,
)
from tests.waiting import eventually

NOWHERE = "amqp://nobody:nothing@127.0.0.1:1//"
NO_DATABASE = "postgresql+psycopg://nobody:nothing@127.0.0.1:1/none"
CREW = Actor(username="crew", role="crew", scopes=(Scope(trade="*", area="*", verb="acknowledge"),))


def _is_master(device: StationDevice) -> bool:
    return any(function == 6 and address == 30 for function, address, _ in device.writes)


def _begin(flood: FloodProcess, device: StationDevice) -> None:
    """Running, and master of the device."""
    flood.start()
    eventually(lambda: _is_master(device), within_s=30)


def _ended(flood: FloodProcess, command_id: str) -> tuple[str, str | None]:
    """(state, reason code) once the command has come to its end."""
    query = (
        "select state, json_extract(reason, '$.code') from ledger "
        f"where command_id = '{command_id}' and state <> 'sending'"
    )
    state, code = eventually(lambda: flood.rows(query), within_s=30)[0]
    return state, code


def test_the_control_loop_needs_neither_broker_nor_database_nor_gateway(
    folder: Path, port: int, device: StationDevice
) -> None:
    flood = FloodProcess(folder, port, NOWHERE, {"DATABASE_URL": NO_DATABASE})
    device.inputs[LEVEL] = 1700
    flood.start()
    try:
        eventually(lambda: (5, START, 0xFF00) in device.pulses, within_s=40)
        device.inputs[LEVEL] = 550
        eventually(lambda: (5, STOP, 0xFF00) in device.pulses, within_s=20)
    finally:
        flood.stop()
    assert 2 == len(device.pulses)


def test_the_high_float_starts_a_pump_though_the_level_meter_is_broken(
    flood: FloodProcess, device: StationDevice
) -> None:
    device.inputs[LEVEL] = METER_BROKEN
    device.bits[FLOAT_HH] = True
    _begin(flood, device)
    eventually(lambda: (5, START, 0xFF00) in device.pulses, within_s=30)
    device.bits[FLOAT_HH], device.bits[FLOAT_LL] = False, True
    eventually(lambda: (5, STOP, 0xFF00) in device.pulses, within_s=20)


def test_an_operators_start_is_verified_by_the_current(flood: FloodProcess, device: StationDevice, desk: Desk) -> None:
    _begin(flood, device)
    command = desk.operate("pump1_start")
    assert ("verified", None) == _ended(flood, command)
    assert [("pump1_current", 280.0)] == [
        (point, float(value))
        for point, value in flood.rows(f"select point, value from ledger where command_id = '{command}'")
    ]
    assert [(5, START, 0xFF00)] == device.pulses


def test_a_pump_that_does_not_obey_is_failed_and_not_written_to_again(
    flood: FloodProcess, device: StationDevice, desk: Desk
) -> None:
    device.deaf = True
    _begin(flood, device)
    assert ("failed", "feedback_disagrees") == _ended(flood, desk.operate("pump1_start"))
    assert [(5, START, 0xFF00)] == device.pulses


def test_refusals_say_why_and_write_nothing(flood: FloodProcess, device: StationDevice, desk: Desk) -> None:
    _begin(flood, device)
    assert ("refused", "interlock_open") == _ended(flood, desk.operate("pump1_stop"))
    assert ("refused", "command_forbidden") == _ended(flood, desk.operate("pump1_start", CREW))
    assert ("refused", "command_unknown") == _ended(flood, desk.operate("pump9_start"))
    assert ("refused", "command_takes_no_parameter") == _ended(flood, desk.operate("pump1_start", params={"param": 3}))
    assert ("refused", "command_role") == _ended(flood, desk.operate("set_dry_run_level", params={"param": 0.5}))
    assert ("expired", "command_expired") == _ended(flood, desk.operate("pump1_start", ttl_s=-1.0))
    device.bits[KEY_REMOTE] = False
    eventually(lambda: flood.rows("select 1 from standing_condition where condition = 'key_at_local'"), within_s=15)
    assert ("refused", "interlock_open") == _ended(flood, desk.operate("pump1_start"))
    assert [] == device.pulses


def test_the_same_command_twice_is_written_once(flood: FloodProcess, device: StationDevice, desk: Desk) -> None:
    _begin(flood, device)
    command = desk.operate("pump1_start")
    desk.operate("pump1_start", command_id=command)
    later = desk.operate("siren_on")
    _ended(flood, later)
    assert ("verified", None) == _ended(flood, command)
    assert 1 == device.pulses.count((5, START, 0xFF00))


def test_a_command_that_is_withdrawn_before_its_turn_is_cancelled(
    flood: FloodProcess, device: StationDevice, desk: Desk
) -> None:
    _begin(flood, device)
    flood.stop()
    command = desk.operate("pump1_start")
    desk.cancel(command)
    flood.start()
    assert ("cancelled", "command_cancelled") == _ended(flood, command)
    assert [] == device.pulses


def test_a_command_that_waits_for_its_proof_is_not_written_a_second_time(
    flood: FloodProcess, device: StationDevice, desk: Desk
) -> None:
    device.deaf = True
    _begin(flood, device)
    first, second = desk.operate("pump1_start"), desk.operate("pump1_start")
    assert ("refused", "command_pending") == _ended(flood, second)
    assert ("failed", "feedback_disagrees") == _ended(flood, first)
    assert 1 == device.pulses.count((5, START, 0xFF00))


def test_killed_between_row_and_write_it_is_unconfirmed_and_never_sent(
    flood: FloodProcess, device: StationDevice, desk: Desk
) -> None:
    flood.start("tests.integration.flood.stuck")
    eventually(lambda: _is_master(device), within_s=30)
    command = desk.operate("pump1_start")
    eventually((flood.folder / "stuck").exists, within_s=10)
    assert [("pump1_start", "sending")] == flood.ledger()
    flood.kill()
    assert [] == device.pulses
    flood.start()
    assert ("unconfirmed", "owner_restarted") == _ended(flood, command)
    later = desk.operate("siren_on")
    _ended(flood, later)
    assert [] == [pulse for pulse in device.pulses if pulse[1] == START]


def test_killed_between_write_and_answer_it_is_unconfirmed_and_never_sent_again(
    flood: FloodProcess, device: StationDevice, desk: Desk
) -> None:
    _begin(flood, device)
    device.hold_writes = device.deaf = True
    command = desk.operate("pump1_start")
    eventually(lambda: (5, START, 0xFF00) in device.pulses, within_s=10)
    flood.kill()
    device.hold_writes = False
    flood.start()
    assert ("unconfirmed", "owner_restarted") == _ended(flood, command)
    later = desk.operate("siren_on")
    _ended(flood, later)
    assert 1 == device.pulses.count((5, START, 0xFF00))


def test_a_write_that_is_never_answered_is_unconfirmed(flood: FloodProcess, device: StationDevice, desk: Desk) -> None:
    _begin(flood, device)
    device.hold_writes = device.deaf = True
    assert ("unconfirmed", "no_answer_to_write") == _ended(flood, desk.operate("pump1_start"))
    assert 1 == device.pulses.count((5, START, 0xFF00))


def test_an_rtu_on_its_own_automatic_is_taken_back_and_one_given_away_is_not(
    flood: FloodProcess, device: StationDevice, desk: Desk
) -> None:
    device.holding[MODE] = 2
    _begin(flood, device)
    eventually(lambda: device.holding[MODE] == 1, within_s=20)
    assert ("verified", None) == _ended(flood, desk.operate("leave_rtu_automatic"))
    taken = device.pulses.count((6, MODE, 1))
    flood.stop()
    flood.start()
    written = len(device.writes)
    eventually(lambda: len(device.writes) > written + 1, within_s=40)
    assert (2, taken) == (device.holding[MODE], device.pulses.count((6, MODE, 1)))


def test_what_stood_before_a_restart_is_cleared_when_it_is_gone(flood: FloodProcess, device: StationDevice) -> None:
    device.bits[3] = True  # the door
    _begin(flood, device)
    door = "select 1 from standing_condition where condition = 'door_opened'"
    eventually(lambda: flood.rows(door), within_s=20)
    flood.kill()
    device.bits[3] = False
    flood.start()
    eventually(lambda: not flood.rows(door), within_s=30)


def test_another_master_stops_the_writing_and_raises_a_condition(
    flood: FloodProcess, device: StationDevice, desk: Desk
) -> None:
    _begin(flood, device)
    device.holding[30] = 5000
    eventually(
        lambda: flood.rows("select 1 from standing_condition where condition = 'second_master:rtu'"), within_s=15
    )
