"""City time and everything that a restart must not lose."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from shared.clock import CityClock
from tests.integration.simulator.city import RunningCity, inputs, running
from tests.waiting import eventually


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCity]:
    deeper_than_a_socket_address_is_long = "folder-" * 16
    city = RunningCity(tmp_path_factory.mktemp(deeper_than_a_socket_address_is_long))
    city.start()
    yield city
    city.stop()


def test_city_time_runs_at_the_rate_and_never_backwards(city: RunningCity) -> None:
    clock = CityClock(city.clock_file)
    seen = [clock.now()]
    for rate in (30, 2, 60, 1):
        city.client.rate(rate)
        eventually(lambda: clock.rate == rate, within_s=2)  # noqa: B023 - called at once
        seen += [clock.now() for _ in range(100)]
    assert seen == sorted(seen)


def test_the_water_moves_by_city_time_and_by_nothing_else(fresh: RunningCity) -> None:
    fresh.client.rate(15)
    fresh.client.storm(3)
    began_s = CityClock(fresh.clock_file).monotonic()
    eventually(lambda: fresh.client.status()["catchments"]["xinhua"]["storm"]["minute"] >= 1.5, within_s=10)
    passed_s = CityClock(fresh.clock_file).monotonic() - began_s
    assert passed_s == pytest.approx(90, abs=6)


def test_a_restart_goes_on_with_counters_levels_storm_and_time(fresh: RunningCity) -> None:
    fresh.client.storm(10, at_minute=50)
    fresh.client.trip_pump("xinhua", 2)
    with fresh.tcp("xinhua") as client:
        client.write_register(15, 90, device_id=1)
        before = inputs(client, 0, 68)
    status = fresh.client.status()
    clock = CityClock(fresh.clock_file)
    fresh.stop()
    stopped_at = clock.now()
    assert not fresh.serial.is_symlink()
    fresh.start()
    assert clock.now() >= stopped_at
    with fresh.tcp("xinhua") as client:
        after = inputs(client, 0, 68)
        assert client.read_holding_registers(15, count=1, device_id=1).registers == [90]
        assert 2 not in running(client)
    assert after[0] == pytest.approx(before[0], abs=400)
    for counter in (slice(6, 8), slice(24, 26), slice(40, 42), slice(42, 43), slice(56, 58)):
        assert after[counter] >= before[counter]
    assert after[42] == 1
    storm = fresh.client.status()["catchments"]["xinhua"]["storm"]
    assert storm["return_period"] == 10
    assert storm["minute"] >= status["catchments"]["xinhua"]["storm"]["minute"]


def test_a_killed_simulator_goes_on_from_its_last_save(fresh: RunningCity) -> None:
    fresh.client.storm(3, at_minute=30)
    saved = fresh.folder / "simulator" / "state.json"
    eventually(lambda: saved.exists() and json.loads(saved.read_text())["basins"]["xinhua"]["storm"], within_s=15)
    fresh.kill()
    fresh.start()
    assert fresh.client.status()["catchments"]["xinhua"]["storm"]["minute"] >= 30
    assert sum(fresh.station("xinhua")["starts_last_hour"]) > 0
    with fresh.rtu() as client:
        assert inputs(client, 3, 1, 7) == [3501]


def test_two_simulators_never_share_a_folder_or_a_port(
    city: RunningCity, tmp_path_factory: pytest.TempPathFactory
) -> None:
    same_folder = city.launch()
    assert same_folder.wait(timeout=20) == 1
    assert "Another simulator runs with the folder" in (city.folder / "log").read_text()
    other = RunningCity(tmp_path_factory.mktemp("other"), port=city.port)
    same_port = other.launch()
    assert same_port.wait(timeout=20) == 1
    assert "line xinhua cannot listen" in (other.folder / "log").read_text()
    assert city.client.status()
