"""PostgreSQL away for an hour of city time with the pumps running: they run on, people go on seeing, and it is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from infra.local.postgres import PrivateDatabase
from infra.simulator.control import SimulatorClient
from shared.clock import CityClock
from shared.database import BUSY_S_MAX
from tests.system.city import Command, Desk, city
from tests.waiting import eventually

RATE = 60.0
STATION = "xinhua"
OTHER = "kaiping"
STORM_RATE = 15.0
STANDBY_S_MAX = 10.0
LEVEL_M_MAX = 6.5
"""The anchor with two of three pumps for the whole storm is 6.38 m."""
HOUR = timedelta(hours=1)
SERVICES = {"alarms", "flood", "gateway", "history"}


@dataclass
class Outage:
    data: Path
    command: Command
    database: PrivateDatabase
    sim: SimulatorClient
    desk: Desk
    clock: CityClock

    def now(self) -> datetime:
        self.sim.status()
        return self.clock.now()

    def checks(self) -> dict[str, dict[str, Any]]:
        """By service, its checks."""
        found: dict[str, dict[str, Any]] = {}
        for each in self._snapshot_services():
            found[each["service"]] = each["checks"]
        return found

    def away(self) -> set[str]:
        return {name for name, checks in self.checks().items() if checks["database"]["code"] == "database_away"}

    def level_age_s(self) -> float:
        readings = self.desk.get("/api/readings", asset=STATION)
        return float(next(each["age_s"] for each in readings if each["point"] == "level_wet_well"))

    def alarms(self, condition: str) -> list[dict[str, Any]]:
        return [each for each in self.desk.get("/api/alarms") if each["condition"].startswith(condition)]

    def _snapshot_services(self) -> list[dict[str, Any]]:
        services: list[dict[str, Any]] = self.desk.get("/api/health")["services"]
        return services


@pytest.fixture
def outage(tmp_path: Path) -> Iterator[Outage]:
    data = tmp_path / "var"
    with (
        PrivateDatabase(tmp_path / "postgres") as database,
        city(data, DATABASE_URL=database.database_url) as command,
    ):
        accounts = command.wait_until_ready()
        desk = Desk(command.url, "dispatcher", accounts["dispatcher"])
        found = Outage(data, command, database, SimulatorClient(data), desk, CityClock(data / "clock.json"))
        eventually(lambda: all(s["mode"] == "remote" for s in found.sim.status()["stations"].values()), within_s=40)
        yield found
        desk.http.close()


@pytest.mark.timeout(300)
def test_a_database_away_for_an_hour_of_rain(outage: Outage) -> None:
    sim, desk = outage.sim, outage.desk
    outage.sim.rate(RATE)
    sim.storm(3, at_minute=30)
    running = eventually(lambda: sim.status()["stations"][STATION]["running"], within_s=60)
    outage.database.kill()
    since = outage.now()

    tripped = sim.trip_pump(STATION)
    assert tripped in running
    eventually(lambda: [pump for pump in sim.status()["stations"][STATION]["running"] if pump != tripped], within_s=30)
    sim.contact(OTHER, "power_ok", on=False)
    eventually(lambda: SERVICES <= outage.away(), within_s=40)
    assert desk.get("/api/readings", asset=STATION)[0]["age_s"] < 60 * RATE, "who was signed in goes on seeing"
    refused = httpx.post(f"{outage.command.url}/api/session", json={"username": "dispatcher", "password": "x"})
    assert (503, "database_unavailable") == (refused.status_code, refused.json()["error"]["code"])
    wish = {"asset": f"{STATION}-underpass", "command": "siren_on", "params": {}, "reason": ""}
    answer = desk.http.post("/api/commands", json=wish, headers={"Idempotency-Key": "of-the-outage"})
    assert 503 == answer.status_code, "a command needs its ledger"
    eventually(lambda: outage.now() >= since + HOUR, within_s=120)
    assert sim.status()["stations"][STATION]["level_m"] < LEVEL_M_MAX

    sim.rate(1)
    outage.database.start()
    back = outage.now()
    eventually(lambda: not outage.away(), within_s=60)
    told = eventually(lambda: _four(outage.alarms("database_away")), within_s=60)
    for alarm in told:
        assert datetime.fromisoformat(alarm["raised_at"]) < since + HOUR / 2
    eventually(lambda: all(not each["active"] for each in outage.alarms("database_away")), within_s=60)
    assert ["RTNUN"] * 4 == [each["state"] for each in outage.alarms("database_away")], "somebody must see it"
    alarm = eventually(lambda: desk.alarm(f"{STATION}~pump{tripped}_tripped"), within_s=60)
    assert alarm is not None
    assert since <= datetime.fromisoformat(alarm["raised_at"]) <= since + HOUR / 2, "with the time at which it was so"
    eventually(lambda: desk.alarm(f"{OTHER}~power_lost"), within_s=60)
    eventually(lambda: not _unknown_s(outage, since, back), within_s=60)


@pytest.mark.timeout(200)
def test_a_database_that_hangs_holds_no_pump_up(outage: Outage) -> None:
    sim = outage.sim
    sim.rate(STORM_RATE)
    sim.storm(3, at_minute=30)
    eventually(lambda: sim.status()["stations"][STATION]["running"], within_s=90)
    started = outage.now()
    eventually(lambda: outage.now() > started + timedelta(minutes=3), within_s=60)  # its start is proven by then
    running = eventually(lambda: sim.status()["stations"][STATION]["running"], within_s=90)
    engine = sa.create_engine(outage.database.database_url)
    with engine.begin() as connection:
        for table in ("outbox", "outbox_moved", "ledger"):
            connection.execute(sa.text(f"LOCK TABLE flood.{table} IN ACCESS EXCLUSIVE MODE"))
        tripped = sim.trip_pump(STATION)
        assert tripped in running
        since = outage.now()
        eventually(lambda: [each for each in sim.status()["stations"][STATION]["running"] if each != tripped], 30)
        assert outage.now() - since < timedelta(seconds=STANDBY_S_MAX)
        eventually(lambda: not outage.checks()["flood"]["database"]["ok"], within_s=30)
        sim.rate(1)
        ends_at = outage.now() + timedelta(seconds=3 * BUSY_S_MAX)
        ages_s = [0.0]
        eventually(lambda: ages_s.append(outage.level_age_s()) or outage.now() >= ends_at, within_s=60)
        assert max(ages_s) < BUSY_S_MAX, "no scan waits as long as the database's own work does"
        eventually(lambda: outage.alarms("database_"), within_s=30)
        assert "flood" == outage.alarms("database_")[0]["asset"]
    engine.dispose()
    eventually(lambda: outage.desk.alarm(f"{STATION}~pump{tripped}_tripped"), within_s=30)
    eventually(lambda: all(not each["active"] for each in outage.alarms("database_")), within_s=100)


def _four(alarms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return alarms if len(alarms) == 4 else []


def _unknown_s(outage: Outage, since: datetime, back: datetime) -> float:
    """What the archive lacks of the hour."""
    asked = {"asset": STATION, "point": "level_wet_well", "from": since.isoformat(), "to": back.isoformat()}
    trend = outage.desk.get("/api/trends", **asked, points_max=200)
    return sum(
        (datetime.fromisoformat(gap["end"]) - datetime.fromisoformat(gap["begin"])).total_seconds()
        for gap in trend["gaps"]
    )
