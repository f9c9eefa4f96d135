"""A device on a TCP port that speaks an adapter's protocol, and does to an answer what it is told to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from shared.field.adapters.port import PollingAdapter

Fault = Literal["none", "split", "late", "drop", "close", "truncate", "garbage", "flood", "wrong_unit", "twice"]
FLOOD_BYTES = 1_000_000
_RECEIVE_MAX = 4096


def register(unit: int, address: int) -> int:
    """What a register holds: another value at each place, so that one that strays is found out."""
    return (unit * 7919 + address * 31 + 1) & 0xFFFF


@dataclass
class Device:
    """`fault`: what happens to answers from now on. `requests`: what came, whole."""

    adapter: PollingAdapter
    late_s: float
    fault: Fault = "none"
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def listening(self) -> Iterator[Device]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
            server.settimeout(0.1)
            thread = threading.Thread(target=self._accept, args=(server,), daemon=True)
            thread.start()
            try:
                yield self
            finally:
                self._stopping.set()
                thread.join()

    def _accept(self, server: socket.socket) -> None:
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                connection, _ = server.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        received = b""
        with connection, suppress(OSError):
            while data := connection.recv(_RECEIVE_MAX):
                received += data
                answer = self.adapter.answer(received, register)
                if answer is None:
                    continue
                request, received = received, b""
                self.requests.append(request)
                if self.fault == "wrong_unit":
                    answer = self.adapter.answer(request, lambda _unit, address: register(99, address), 99)
                if not self._say(connection, answer or b""):
                    return

    def _say(self, connection: socket.socket, answer: bytes) -> bool:
        """False: the connection ends."""
        match self.fault:
            case "split":
                for at in range(len(answer)):
                    connection.sendall(answer[at : at + 1])
                    time.sleep(0.0005)
            case "late":
                time.sleep(self.late_s)
                connection.sendall(answer)
            case "drop":
                return True
            case "close":
                return False
            case "truncate":
                connection.sendall(answer[: len(answer) // 2])
                return False
            case "garbage":
                connection.sendall(bytes(byte ^ 0x5A for byte in answer) * 3)
            case "flood":
                connection.sendall(b"\xa5" * FLOOD_BYTES)
            case "twice":
                connection.sendall(answer + answer)
            case _:
                connection.sendall(answer)
        return True
