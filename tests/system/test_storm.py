"""A storm over the whole city: real registers, real hydraulics, a real broker; and the broker killed in the middle."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.rabbitmq import PrivateBroker
from infra.simulator.control import SimulatorClient
from shared.clock import CityClock
from tests.system.city import Command, Desk, city
from tests.waiting import eventually

RATE = 15.0
STATION = "xinhua"
STANDBY_S_MAX = 10.0
POLL_S = 1.0
LEVEL_M_MAX = 6.5
"""The anchor with two of three pumps for the whole storm is 6.38 m."""
STARTS_PER_HOUR_MAX = 6
MINUTES = 5.0
PEAK_BEHIND_MINUTE = 66.0


@dataclass
class Storm:
    """The city in the storm, and what its simulator says it did."""

    data: Path
    command: Command
    broker: PrivateBroker
    sim: SimulatorClient
    desk: Desk
    clock: CityClock
    level_m_max: float = 0.0

    def look(self) -> dict[str, Any]:
        status = self.sim.status()
        self.level_m_max = max(self.level_m_max, status["stations"][STATION]["level_m"])
        return status

    def now(self) -> datetime:
        """City time to the microsecond, from the clock file that every process follows."""
        self.look()
        return self.clock.now()

    def running(self, station: str = STATION) -> list[int]:
        return list(self.look()["stations"][station]["running"])

    def wait_until(self, moment: datetime) -> None:
        left_s = (moment - self.now()).total_seconds()
        eventually(lambda: self.now() >= moment, within_s=left_s / RATE * 2 + 30)

    def kept(self, service: str, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(f"file:{self.data / service}.sqlite?mode=ro", uri=True, timeout=10) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def storm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storm]:
    folder = tmp_path_factory.mktemp("storm")
    broker = PrivateBroker(folder / "broker")
    broker.start()
    data = folder / "var"
    try:
        with city(data, AMQP_URI=broker.amqp_uri) as command:
            accounts = command.wait_until_ready()
            desk = Desk(command.url, "dispatcher", accounts["dispatcher"])
            found = Storm(data, command, broker, SimulatorClient(data), desk, CityClock(data / "clock.json"))
            eventually(lambda: all(s["mode"] == "remote" for s in found.look()["stations"].values()), within_s=40)
            yield found
            desk.http.close()
    finally:
        broker.stop()


@pytest.mark.timeout(420)
def test_the_running_duty_pump_trips_in_the_storm(storm: Storm) -> None:
    storm.sim.rate(RATE)
    storm.sim.storm(3, at_minute=30)
    began = storm.now() - timedelta(minutes=30)
    storm.wait_until(began + timedelta(minutes=30 + MINUTES))
    duty = eventually(lambda: _only(storm.running()), within_s=90)

    tripped_at = storm.clock.now()
    tripped = storm.sim.trip_pump(STATION)
    assert tripped == duty
    assert storm.running() == []  # nobody stood in before it tripped
    standby = eventually(storm.running, within_s=STANDBY_S_MAX)
    stood_in_s = (storm.clock.now() - tripped_at).total_seconds()
    assert tripped not in standby
    assert stood_in_s <= STANDBY_S_MAX

    alarm_id = f"{STATION}~pump{tripped}_tripped"
    alarm = eventually(lambda: storm.desk.alarm(alarm_id), within_s=10)
    assert alarm is not None
    raised_s = (datetime.fromisoformat(alarm["raised_at"]) - tripped_at).total_seconds()
    assert raised_s <= 2 * POLL_S
    assert storm.desk.acknowledge(alarm).status_code == 200

    storm.wait_until(began + timedelta(minutes=PEAK_BEHIND_MINUTE))
    print(f"standby after {stood_in_s:.1f} s, alarm after {raised_s:.1f} s, highest level {storm.level_m_max:.2f} m")
    assert storm.level_m_max <= LEVEL_M_MAX
    stations = storm.look()["stations"].values()
    assert max(starts for station in stations for starts in station["starts_last_hour"]) <= STARTS_PER_HOUR_MAX

    lines = storm.desk.journal(asset=STATION)
    told = Counter((line["event"], line["data"].get("command_id") or line["data"].get("condition")) for line in lines)
    assert told["condition_raised", f"pump{tripped}_tripped"] == 1
    commands = {key for event, key in told if event == "command_sending"}
    assert commands
    for command_id in commands:
        events = {event: count for (event, key), count in told.items() if key == command_id}
        assert events["command_sending"] == 1
        assert sum(events.values()) == 2, events


@pytest.mark.timeout(300)
def test_the_broker_killed_in_the_storm_loses_and_doubles_nothing(storm: Storm) -> None:
    other = "kaiping"
    storm.sim.restore("everything")
    storm.sim.storm(3, at_minute=40)
    storm.broker.kill()
    away_since = storm.now()
    eventually(lambda: storm.running(other), within_s=60)
    tripped = storm.sim.trip_pump(other)
    eventually(lambda: [pump for pump in storm.running(other) if pump != tripped], within_s=20)
    storm.wait_until(away_since + timedelta(minutes=5))
    storm.broker.start()

    alarm_id = f"{other}~pump{tripped}_tripped"
    eventually(lambda: storm.desk.alarm(alarm_id), within_s=60)
    eventually(lambda: storm.kept("flood", "select count(*) from outbox") == [(0,)], within_s=30)
    sources = storm.kept("flood", "select subject, seq from outbox_sequence")
    assert len(sources) == 3
    for subject, last in sources:
        query = (
            "select count(*), count(distinct seq), max(seq) from journal "
            f"where area = '{subject}' and source like 'flood/%' and seq <= {last}"
        )
        told = eventually(lambda: _if_all(storm.kept("history", query), last), within_s=30)  # noqa: B023 - at once
        assert [(last, last, last)] == told
    ended = storm.kept("flood", "select count(*) from ledger where state = 'sending'")
    assert ended <= [(3,)]
    occurrences = storm.kept("alarms", f"select occurrence from alarm where id = '{alarm_id}'")
    assert occurrences == [(1,)]


def _only(running: list[int]) -> int | None:
    return running[0] if len(running) == 1 else None


def _if_all(told: list[tuple[Any, ...]], last: int) -> list[tuple[Any, ...]] | None:
    return told if told[0][2] == last else None
