"""One pump-station RTU on a real socket, as small as the tests need it: tables, pulses, and answers held back."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

STATION_CODE = 3101
START, STOP = 0, 1
RUNNING, FAULT, PUMP_REMOTE, READY, KEY_REMOTE = 16, 17, 18, 19, 8
LEVEL, CURRENT = 0, 20
MODE, WATCHDOG = 0, 30
CLOCK = {40: 2026, 41: 7, 42: 29, 43: 12, 44: 0, 45: 0}
"""It stands."""
FLOAT_HH, FLOAT_LL = 1, 2
METER_BROKEN = 0x8000


@dataclass
class StationDevice:
    """Pump 1 obeys its pulses unless `deaf`. `writes` lists (function, address, value) as they came."""

    bits: dict[int, bool] = field(default_factory=lambda: {0: True, KEY_REMOTE: True, PUMP_REMOTE: True, READY: True})
    inputs: dict[int, int] = field(
        default_factory=lambda: {LEVEL: 1200, 15: STATION_CODE, 11: 2300, 12: 2300, 13: 2300}
    )
    holding: dict[int, int] = field(default_factory=lambda: {MODE: 1, 15: 0, 16: 0, 17: 6, **CLOCK})
    writes: list[tuple[int, int, int]] = field(default_factory=list)
    deaf: bool = False
    hold_writes: bool = False
    """Writes are heard and not answered."""
    silent: bool = False
    """Nothing is answered at all."""
    read_at: float = 0.0
    """When it was read last, of `time.monotonic`."""
    written_at: list[float] = field(default_factory=list)
    """When each of `writes` came."""

    @property
    def pulses(self) -> list[tuple[int, int, int]]:
        """Writes beside the watchdog's."""
        return [write for write in self.writes if write[:2] != (6, WATCHDOG)]

    def set_running(self, running: bool) -> None:
        self.bits[RUNNING] = running
        self.inputs[CURRENT] = 2800 if running else 0

    def answer(self, pdu: bytes) -> bytes | None:
        if self.silent:
            return None
        function, address, value = struct.unpack(">BHH", pdu[:5])
        if function <= 4:
            self.read_at = time.monotonic()
        if function in (1, 2):
            table = self.bits if function == 2 else {}
            packed = sum(1 << at for at in range(value) if table.get(address + at))
            data = packed.to_bytes((value + 7) // 8, "little")
        elif function in (3, 4):
            words = self.holding if function == 3 else self.inputs
            data = b"".join(struct.pack(">H", words.get(address + at, 0)) for at in range(value))
        else:
            self._write(function, address, value)
            return None if self.hold_writes else pdu[:5]
        return bytes([function, len(data)]) + data

    def _write(self, function: int, address: int, value: int) -> None:
        self.writes.append((function, address, value))
        self.written_at.append(time.monotonic())
        if function == 6:
            self.holding[address] = value
        elif function == 5 and value and address in (START, STOP) and not self.deaf:
            self.set_running(address == START)


@contextmanager
def serving(device: StationDevice) -> Iterator[int]:
    """The device on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    stopping = threading.Event()
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        buffer = b""
        with connection, suppress(ConnectionError):
            connection.settimeout(0.05)
            while not stopping.is_set():
                try:
                    received = connection.recv(4096)
                except TimeoutError:
                    continue
                if not received:
                    return
                buffer += received
                while len(buffer) >= 8 and len(buffer) >= 6 + buffer[5]:
                    size = 6 + buffer[5]
                    request, buffer = buffer[:size], buffer[size:]
                    pdu = device.answer(request[7:])
                    if pdu is not None:
                        connection.sendall(request[:4] + struct.pack(">HB", len(pdu) + 1, request[6]) + pdu)

    def accept() -> None:
        while not stopping.is_set():
            with suppress(TimeoutError):
                threads.append(threading.Thread(target=serve, args=(listener.accept()[0],)))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stopping.set()
        accepting.join()
        for thread in threads:
            thread.join()
        listener.close()
