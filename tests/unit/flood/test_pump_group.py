"""Group control, played second by second."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.flood.domain import pump_group
from services.flood.domain.station import HOUR_S
from tests.unit.flood.stations import RULES, RUNNING, STOPPED, TRIPPED, Play

HOUR = int(HOUR_S)


def test_pumps_start_one_after_the_other_as_the_level_rises() -> None:
    play = Play()
    assert [] == play.wobble(1.4, 5)
    assert ["pump1_start"] == play.wobble(1.6, 5)
    assert ["pump2_start"] == play.wobble(2.1, 5)
    assert ["pump3_start"] == play.wobble(2.5, 5)


def test_two_starts_are_apart() -> None:
    play = Play()
    assert ["pump1_start"] == play.step(2.6)
    assert [] == play.step(2.61)
    assert ["pump2_start"] == play.step(2.6)


def test_a_pump_runs_between_its_levels_and_stops_below() -> None:
    play = Play()
    play.wobble(1.6, 3)
    assert [] == play.wobble(1.2, 90)
    assert ["pump1_stop"] == play.wobble(0.85, 3)


def test_minimum_run_and_off_times_hold() -> None:
    play = Play()
    play.wobble(1.6, 3)
    assert [] == play.wobble(0.85, 55)
    assert ["pump1_stop"] == play.wobble(0.85, 10)
    play.pumps[1] = play.pumps[2] = TRIPPED
    assert [] == play.wobble(1.6, 50)
    assert ["pump1_start"] == play.wobble(1.6, 12)


def test_the_duty_alternates() -> None:
    play = Play()
    first = []
    for _ in range(4):
        first += [command for command in play.wobble(1.6, 70) if command.endswith("start")]
        play.wobble(0.8, 70)
    assert ["pump1_start", "pump2_start", "pump3_start", "pump1_start"] == first


def test_a_tripped_duty_pump_is_replaced_at_once_though_the_level_is_between() -> None:
    play = Play()
    play.wobble(1.6, 3)
    play.wobble(1.2, 20)
    play.trip(1)
    assert ["pump2_start"] == play.step(1.2)


def test_a_pump_that_trips_while_its_start_waits_for_its_proof_is_replaced_at_once() -> None:
    play = Play(obeys=False)
    assert ["pump1_start"] == play.wobble(1.6, 3)
    play.trip(1)
    assert ["pump2_start"] == play.step(1.6)


def test_a_pump_that_did_not_start_is_left_alone_and_the_next_takes_its_place() -> None:
    play = Play(obeys=False)
    assert ["pump1_start"] == play.wobble(1.6, 5)
    play.station = pump_group.ended(play.station, 1, "start", "failed", play.now_s)
    assert ["pump2_start"] == play.wobble(1.6, 5)


def test_a_start_that_was_never_sent_is_tried_again_soon() -> None:
    play = Play(obeys=False)
    play.pumps[1] = play.pumps[2] = TRIPPED
    assert ["pump1_start"] == play.wobble(1.6, 5)
    play.station = pump_group.ended(play.station, 1, "start", "not_sent", play.now_s)
    assert ["pump1_start"] == play.wobble(1.6, 5)


def test_a_stop_that_an_interlock_refuses_keeps_no_standby_from_starting() -> None:
    play = Play(obeys=False)
    play.pumps[0] = replace(RUNNING, current_a=3.0)
    asked = []
    for _ in range(24):
        asked += play.wobble(2.1, 1)
        if asked and asked[-1] == "pump1_stop":
            play.station = pump_group.ended(play.station, 1, "stop", "not_sent", play.now_s)
    assert "pump2_start" in asked
    assert 3 == asked.count("pump1_stop")


def test_the_end_of_a_start_that_a_stop_has_overtaken_changes_nothing() -> None:
    play = Play(obeys=False)
    play.wobble(1.6, 3)
    play.pumps[0] = RUNNING
    assert ["pump1_stop"] == play.step(0.55)
    play.station = pump_group.ended(play.station, 1, "start", "proven", play.now_s)
    assert [] == play.run(0.55, 5)


def test_after_a_restart_a_pump_that_runs_between_its_levels_runs_on() -> None:
    play = Play(pumps=[RUNNING, STOPPED, STOPPED])
    assert [] == play.wobble(1.2, 60)
    assert ["pump1_stop"] == play.wobble(0.85, 3)


def test_a_pump_is_not_asked_twice() -> None:
    play = Play(obeys=False)
    assert ["pump1_start"] == play.wobble(1.6, 30)


@pytest.mark.parametrize(("more", "level_m"), [({}, 0.55), ({"low_water": True}, None)])
def test_dry_running_is_stopped_whatever_the_minimum_run(more: dict[str, object], level_m: float | None) -> None:
    play = Play()
    play.wobble(1.6, 3)
    play.more = more
    assert ["pump1_stop"] == play.step(level_m)


def test_a_pump_without_load_is_stopped_and_another_takes_over() -> None:
    play = Play()
    play.wobble(1.6, 3)
    play.pumps[0] = STOPPED.__class__(running=True, fault=False, remote=True, ready=True, current_a=3.0)
    assert ["pump1_stop", "pump2_start"] == play.wobble(1.6, 20)


def test_the_high_float_runs_all_pumps_when_the_level_meter_is_bad() -> None:
    play = Play()
    play.more = {"high_float": True}
    assert ["pump1_start", "pump2_start", "pump3_start"] == play.run(None, 10)


def test_a_frozen_level_meter_is_found_by_the_high_float_within_a_minute() -> None:
    play = Play()
    play.run(1.2, 300)
    play.more = {"high_float": True}
    assert "pump1_start" in play.run(1.2, 10)
    assert not play.station.trust.trusted


def test_a_level_that_does_not_move_after_a_start_is_not_believed() -> None:
    play = Play()
    assert ["pump1_start"] == play.run(1.6, 40)
    assert play.station.trust.trusted
    play.run(1.6, 10)
    assert not play.station.trust.trusted


def test_a_frozen_low_level_trips_nothing() -> None:
    play = Play()
    play.wobble(1.6, 3)
    play.run(0.7, 3)
    play.more = {"high_float": True}
    play.run(0.7, 10)
    assert not play.station.trust.trusted
    assert [] == [command for command in play.run(0.5, 20) if command.endswith("_stop")]


def test_a_level_meter_that_lives_and_agrees_is_believed_again() -> None:
    play = Play()
    play.run(None, 10)
    assert not play.station.trust.trusted
    play.wobble(1.2, 65)
    assert play.station.trust.trusted


def test_a_lost_link_says_nothing_about_the_level_meter() -> None:
    play = Play()
    play.wobble(1.2, 10)
    play.more = {"high_float": None, "low_water": None}
    play.run(None, 120)
    assert play.station.trust.trusted
    play.more = {}
    play.wobble(1.2, 1)
    assert play.station.believes_level


def test_a_single_reading_that_is_lost_says_nothing_about_the_level_meter_and_the_floats_decide_meanwhile() -> None:
    play = Play(more={"high_float": True})
    play.wobble(5.6, 3)
    assert "pump3_start" in play.run(None, 3)
    assert not play.station.believes_level
    play.more = {}
    play.wobble(1.2, 1)
    assert play.station.believes_level


def test_a_low_float_stops_the_pumps_though_the_level_was_lost_only_now() -> None:
    play = Play()
    play.wobble(1.6, 3)
    play.more = {"low_water": True}
    assert ["pump1_stop"] == play.step(None)


def test_without_level_and_floats_it_stays_as_it_is() -> None:
    play = Play()
    play.wobble(2.1, 5)
    assert 2 == len(play.running)
    play.more = {"high_float": None, "low_water": None}
    assert [] == play.run(None, 120)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"key_remote": False}, []),
        ({"key_remote": None}, []),
        ({"rtu_remote": None}, []),
        ({"rtu_remote": False}, ["take_rtu_remote"]),
    ],
)
def test_only_a_station_that_obeys_the_platform_is_touched(more: dict[str, object], expected: list[str]) -> None:
    play = Play(more=more, obeys=False)
    assert expected == play.wobble(2.6, 20)


def test_a_station_that_was_given_to_its_rtu_is_left_to_it() -> None:
    play = Play(more={"rtu_remote": False})
    play.station = play.station.__class__(rules=RULES, pumps=play.station.pumps, released_to_rtu=True)
    assert [] == play.wobble(2.6, 60)


def test_a_pump_by_hand_is_left_alone_until_it_is_returned_or_expires() -> None:
    play = Play()
    play.wobble(1.0, 2)
    play.station = pump_group.taken_by_hand(play.station, 1, play.now_s)
    assert ["pump2_start"] == play.wobble(1.6, 5)
    play.station = pump_group.returned_to_group(play.station, 1)
    assert ["pump1_start"] == play.wobble(2.1, 5)
    play.station = pump_group.taken_by_hand(play.station, 3, play.now_s)
    assert [] == pump_group.expired(play.station, play.now_s + RULES.by_hand_s - 1)
    assert [3] == pump_group.expired(play.station, play.now_s + RULES.by_hand_s)


def test_a_pump_that_runs_by_hand_counts() -> None:
    play = Play()
    play.wobble(1.0, 2)
    play.station = pump_group.taken_by_hand(play.station, 2, play.now_s)
    play.pumps[1] = RUNNING
    assert [] == play.wobble(1.6, 10)


def test_a_pump_that_ran_for_hours_rests_like_any_other() -> None:
    """Its only start is more than an hour ago, and no longer counted."""
    play = Play()
    play.wobble(1.6, 3)
    assert [0] == [at for at, pump in enumerate(play.pumps) if pump.running]
    play.wobble(1.2, HOUR + 10)
    play.wobble(0.75, 3)
    assert not any(pump.running for pump in play.pumps)
    play.station = replace(play.station, next_first=0)
    assert "pump1_start" not in play.wobble(1.6, 20)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.3, 6.0), st.integers(20, 400), st.booleans()), min_size=5, max_size=25))
def test_starts_per_hour_and_pauses_hold_whatever_the_level_does(moves: list[tuple[float, int, bool]]) -> None:
    play = Play()
    started: dict[str, list[float]] = {}
    stopped: dict[str, float] = {}
    for level_m, seconds, float_up in moves:
        play.more = {"high_float": float_up}
        for at in range(seconds):
            for command in play.step(level_m + 0.01 * (at % 3)):
                pump = command.partition("_")[0]
                if command.endswith("_start"):
                    assert play.now_s - stopped.get(pump, -1e9) >= RULES.min_off_s
                    started.setdefault(pump, []).append(play.now_s)
                else:
                    stopped[pump] = play.now_s
    for moments in started.values():
        for begin in moments:
            assert sum(1 for at in moments if begin <= at < begin + HOUR) <= RULES.starts_per_hour_max
