"""How the RTU of a pump station behaves."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.simulator.rtu.pump import Fault
from infra.simulator.rtu.pump_station import Mode
from tests.unit.simulator.stations import SETPOINTS, at, let_pass, running, station


# --- its own automatic ---------------------------------------------------------------------------------------
def test_pumps_start_one_by_one_at_their_levels() -> None:
    rtu = station()
    let_pass(rtu, 10, 1.5)
    assert running(rtu) == []
    let_pass(rtu, 10, 1.7)
    assert len(running(rtu)) == 1
    let_pass(rtu, 10, 2.3)
    assert len(running(rtu)) == 2
    let_pass(rtu, 10, 2.7)
    assert running(rtu) == [1, 2, 3]


def test_pumps_stop_one_by_one_after_their_minimum_run() -> None:
    rtu = station()
    let_pass(rtu, 20, 2.7)
    let_pass(rtu, 20, 0.75)
    assert running(rtu) == [1, 2, 3]
    let_pass(rtu, 60, 0.75)
    assert running(rtu) == []


def test_alternation_gives_the_next_start_to_the_pump_that_rested_longest() -> None:
    rtu, started = station(), []
    for _ in range(3):
        let_pass(rtu, 70, 1.7)
        started += running(rtu)
        let_pass(rtu, 70, 0.75)
    assert sorted(started) == [1, 2, 3]


def test_without_alternation_the_first_pump_always_starts() -> None:
    rtu = station(setpoints=replace(SETPOINTS, alternation=0))
    for _ in range(2):
        let_pass(rtu, 70, 1.7)
        assert running(rtu) == [1]
        let_pass(rtu, 130, 0.75)


def test_a_tripped_pump_is_replaced_at_once() -> None:
    rtu = station()
    let_pass(rtu, 10, 1.7)
    (duty,) = running(rtu)
    rtu.pumps[duty - 1].trip(Fault.OVERLOAD)
    let_pass(rtu, 10, 1.7)
    assert len(running(rtu)) == 1
    assert duty not in running(rtu)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.7, 1.7, 2.3, 3.0]), st.integers(5, 300)), max_size=40))
def test_no_pump_ever_starts_more_than_six_times_an_hour(history: list[tuple[float, int]]) -> None:
    rtu = station()
    for level_m, seconds in history:
        for _ in range(seconds // 5):
            rtu.step(5, at(level_m))
            assert all(pump.starts_last_hour() <= SETPOINTS.max_starts_h for pump in rtu.pumps)


def test_high_float_starts_every_pump_though_the_meter_is_frozen_low() -> None:
    rtu = station()
    let_pass(rtu, 1, 1.0)
    rtu.meter_frozen = True
    let_pass(rtu, 20, 5.6)
    assert rtu.meter_m == 1.0
    assert running(rtu) == [1, 2, 3]


def test_a_broken_meter_reads_nothing_and_the_low_float_stops_the_pumps() -> None:
    rtu = station()
    let_pass(rtu, 20, 2.7)
    rtu.meter_broken = True
    let_pass(rtu, 100, 1.2)
    assert rtu.meter_m is None
    assert running(rtu) == [1, 2, 3]
    let_pass(rtu, 20, 0.45)
    assert running(rtu) == []


# --- protections ---------------------------------------------------------------------------------------------
def test_running_dry_stops_the_pump_with_its_code_and_resets_itself() -> None:
    rtu = station(Mode.REMOTE)
    let_pass(rtu, 1, 1.0)
    rtu.start_remotely(0)
    let_pass(rtu, 1, 0.55)
    assert (running(rtu), rtu.pumps[0].fault) == ([], Fault.DRY)
    let_pass(rtu, 1, 0.7)
    assert rtu.pumps[0].fault is Fault.DRY
    let_pass(rtu, 1, 0.95)
    assert rtu.pumps[0].fault is Fault.NONE


def test_a_meter_frozen_below_the_dry_level_does_not_stop_pumps_against_the_high_float() -> None:
    rtu = station()
    let_pass(rtu, 1, 0.55)
    rtu.meter_frozen = True
    let_pass(rtu, 30, 5.6)
    assert running(rtu) == [1, 2, 3]
    assert all(pump.fault is Fault.NONE for pump in rtu.pumps)


def test_without_power_nothing_runs_and_nothing_starts() -> None:
    rtu = station()
    let_pass(rtu, 20, 2.7)
    rtu.contacts.power_ok = False
    let_pass(rtu, 20, 2.7)
    assert running(rtu) == []
    assert not any(rtu.is_ready(pump) for pump in rtu.pumps)


def test_a_pump_rests_for_its_minimum_off_time() -> None:
    rtu = station(Mode.REMOTE)
    let_pass(rtu, 1, 2.0)
    rtu.start_remotely(0)
    rtu.stop_remotely(0)
    rtu.start_remotely(0)
    assert running(rtu) == []
    rtu.watchdog_age_s = 0
    let_pass(rtu, 59, 2.0)
    assert not rtu.is_ready(rtu.pumps[0])
    rtu.watchdog_age_s = 0
    let_pass(rtu, 2, 2.0)
    assert rtu.is_ready(rtu.pumps[0])


# --- who rules -----------------------------------------------------------------------------------------------
def test_in_remote_mode_the_rtu_leaves_the_pumps_to_the_master() -> None:
    rtu = station(Mode.REMOTE)
    for counter in range(1, 30):
        rtu.hear_master(counter)
        let_pass(rtu, 5, 3.0)
    assert running(rtu) == []
    rtu.start_remotely(1)
    assert running(rtu) == [2]


def test_a_silent_master_is_replaced_by_the_own_automatic_after_the_limit() -> None:
    rtu = station(Mode.REMOTE)
    rtu.hear_master(7)
    let_pass(rtu, 59, 3.0)
    assert rtu.mode is Mode.REMOTE
    let_pass(rtu, 2, 3.0)
    assert rtu.mode is Mode.AUTOMATIC
    assert running(rtu) != []


def test_the_same_counter_again_is_no_sign_of_life() -> None:
    rtu = station(Mode.REMOTE)
    for _ in range(61):
        rtu.hear_master(7)
        rtu.step(1, at(1.0))
    assert rtu.mode is Mode.AUTOMATIC


def test_pulses_do_nothing_in_the_own_automatic_or_with_the_key_at_local() -> None:
    automatic, local = station(Mode.AUTOMATIC), station(Mode.REMOTE)
    local.key_at_remote = False
    for rtu in (automatic, local):
        rtu.step(1, at(1.2))
        rtu.start_remotely(0)
        assert running(rtu) == []


def test_with_the_key_at_local_nobody_controls_but_protections_stay() -> None:
    rtu = station()
    let_pass(rtu, 10, 1.7)
    rtu.key_at_remote = False
    let_pass(rtu, 100, 3.0)
    assert len(running(rtu)) == 1
    let_pass(rtu, 1, 0.4)
    assert running(rtu) == []


def test_a_stretch_of_own_control_does_not_miss_the_master() -> None:
    rtu = station(Mode.REMOTE)
    for _ in range(1800):
        rtu.step(1, at(1.7), own_control=True)
    assert rtu.mode is Mode.REMOTE
    assert len(running(rtu)) == 1


# --- counters ------------------------------------------------------------------------------------------------
def test_hours_starts_and_energy_are_counted() -> None:
    rtu = station()
    let_pass(rtu, 3600, 1.7)
    pump = rtu.pumps[0]
    assert pump.starts == 1
    assert pump.run_s == pytest.approx(3600, abs=6)
    assert rtu.energy_kwh == pytest.approx(75 * 0.96, rel=0.03)
    assert pump.bearing_c > 50


def test_the_duty_pump_is_the_one_that_has_run_longest() -> None:
    rtu = station(Mode.REMOTE)
    rtu.step(1, at(2.0))
    assert rtu.running_duty_pump() is None
    rtu.start_remotely(2)
    rtu.step(1, at(2.0))
    rtu.start_remotely(0)
    rtu.step(1, at(2.0))
    assert rtu.running_duty_pump() == 2


def test_the_gate_travels_and_stops() -> None:
    rtu = station(Mode.REMOTE, gate=True)
    assert rtu.gate is not None
    rtu.gate.open()
    let_pass(rtu, 45, 1.0)
    assert rtu.gate.position == pytest.approx(0.5)
    rtu.gate.halt()
    let_pass(rtu, 45, 1.0)
    assert rtu.gate.position == pytest.approx(0.5)
    rtu.gate.open()
    let_pass(rtu, 60, 1.0)
    assert (rtu.gate.position, rtu.gate.direction) == (1.0, 0)
