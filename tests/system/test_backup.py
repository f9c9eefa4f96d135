"""A running city is saved, ends, and goes on elsewhere with a new broker."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.simulator.control import SimulatorClient
from tests.system.city import Desk, city
from tests.waiting import eventually

STATION = "xinhua"


@pytest.mark.timeout(400)
def test_a_saved_city_goes_on_elsewhere_with_a_new_broker(tmp_path: Path) -> None:
    data, elsewhere, file = tmp_path / "var", tmp_path / "elsewhere", tmp_path / "city.backup"
    with city(data) as command:
        accounts = command.wait_until_ready()
        desk = Desk(command.url, "dispatcher", accounts["dispatcher"])
        simulator = SimulatorClient(data)
        eventually(lambda: "remote" == simulator.status()["stations"][STATION]["mode"], within_s=40)
        siren = desk.operate(f"{STATION}-underpass", "siren_on")
        assert "verified" == desk.ended(siren)["state"]
        simulator.contact(STATION, "power_ok", on=False)
        alarm = eventually(lambda: _alarm(desk), within_s=20)
        assert 200 == desk.acknowledge(alarm).status_code
        journal = eventually(lambda: _complete(desk), within_s=20)
        _run(data, "backup", str(file))
        simulator.contact(STATION, "power_ok", on=True)  # what happens after the backup, under numbers used again
        eventually(lambda: (_alarm(desk) or {"state": "gone"})["state"] != alarm["state"], within_s=20)
        desk.http.close()

    _run(elsewhere, "restore", str(file))
    _goes_on(elsewhere, accounts, siren, alarm, journal)
    refused = _urbanops(data, "restore", str(file))
    assert 1 == refused.returncode
    assert "--replace" in refused.stdout


def _goes_on(
    data: Path, accounts: dict[str, str], siren: str, alarm: dict[str, Any], journal: list[dict[str, Any]]
) -> None:
    with city(data) as command:
        assert accounts == command.wait_until_ready()
        desk = Desk(command.url, "dispatcher", accounts["dispatcher"])
        again = eventually(lambda: desk.alarm(alarm["id"]), within_s=30)
        assert again["acknowledged"]
        assert "verified" == desk.ended(siren)["state"]
        ids = [line["id"] for line in desk.journal()]
        assert {line["id"] for line in journal} <= set(ids)
        assert len(set(ids)) == len(ids)
        simulator = SimulatorClient(data)
        eventually(lambda: "remote" == simulator.status()["stations"][STATION]["mode"], within_s=40)
        command_id = eventually(lambda: _operated(desk), within_s=60)  # refused while the owner takes over
        eventually(lambda: _told(desk, command_id), within_s=20)
        verified = _urbanops(data, "audit", "verify")
        assert 0 == verified.returncode, verified.stdout
        desk.http.close()


def _operated(desk: Desk) -> str | None:
    command_id = desk.operate(f"{STATION}-underpass", "siren_on")
    ended = desk.ended(command_id)
    assert "verified" == ended["state"], ended
    return command_id


def _told(desk: Desk, command_id: str) -> bool:
    """The new event of the restored owner is in the journal: nobody took it for an old one."""
    lines = desk.journal(asset=f"{STATION}-underpass")
    return any(line["event"] == "command_verified" and command_id in str(line) for line in lines)


def _alarm(desk: Desk) -> dict[str, Any] | None:
    return next((each for each in desk.get("/api/alarms") if each["asset"] == STATION), None)


def _complete(desk: Desk) -> list[dict[str, Any]]:
    lines = desk.journal(asset=f"{STATION}-underpass") + desk.journal(asset=STATION)
    return lines if {"command_verified", "alarm_acknowledged"} <= {line["event"] for line in lines} else []


def _run(data: Path, *words: str) -> None:
    done = _urbanops(data, *words)
    assert 0 == done.returncode, done.stdout + done.stderr


def _urbanops(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [str(Path(sys.executable).with_name("urbanops")), *words]
    environment = {**os.environ, "DATA_DIR": str(data), "AMQP_URI": "amqp://nobody@127.0.0.1//"}
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, timeout=120)
