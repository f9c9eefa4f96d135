"""Flood control as a process of its own, before one small station."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shared.bus.tap import Tap
from shared.clock import Anchor, write_anchor
from shared.contracts.codec import decode
from shared.contracts.message import Event
from tests.integration.flood.desk import AREA, ASSET, Desk
from tests.integration.flood.station_device import STATION_CODE, StationDevice, serving

RATE = 6.0
"""City seconds a wall second: fifteen seconds of proof are waited out in two and a half."""
CLOCK = "clock.json"
SITE = f"""\
site: site/v1
id: town
title: {{zh: 镇, en: Town}}
time_zone: Asia/Shanghai
variables: {{port: "1"}}
areas:
  - {{id: {AREA}, name: {{zh: 一, en: One}}, outline: [[118, 39], [118.1, 39], [118, 39.1]]}}
assets:
  - id: {ASSET}
    trade: flood
    kind: underpass_pump_station
    area: {AREA}
    name: {{zh: 井, en: Well}}
    location: {{lon: 118, lat: 39}}
    details:
      pumps: 1
      pump_capacity_m3_per_s: 0.75
      wet_well_area_m2: 60
      wet_well_depth_m: 7.0
      overflow_level_m: 7.0
      high_float_level_m: 5.5
      start_levels_m: [1.6]
      stop_levels_m: [0.8]
lines:
  - {{id: one, address: "tcp://127.0.0.1:${{port}}"}}
controllers:
  - id: rtu
    line: one
    unit: 1
    profile: drainage-pump-station
    asset: {ASSET}
    parameters: {{station_code: {STATION_CODE}, pumps: 1}}
"""


@dataclass
class FloodProcess:
    """`python -m services.flood` with its own folder; started again it goes on with what it had."""

    folder: Path
    port: int
    amqp_uri: str
    more: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self, module: str = "services.flood") -> None:
        environment = {
            **os.environ,
            "DATA_DIR": str(self.folder),
            "SITE": str(self.folder),
            "SITE_VARIABLES": f"port={self.port}",
            "AMQP_URI": self.amqp_uri,
            "CLOCK_FILE": str(self.folder / CLOCK),
            "TAKEOVER_QUIET_S": "6",
            **self.more,
        }
        with (self.folder / "flood.log").open("ab") as log:
            self.process = subprocess.Popen(  # the interpreter that runs the tests
                [sys.executable, "-m", module], env=environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """As if the machine lost its power."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(15)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What its database says; nothing while there is none."""
        path = self.folder / "flood.sqlite"
        if not path.exists():
            return []
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5) as connection:
            try:
                return connection.execute(query).fetchall()
            except sqlite3.OperationalError:
                return []  # not migrated yet
            finally:
                connection.rollback()

    def ledger(self) -> list[tuple[str, str]]:
        return [(str(command), str(state)) for command, state in self.rows("select command, state from ledger")]

    def log(self) -> str:
        return (self.folder / "flood.log").read_text()


@pytest.fixture
def device() -> StationDevice:
    return StationDevice()


@pytest.fixture
def port(device: StationDevice) -> Iterator[int]:
    with serving(device) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnish(tmp_path)


def furnish(folder: Path, starts_per_hour: int | None = None) -> Path:
    """The town's site and its clock."""
    site = SITE
    if starts_per_hour is not None:
        site = site.replace("pumps: 1}", f"pumps: 1, starts_per_hour: {starts_per_hour}}}").replace(
            "      pumps: 1\n", f"      pumps: 1\n      group: {{starts_per_hour_max: {starts_per_hour}}}\n"
        )
    (folder / "site.yaml").write_text(site, encoding="utf-8")
    write_anchor(folder / CLOCK, Anchor(wall_s=time.time(), city_s=time.time(), rate=RATE))
    return folder


@pytest.fixture
def flood(folder: Path, port: int, amqp_uri: str) -> Iterator[FloodProcess]:
    process = FloodProcess(folder, port, amqp_uri)
    yield process
    process.stop()


@pytest.fixture
def desk(amqp_uri: str, folder: Path) -> Iterator[Desk]:
    found = Desk(amqp_uri, folder / CLOCK)
    yield found
    found.sender.close()


@pytest.fixture
def events(amqp_uri: str) -> Iterator[list[Event]]:
    """What is said on the bus from now on."""
    heard: list[Event] = []
    opened = threading.Event()
    tap = Tap(amqp_uri, "gateway", opened.set, lambda letter: heard.append(decode(letter)))
    tap.start()
    assert opened.wait(10)
    yield heard
    tap.stop()
