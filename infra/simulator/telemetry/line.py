"""The way from stations to the centre: each calls, sends the oldest report it has, and repeats it until it is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from infra.simulator.telemetry.frames import ANSWER_BYTES, taken_serial
from infra.simulator.telemetry.station import Kept, TelemetryStation
from shared.field.address import parse_address

ANSWER_WALL_S = 5.0
ATTEMPTS_MAX = 3
CALL_AGAIN_WALL_S = 1.0
LOOK_WALL_S = 0.1
LINK_KEEP_WALL_S = 40.0


class StationLine:
    """Stations that call the address of a line. It can be cut, and it can be slow."""

    def __init__(
        self, line_id: str, address: str, stations: Sequence[TelemetryStation], answer_wall_s: float = ANSWER_WALL_S
    ) -> None:
        """`answer_wall_s`: how long a station waits before it repeats a report."""
        self.id = line_id
        self._answer_wall_s = answer_wall_s
        self._address = parse_address(address)
        self._stations = list(stations)
        self._tasks: list[asyncio.Task[None]] = []
        self.delay_s = 0.0
        """Wall seconds that every report takes longer."""
        self.cut = False

    async def open(self) -> None:
        self._tasks = [asyncio.create_task(self._call(station)) for station in self._stations]

    async def close(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def cut_off(self) -> None:
        """Connections end and none can be made; the stations keep what they observe."""
        self.cut = True
        await self.close()

    async def mend(self) -> None:
        self.delay_s = 0.0
        if self.cut:
            self.cut = False
            await self.open()

    async def _call(self, station: TelemetryStation) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection(self._address.host, self._address.port)
            except OSError:
                await asyncio.sleep(CALL_AGAIN_WALL_S)
                continue
            try:
                with suppress(OSError, asyncio.IncompleteReadError):  # the centre hung up
                    await self._report(station, reader, writer)
            finally:
                writer.close()
            await asyncio.sleep(CALL_AGAIN_WALL_S)

    async def _report(
        self, station: TelemetryStation, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Returns when the centre does not answer: the station hangs up and calls again."""
        loop = asyncio.get_running_loop()
        spoke_at = loop.time()
        while True:
            if not station.memory:
                await asyncio.sleep(LOOK_WALL_S)
                if loop.time() - spoke_at < LINK_KEEP_WALL_S:
                    if reader.at_eof():
                        return
                    continue
                writer.write(station.sign_of_life())
            elif not await self._is_taken(station, station.memory[0], reader, writer):
                return
            await writer.drain()
            spoke_at = loop.time()

    async def _is_taken(
        self, station: TelemetryStation, kept: Kept, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        for _ in range(ATTEMPTS_MAX):
            await asyncio.sleep(self.delay_s)
            writer.write(kept.raw)
            await writer.drain()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._answer_wall_s):
                    while taken_serial(station.address, await reader.readexactly(ANSWER_BYTES)) != kept.serial:
                        continue  # it says once more that an earlier one was taken
                if station.memory and station.memory[0] is kept:  # a full memory lets its oldest go
                    station.memory.popleft()
                return True
        return False
