"""The controllers answer on real sockets and pseudo-terminals, and can be made to misbehave."""

from __future__ import annotations

import socket
import time

import pytest

from infra.simulator.control import SimulatorRefused
from tests.integration.simulator.city import RunningCity, inputs, running
from tests.waiting import eventually


def test_every_controller_says_who_it_is(mended: RunningCity) -> None:
    codes = {}
    for line, address, unit in (
        *((line, 15, 1) for line in ("xinhua", "jianshe", "fuxing", "nanhu", "kaiping")),
        ("rain", 4, 1),
        ("rain", 4, 2),
    ):
        with mended.tcp(line) as client:
            codes[line, unit] = inputs(client, address, 1, unit)[0]
    with mended.rtu() as client:
        codes["river", 7] = inputs(client, 3, 1, 7)[0]
    assert list(codes.values()) == [3101, 3102, 3201, 3202, 3301, 3401, 3402, 3501]


def test_heartbeats_count_city_seconds(mended: RunningCity) -> None:
    mended.client.rate(10)
    with mended.tcp("xinhua") as client:
        first = inputs(client, 14, 1)[0]
        eventually(lambda: inputs(client, 14, 1)[0] >= first + 5, within_s=3)


def test_a_pulse_on_a_coil_starts_the_pump_and_the_level_falls(mended: RunningCity) -> None:
    with mended.tcp("xinhua") as client:
        client.write_register(0, 1, device_id=1)
        mended.client.storm(3, at_minute=30, catchment="xinhua")
        mended.client.stop_storm()
        client.write_register(30, 1, device_id=1)
        client.write_register(0, 1, device_id=1)
        for pump in range(3):
            client.write_coil(2 * pump + 1, True, device_id=1)
        mended.client.rate(15)
        eventually(lambda: running(client) == [] and inputs(client, 0, 1)[0] > 1700, within_s=20)
        client.write_register(30, 2, device_id=1)
        eventually(lambda: client.read_discrete_inputs(19, count=1, device_id=1).bits[0], within_s=10)
        before = inputs(client, 0, 1)[0]
        assert not client.write_coils(0, [True, False], device_id=1).isError()
        assert running(client) == [1]
        assert inputs(client, 20, 1)[0] > 0 or eventually(lambda: inputs(client, 20, 1)[0] > 0, within_s=2)
        eventually(lambda: not client.read_coils(0, count=1, device_id=1).bits[0], within_s=2)
        eventually(lambda: inputs(client, 0, 1)[0] < before - 300, within_s=10)


def test_setpoints_that_do_not_rise_are_refused_with_exception_3(mended: RunningCity) -> None:
    with mended.tcp("kaiping") as client:
        answer = client.write_register(1, 9000, device_id=1)
        assert answer.isError()
        assert answer.exception_code == 3


def test_the_key_at_local_refuses_writes_with_exception_1(mended: RunningCity) -> None:
    mended.client.key_to_local("kaiping")
    with mended.tcp("kaiping") as client:
        assert not client.read_discrete_inputs(8, count=1, device_id=1).bits[0]
        assert client.write_register(30, 5, device_id=1).exception_code == 1
        assert client.write_coil(0, True, device_id=1).exception_code == 1
        assert not client.write_registers(40, [2026, 7, 1, 0, 0, 0], device_id=1).isError()
        mended.client.key_to_remote("kaiping")
        assert not client.write_register(30, 5, device_id=1).isError()


def test_addresses_beyond_the_map_get_exception_2(mended: RunningCity) -> None:
    with mended.tcp("kaiping") as client:
        assert client.read_input_registers(110, count=10, device_id=1).exception_code == 2
        assert client.read_holding_registers(40, count=10, device_id=1).exception_code == 2


def test_another_unit_id_is_not_there(mended: RunningCity) -> None:
    with mended.tcp("kaiping") as client:
        assert client.read_input_registers(0, count=1, device_id=9).exception_code == 11
    with mended.tcp("rain") as client, pytest.raises(Exception, match="No response"):
        client.read_input_registers(0, count=1, device_id=3)


def test_a_cut_tcp_line_ends_connections_and_refuses_new_ones_until_it_is_mended(mended: RunningCity) -> None:
    with mended.tcp("fuxing") as client:
        port = client.comm_params.port
        mended.client.cut_line("fuxing")
        with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", port), timeout=1):
            pass
        with mended.tcp("xinhua") as neighbour:
            assert inputs(neighbour, 15, 1) == [3101]
        mended.client.restore("fuxing")
    with mended.tcp("fuxing") as client:
        assert inputs(client, 15, 1) == [3201]


def test_a_cut_serial_line_is_silent_until_it_is_mended(mended: RunningCity) -> None:
    with mended.rtu() as client:
        assert inputs(client, 3, 1, 7) == [3501]
        mended.client.cut_line("river")
        with pytest.raises(Exception, match="No response"):
            inputs(client, 3, 1, 7)
        mended.client.restore("river")
        assert inputs(client, 3, 1, 7) == [3501]


def test_a_slow_line_answers_late(mended: RunningCity) -> None:
    mended.client.slow_line("jianshe", 0.4)
    with mended.tcp("jianshe") as client:
        began = time.monotonic()
        assert inputs(client, 15, 1) == [3102]
        assert time.monotonic() - began >= 0.4


def test_a_frozen_meter_keeps_its_value_while_the_heartbeat_goes_on(mended: RunningCity) -> None:
    mended.client.rate(60)
    mended.client.storm(3, at_minute=40, catchment="xinhua")
    mended.client.freeze_sensor("xinhua")
    with mended.tcp("xinhua") as client:
        level, beat = inputs(client, 0, 1)[0], inputs(client, 14, 1)[0]
        eventually(lambda: abs(mended.station("xinhua")["level_m"] * 1000 - level) > 100, within_s=15)
        assert inputs(client, 0, 1)[0] == level
        assert inputs(client, 14, 1)[0] != beat
        mended.client.freeze_sensor("xinhua", broken=True)
        eventually(lambda: inputs(client, 0, 1)[0] == 0x8000, within_s=2)


def test_the_running_duty_pump_trips_with_its_code(mended: RunningCity) -> None:
    mended.client.rate(15)
    mended.client.storm(10, at_minute=46, catchment="kaiping")
    eventually(lambda: mended.station("kaiping")["running"], within_s=10)
    tripped = mended.client.trip_pump("kaiping")
    with mended.tcp("kaiping") as client:
        assert inputs(client, 26 + 16 * (tripped - 1), 1) == [1]
        bits = client.read_discrete_inputs(16 + 4 * (tripped - 1), count=4, device_id=1).bits
        assert bits[:2] == [False, True]
        assert not bits[3]
    eventually(lambda: tripped not in mended.station("kaiping")["running"], within_s=2)


def test_a_master_that_falls_silent_is_replaced_by_the_rtus_own_automatic(mended: RunningCity) -> None:
    with mended.tcp("nanhu") as client:
        client.write_register(30, 77, device_id=1)
        client.write_register(0, 1, device_id=1)
        assert client.read_holding_registers(0, count=1, device_id=1).registers == [1]
        mended.client.rate(60)
        eventually(lambda: client.read_holding_registers(0, count=1, device_id=1).registers == [2], within_s=5)


@pytest.mark.parametrize(
    ("command", "arguments", "sentence"),
    [
        ("trip_pump", {"station": "nowhere", "pump": 1}, "There is no station nowhere"),
        ("trip_pump", {"station": "xinhua", "pump": 4}, "xinhua has pumps 1 to 3"),
        ("trip_pump", {"station": "xinhua", "pump": 1, "fault": "boredom"}, "There is no fault boredom"),
        ("freeze_sensor", {"station": "dachengshan-rain"}, "dachengshan-rain has no level meter"),
        ("key_to_local", {"station": "douhe-gauge"}, "douhe-gauge is no pump station"),
        ("cut_line", {"line": "moon"}, "There is no line moon"),
        ("storm", {"return_period": 0}, "The return period must lie between"),
        ("storm", {"return_period": 3, "at_minute": 999}, "A storm can be 180 minutes old"),
        ("storm", {"return_period": 3, "catchment": "moon"}, "There is no catchment moon"),
        ("rate", {"rate": 100}, "City time runs at 1 to 60"),
        ("contact", {"station": "xinhua", "name": "luck", "on": True}, "There is no contact luck"),
        ("restore", {"thing": "moon"}, "There is no line, station or gauge moon"),
        ("dance", {}, "There is no command dance"),
        ("_find", {}, "There is no command _find"),
        ("rate", {"speed": 3}, "The command rate was given wrongly"),
        ("rate", {"rate": "fast"}, "The command rate was given wrongly"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    city: RunningCity, command: str, arguments: dict[str, object], sentence: str
) -> None:
    with pytest.raises(SimulatorRefused, match=sentence):
        city.client.do(command, **arguments)
    assert city.client.status()["rate"] == 1
