"""A farm of pump stations that costs less than what is measured: one port, any number of connections, no library.

Each connection is a station of its own (asked under its own unit id). `registers`: all input registers change every
second. A flip of a station's siren coil happens at a random moment and is printed as `station wall_time value`.

Run as `python -m tests.bench.stations PORT STATIONS FLIPS_PER_S`.
"""

from __future__ import annotations

import asyncio
import random
import struct
import sys
import time

STATION_CODE = 3101
SIREN = 40
FLIP_EVERY_S_MIN = 2.5
"""Between two flips of one station: each must have been seen before the next."""


class Station:
    """What one unit id answers."""

    def __init__(self) -> None:
        self.siren = False
        self.flipped_at = 0.0
        self.watchdog = 0
        self._second = -1
        self._inputs = b""

    def answer(self, pdu: bytes) -> bytes:
        function, address, count = struct.unpack(">BHH", pdu[:5])
        if function == 4:
            data = self._words()[address * 2 : (address + count) * 2]
        elif function == 3:
            words = [0] * 64
            words[0], words[17], words[30] = 1, 6, self.watchdog
            data = struct.pack(">64H", *words)[address * 2 : (address + count) * 2]
        elif function == 2:
            packed = (1 << 0 | 1 << 8 | 1 << 18 | 1 << 19) >> address & (1 << count) - 1
            data = packed.to_bytes((count + 7) // 8, "little")
        elif function == 1:
            packed = int(self.siren) << SIREN >> address & (1 << count) - 1
            data = packed.to_bytes((count + 7) // 8, "little")
        else:
            if function == 6 and address == 30:
                self.watchdog = count
            return pdu[:5]
        return bytes([function, len(data)]) + data

    def _words(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second = second
            words = [(second * 7 + at * 13) % 900 for at in range(128)]
            words[14], words[15], words[16] = second % 65536, STATION_CODE, 1
            for at in (11, 12, 13):
                words[at] = 2300
            self._inputs = struct.pack(">128H", *words)
        return self._inputs


class Link(asyncio.Protocol):
    def __init__(self, stations: list[Station]) -> None:
        self._stations = stations
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 8 and len(self._buffer) >= (size := 6 + self._buffer[5]):
            request, self._buffer = self._buffer[:size], self._buffer[size:]
            pdu = self._stations[request[6] - 1].answer(request[7:])
            self._transport.write(request[:4] + struct.pack(">HB", len(pdu) + 1, request[6]) + pdu)


async def flip(stations: list[Station], flips_per_s: float) -> None:
    chance = random.Random(7)
    while True:
        await asyncio.sleep(chance.expovariate(flips_per_s))
        number = chance.randrange(len(stations))
        station, now = stations[number], time.time()
        if now - station.flipped_at >= FLIP_EVERY_S_MIN:
            station.siren, station.flipped_at = not station.siren, now
            print(number, now, int(station.siren), flush=True)


async def main(port: int, count: int, flips_per_s: float) -> None:
    stations = [Station() for _ in range(count)]
    server = await asyncio.get_running_loop().create_server(lambda: Link(stations), "127.0.0.1", port)
    async with server:
        if flips_per_s:
            await flip(stations, flips_per_s)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
