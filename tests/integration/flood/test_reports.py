"""A station calls whichever instance it reaches: its report comes to the owner of its area, once, and none is lost."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from infra.local.processes import free_ports
from shared.bus.frames import Frame, Row
from shared.bus.telemetry import StreamPlace, StreamReader
from shared.clock import CityClock
from shared.field.adapters.sl651.adapter import ADAPTER
from shared.field.adapters.sl651.frame import decode_frame
from tests.integration.flood.conftest import CLOCK, FloodProcess, furnish
from tests.waiting import eventually

ZONE = ZoneInfo("Asia/Shanghai")
STATION = ADAPTER.stations[0]
SITE = f"""\
site: site/v1
id: town
title: {{zh: 镇, en: Town}}
time_zone: Asia/Shanghai
variables: {{port: "1"}}
areas:
  - {{id: town/east/one, name: {{zh: 一, en: One}}, outline: [[118, 39], [118.1, 39], [118, 39.1]]}}
  - {{id: town/east/two, name: {{zh: 二, en: Two}}, outline: [[118, 39], [118.1, 39], [118, 39.1]]}}
assets:
  - {{id: creek, trade: flood, kind: river_gauge, area: town/east/one, name: {{zh: 溪, en: Creek}},
     location: {{lon: 118, lat: 39}}}}
  - {{id: pond, trade: flood, kind: river_gauge, area: town/east/two, name: {{zh: 塘, en: Pond}},
     location: {{lon: 118, lat: 39}}}}
lines:
  - {{id: hydrology, address: "sl651://127.0.0.1:${{port}}"}}
controllers:
  - {{id: creek-rtu, line: hydrology, station: "{STATION}", profile: telemetry-station, asset: creek}}
  - {{id: pond-rtu, line: hydrology, station: "{ADAPTER.stations[1]}", profile: telemetry-station, asset: pond}}
"""


class Town:
    """Two instances, each with an area of its own, and what comes out of them."""

    def __init__(self, folder: Path, amqp_uri: str) -> None:
        furnish(folder)
        self.site = folder / "site.yaml"
        self.site.write_text(SITE, encoding="utf-8")
        self.clock = CityClock(folder / CLOCK)
        areas = {"flood-1": "town/east/one", "flood-2": "town/east/two"}
        self.instances = {
            name: FloodProcess(folder, port, amqp_uri, {"INSTANCE": name, "AREAS_PREFERRED": area})
            for (name, area), port in zip(areas.items(), free_ports(2), strict=True)
        }
        self.rows: list[tuple[str, Row]] = []
        place = StreamPlace("first")
        self.reader = StreamReader(amqp_uri, "test", lambda: place, self._note)
        self.number = 0

    def _note(self, frame: Frame, _offset: int) -> None:
        self.rows += [(frame.source, row) for row in frame.rows if row.value is not None]

    def levels(self) -> list[tuple[str, object, str]]:
        """Who told of a level at the creek, each once."""
        told = {
            (source, row.value, row.quality, row.taken_us)
            for source, row in self.rows
            if (row.asset, row.point) == ("creek", "level")
        }
        return [each[:3] for each in sorted(told, key=lambda each: each[3])]

    def specimen(self, level_m: float, minutes_ago: float = 0.0, station: str = STATION) -> bytes:
        self.number += 1
        at = (self.clock.now() - timedelta(minutes=minutes_ago)).astimezone(ZONE).replace(second=0, microsecond=0)
        return ADAPTER.specimen(station, self.number, at, {"39": level_m})

    @contextmanager
    def call(self, instance: str) -> Iterator[socket.socket]:
        port = self.instances[instance].port

        def connected() -> socket.socket | None:
            try:
                return socket.create_connection(("127.0.0.1", port), 2)
            except OSError:
                return None

        with eventually(connected, within_s=20) as connection:  # type: ignore[union-attr]
            yield connection


def is_taken(connection: socket.socket, raw: bytes, within_s: float = 2.0) -> bool:
    connection.settimeout(within_s)
    connection.sendall(raw)
    try:
        answer = connection.recv(100)
    except TimeoutError:
        return False
    return decode_frame(answer).text[:2] == decode_frame(raw).text[:2]


@pytest.fixture
def town(tmp_path: Path, amqp_uri: str) -> Iterator[Town]:
    found = Town(tmp_path, amqp_uri)
    found.reader.start()
    yield found
    for process in found.instances.values():
        process.stop()
    found.reader.stop()


def test_report_that_another_instance_hears_reaches_its_owner(town: Town) -> None:
    first, second = town.instances["flood-1"], town.instances["flood-2"]
    town.site.write_text(SITE.partition("lines:")[0], encoding="utf-8")
    first.start()
    eventually(lambda: "area taken" in first.log(), within_s=20)
    town.site.write_text(SITE, encoding="utf-8")  # a city gets its first stations
    with town.call("flood-1") as connection:
        assert eventually(lambda: is_taken(connection, town.specimen(1.0, minutes_ago=12)), within_s=20)
    eventually(lambda: [("flood/flood-1", 1.0, "good")] == town.levels(), within_s=20)

    second.start()
    with town.call("flood-2") as connection:
        raw = town.specimen(2.0)
        assert eventually(lambda: is_taken(connection, raw), within_s=20), "it has forwarded it"
        assert is_taken(connection, raw), "sent again, as if the answer had been lost"
        assert is_taken(connection, town.specimen(1.5, minutes_ago=40)), "from the memory of the station"
    expected = [
        ("flood/flood-1", 1.5, "good.backfill"),
        ("flood/flood-1", 1.0, "good"),
        ("flood/flood-1", 2.0, "good"),
    ]
    eventually(lambda: expected == town.levels(), within_s=20)

    first.kill()
    with town.call("flood-2") as connection:
        raw = town.specimen(2.5)
        assert eventually(lambda: is_taken(connection, raw), within_s=20)
    eventually(lambda: ("flood/flood-2", 2.5) in [each[:2] for each in town.levels()], within_s=30)


def test_without_a_broker_an_owner_keeps_what_is_its_own_and_answers(tmp_path: Path) -> None:
    town = Town(tmp_path, f"amqp://guest:guest@127.0.0.1:{free_ports(1)[0]}/")
    first = town.instances["flood-1"]
    first.start()
    try:
        with town.call("flood-1") as connection:
            assert eventually(lambda: is_taken(connection, town.specimen(1.0), within_s=1), within_s=20)
            assert not is_taken(connection, town.specimen(1.0, station=ADAPTER.stations[1])), "nobody can keep it"
    finally:
        first.stop()
    spooled = b"".join(path.read_bytes() for path in (tmp_path / "spool").glob("flood-1-telemetry*"))
    assert b"creek" in spooled
    assert b"pond" not in spooled
