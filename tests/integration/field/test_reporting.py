"""Devices that report: over real sockets into the engine; answered when, and only when, their report is kept."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from shared.bus.frames import Readings
from shared.clock import WallClock
from shared.contracts.field import Report
from shared.errors import Malformed, Unavailable
from shared.field.adapters.sl651.adapter import ADAPTER
from shared.field.adapters.sl651.frame import HEAD_SIZE, decode_frame
from shared.field.address import Address
from shared.field.configuration import Configuration, load_configuration
from shared.field.engine import Engine
from shared.field.listener import GARBAGE_BYTES_MAX, Listener
from shared.field.unit import Lost, Unit
from tests.unit.field.operating import Quiet
from tests.waiting import eventually

ZONE = ZoneInfo("Asia/Shanghai")
FIRST, SECOND = ADAPTER.stations
AREA = "town/east/one"
SITE = """\
site: site/v1
id: town
title: {{zh: 镇, en: Town}}
time_zone: Asia/Shanghai
areas:
  - {{id: town/east/one, name: {{zh: 一, en: One}}, outline: [[118, 39], [118.1, 39], [118, 39.1]]}}
  - {{id: town/east/two, name: {{zh: 二, en: Two}}, outline: [[118, 39], [118.1, 39], [118, 39.1]]}}
assets:
  - {{id: one, trade: flood, kind: river_gauge, area: town/east/one, name: {{zh: 尺, en: G}},
     location: {{lon: 118, lat: 39}}}}
  - {{id: two, trade: flood, kind: river_gauge, area: town/east/two, name: {{zh: 尺, en: G}},
     location: {{lon: 118, lat: 39}}}}
lines:
  - {{id: hydrology, address: "sl651://127.0.0.1:{port}"}}
controllers:
  - {{id: one, line: hydrology, station: "{first}", profile: telemetry-station, asset: one{more}}}
  - {{id: two, line: hydrology, station: "{second}", profile: telemetry-station, asset: two}}
"""


def configured(folder: Path, *, more: str = "", second: str = SECOND) -> Configuration:
    text = SITE.format(port=5651, first=FIRST, second=second, more=more)
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    return load_configuration("flood", folder)


@dataclass
class Keeper:
    """Takes reports; `away` when it cannot."""

    taken: list[Report] = field(default_factory=list)
    away: bool = False

    def take(self, report: Report) -> None:
        if self.away:
            raise Unavailable("report_not_kept", controller="one")
        self.taken.append(report)


@contextmanager
def listening(keeper: Keeper) -> Iterator[int]:
    listener = Listener("hydrology", Address("own", "127.0.0.1", 0, adapter="sl651"), ADAPTER, ZONE, keeper.take)
    listener.start()
    try:
        yield listener.wait_port(5)
    finally:
        listener.stop()


def specimen(number: int, level_m: float = 1.5, station: str = FIRST, ago: timedelta = timedelta()) -> bytes:
    at = datetime.now(ZONE).replace(second=0, microsecond=0) - ago
    return ADAPTER.specimen(station, number, at, {"39": level_m, "26": 12.5})


def answer(connection: socket.socket) -> int:
    """The serial number that is acknowledged."""
    connection.settimeout(5)
    raw = connection.recv(100)
    return int.from_bytes(decode_frame(raw).text[:2], "big")


def test_report_is_answered_when_it_is_kept_and_not_before() -> None:
    keeper = Keeper(away=True)
    with listening(keeper) as port, socket.create_connection(("127.0.0.1", port)) as station:
        station.sendall(specimen(1))
        station.settimeout(0.3)
        with pytest.raises(TimeoutError):
            station.recv(1)
        keeper.away = False
        station.sendall(specimen(1))
        assert 1 == answer(station)
        assert 1 == len(keeper.taken)


def test_pieces_and_several_at_once_are_answered_each() -> None:
    keeper = Keeper()
    with listening(keeper) as port, socket.create_connection(("127.0.0.1", port)) as station:
        raw = specimen(1)
        for at in range(0, len(raw), HEAD_SIZE):
            station.sendall(raw[at : at + HEAD_SIZE])
        assert 1 == answer(station)
        station.sendall(specimen(2) + specimen(3))
        eventually(lambda: 3 == len(keeper.taken), 5)


def test_stations_are_heard_at_the_same_time_and_one_that_goes_disturbs_no_other() -> None:
    keeper = Keeper()
    with listening(keeper) as port:
        first = socket.create_connection(("127.0.0.1", port))
        with socket.create_connection(("127.0.0.1", port)) as second:
            first.sendall(specimen(1)[:20])
            second.sendall(specimen(2, station=SECOND))
            assert 2 == answer(second)
            first.close()
            second.sendall(specimen(3, station=SECOND))
            assert 3 == answer(second)


def test_whoever_speaks_another_protocol_is_hung_up_on() -> None:
    with listening(Keeper()) as port, socket.create_connection(("127.0.0.1", port)) as stranger:
        stranger.settimeout(5)
        stranger.sendall(b"GET / HTTP/1.1\r\n" * (GARBAGE_BYTES_MAX // 16 + 300))
        with suppress(ConnectionResetError):
            assert b"" == stranger.recv(100)


def test_address_of_somebody_else_is_told_and_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address("own", "127.0.0.1", taken.getsockname()[1], adapter="sl651")
        listener = Listener("hydrology", address, ADAPTER, ZONE, Keeper().take)
        listener.start()
        assert "in use" in str(eventually(lambda: listener.refusal, 5))
    assert listener.wait_port(5)
    assert listener.refusal is None
    listener.stop()


class Kept(Quiet):
    def __init__(self) -> None:
        self.backfill: list[Readings] = []
        self.reported: list[str] = []
        self.gaps: list[tuple[str, float]] = []

    def on_found_again(self, unit: Unit, lost: Lost, at_s: float) -> None:
        self.gaps.append((lost.cause, at_s - lost.since_s))

    def on_backfill(self, unit: Unit, readings: Readings) -> None:
        self.backfill.append(readings)

    def on_report(self, unit: Unit, indices: object, scan: object) -> None:
        self.reported.append(unit.id)


def test_engine_takes_what_is_its_own_and_goes_on_through_a_change(tmp_path: Path) -> None:
    listener = Kept()
    before = configured(tmp_path)
    engine = Engine(before, WallClock(), listener, takeover_quiet_s=0)
    engine.run()
    try:
        (unit,) = engine.take(AREA)
        engine.start(AREA)
        assert engine.receive("one", report(1, 1.0, ago=timedelta(hours=2)), datetime.now(UTC))
        assert [["good.backfill"] * 2] == [list(each.quality) for each in listener.backfill]
        assert [] == listener.gaps
        assert engine.receive("one", report(2, 2.5), datetime.now(UTC))
        assert 2.5 == unit.facts.value("level")
        assert [("device", 7200.0)] == [(cause, round(seconds, -2)) for cause, seconds in listener.gaps]
        assert not engine.receive("two", report(1, 2.5, SECOND), datetime.now(UTC)), "its area is another's"

        after = configured(tmp_path, second="0099999999")
        assert ([], []) == engine.adopt(after, {"two"})
        assert unit is engine.units["one"]
        after = configured(tmp_path, more=", parameters: {level_h: 2.0}")
        (gone,), (begun,) = engine.adopt(after, {"one"})
        engine.start(AREA)
        assert (unit, "one") == (gone, begun.id)
        assert engine.receive("one", report(3, 2.6), datetime.now(UTC))
        assert (2.6, 2.0) == (begun.facts.value("level"), begun.profile.limit("level", "h"))
        engine.release(AREA)
        assert not engine.receive("one", report(4, 2.6), datetime.now(UTC))
    finally:
        engine.stop()


def report(number: int, level_m: float, station: str = FIRST, ago: timedelta = timedelta()) -> Report:
    (arrival,) = ADAPTER.session(ZONE).feed(specimen(number, level_m, station, ago))
    found: Report = arrival.report  # type: ignore[union-attr]
    assert found.sent_at is not None
    assert found.sent_at.tzinfo is UTC
    return found


def test_profile_of_a_device_that_is_asked_does_not_fit_a_line_that_listens(tmp_path: Path) -> None:
    configured(tmp_path)
    path = tmp_path / "site.yaml"
    text = path.read_text(encoding="utf-8").replace("profile: telemetry-station", "profile: river-gauge", 1)
    path.write_text(text.replace("asset: one}", "asset: one, parameters: {station_code: 1}}"), encoding="utf-8")
    with pytest.raises(Malformed, match="not of the protocol of its line"):
        load_configuration("flood", tmp_path)
