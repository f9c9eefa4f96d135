"""The simulated station calls a centre: the oldest report first, again until it is taken, and late what it kept."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from infra.simulator.telemetry.line import StationLine
from infra.simulator.telemetry.station import TelemetryStation
from shared.field.adapters.port import Arrival
from shared.field.adapters.sl651.adapter import ADAPTER
from tests.unit.simulator.test_telemetry import ZONE, Gauge

ANSWER_WALL_S = 0.2


class Centre:
    """Takes what it hears, but for the first `deaf_to` of it."""

    def __init__(self, deaf_to: int = 0) -> None:
        self.deaf_to = deaf_to
        self.heard: list[int] = []
        self.taken: list[datetime] = []
        self.calls = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        session = ADAPTER.session(ZONE)
        while data := await reader.read(1000):
            for arrival in session.feed(data):
                assert isinstance(arrival, Arrival)
                self.heard.append(int(arrival.report.identity.split()[1]))
                if len(self.heard) > self.deaf_to:
                    self.taken.append(arrival.report.values[-1].taken_at)
                    writer.write(arrival.answer * 2)  # a second answer is none to the next report
        writer.close()


def test_report_is_repeated_until_it_is_taken_and_then_the_next_is_sent() -> None:
    centre, gauge = Centre(deaf_to=4), Gauge()
    gauge.run(7)

    async def scene(line: StationLine) -> None:
        await until(lambda: not gauge.station.memory)

    asyncio.run(played(centre, gauge.station, scene))
    assert [1, 1, 1, 1, 1, 2, 3, 4] == centre.heard
    assert 2 == centre.calls, "after three attempts it called again"


def test_what_was_observed_while_the_line_was_cut_comes_afterwards_in_its_order() -> None:
    centre, gauge = Centre(), Gauge("2026-07-29 10:00:00")

    async def scene(line: StationLine) -> None:
        gauge.run(1)
        await until(lambda: not gauge.station.memory)
        await line.cut_off()
        gauge.run(20)
        assert 4 == len(gauge.station.memory)
        await line.mend()
        await until(lambda: not gauge.station.memory)

    asyncio.run(played(centre, gauge.station, scene))
    began = datetime(2026, 7, 29, 10, 0, tzinfo=ZONE)
    assert [began + timedelta(minutes=minute) for minute in (1, 5, 10, 15, 20)] == centre.taken


async def played(centre: Centre, station: TelemetryStation, scene: Callable[[StationLine], Awaitable[None]]) -> None:
    server = await asyncio.start_server(centre.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    line = StationLine("hydrology", f"sl651://127.0.0.1:{port}", [station], ANSWER_WALL_S)
    await line.open()
    try:
        await scene(line)
    finally:
        await line.close()
        server.close()


async def until(fact: Callable[[], bool], within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not fact():
            await asyncio.sleep(0.01)
