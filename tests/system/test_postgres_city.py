"""`make run` with DATABASE_URL: the same city, its data in PostgreSQL, and a second run that goes on with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from infra.local.postgres import PrivateDatabase
from infra.simulator.control import SimulatorClient
from shared.bus.topology import PROCESSES
from tests.system.city import Desk, city
from tests.waiting import eventually

STATION = "xinhua"


@pytest.mark.timeout(300)
def test_the_city_runs_on_postgresql_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "var"
    with PrivateDatabase(tmp_path / "postgres") as database:
        with city(data, DATABASE_URL=database.database_url) as command:
            accounts = command.wait_until_ready()
            desk = Desk(command.url, "dispatcher", accounts["dispatcher"])
            simulator = SimulatorClient(data)
            eventually(lambda: "remote" == simulator.status()["stations"][STATION]["mode"], within_s=40)
            siren = desk.operate(f"{STATION}-underpass", "siren_on")
            assert "verified" == desk.ended(siren)["state"]
            simulator.contact(STATION, "power_ok", on=False)
            alarm = eventually(lambda: _alarm(desk, STATION), within_s=20)
            answer = desk.acknowledge(alarm)
            assert 200 == answer.status_code, answer.text
            journal = eventually(lambda: _complete(desk, alarm["id"]), within_s=20)
            desk.http.close()
        assert not list(data.glob("*.sqlite"))
        assert {process.service for process in PROCESSES} <= _schemas(database.database_url)

        with city(data, DATABASE_URL=database.database_url) as command:
            assert accounts == command.wait_until_ready()
            desk = Desk(command.url, "dispatcher", accounts["dispatcher"])
            again = eventually(lambda: desk.alarm(alarm["id"]), within_s=20)
            assert again["acknowledged"]
            assert "verified" == desk.ended(siren)["state"]
            assert {line["id"] for line in journal} <= {line["id"] for line in desk.journal()}
            desk.http.close()


def _alarm(desk: Desk, asset: str) -> dict[str, Any] | None:
    return next((each for each in desk.get("/api/alarms") if each["asset"] == asset), None)


def _complete(desk: Desk, alarm: str) -> list[dict[str, Any]]:
    """The journal once it holds the command's end and the alarm's acknowledgement."""
    lines = desk.journal(asset=f"{STATION}-underpass") + desk.journal(asset=STATION)
    events = {line["event"] for line in lines}
    return lines if {"command_verified", "alarm_acknowledged"} <= events else []


def _schemas(url: str) -> set[str]:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = set(connection.scalars(sa.text("SELECT DISTINCT schemaname FROM pg_stat_user_tables")))
    engine.dispose()
    return found
