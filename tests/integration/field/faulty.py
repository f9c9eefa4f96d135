"""A field device that misbehaves on purpose: over Modbus TCP, RTU over TCP, or a pseudo-terminal.

Every register tells its own address: register `a` of unit `u` holds `(a * 7 + u) % 65536`, so that a value given to
another address cannot be overlooked. Bit `a` is `(a * 7 + u) % 3 == 0`.
"""

from __future__ import annotations

import os
import pty
import select
import socket
import struct
import threading
import tty
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Fault = Literal[
    "none", "late", "drop", "duplicate", "wrong_unit", "wrong_transaction", "split", "truncated", "bad_crc", "garbage",
    "close", "exception",
]  # fmt: skip
Framing = Literal["tcp", "rtu"]
LATE_S = 0.09
PIECE_S = 0.004


def register_value(unit: int, address: int) -> int:
    return (address * 7 + unit) % 65536


def bit_value(unit: int, address: int) -> bool:
    return (address * 7 + unit) % 3 == 0


def crc16(data: bytes) -> bytes:
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


@dataclass
class FaultyDevice:
    """Answers by the script in `faults`, one entry a request; without one, properly."""

    framing: Framing
    faults: deque[Fault] = field(default_factory=deque)
    requests: list[tuple[int, bytes]] = field(default_factory=list)
    """(unit, PDU) of every request that came, in order."""
    _stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def writes(self) -> list[bytes]:
        return [pdu for _, pdu in self.requests if pdu[0] in (5, 6, 15, 16, 22, 23)]

    def serve(self, read: Callable[[float], bytes | None], write: Callable[[bytes], None]) -> None:
        """Until the other side closes (`read` gives b'') or the test ends. `read` gives None when nothing came."""
        buffer = b""
        while not self._stopping.is_set():
            data = read(0.02)
            if data == b"":
                return
            buffer += data or b""
            while (request := self._split(buffer)) is not None:
                length, transaction, unit, pdu = request
                buffer = buffer[length:]
                self.requests.append((unit, pdu))
                if not self._answer(transaction, unit, pdu, write):
                    return

    def stop(self) -> None:
        self._stopping.set()

    def _split(self, buffer: bytes) -> tuple[int, int, int, bytes] | None:
        """(length, transaction, unit, PDU) of the first whole request."""
        if self.framing == "tcp":
            if len(buffer) < 8:
                return None
            transaction, _, length, unit = struct.unpack(">HHHB", buffer[:7])
            whole = 6 + length
            return (whole, transaction, unit, buffer[7:whole]) if len(buffer) >= whole else None
        if len(buffer) < 8:
            return None
        counted = {15: 6, 16: 6, 23: 10}.get(buffer[1])
        if counted is not None and len(buffer) <= counted:
            return None
        size = 10 if buffer[1] == 22 else 8 if counted is None else counted + buffer[counted] + 3
        return (size, 0, buffer[0], buffer[1 : size - 2]) if len(buffer) >= size else None

    def _frame(self, transaction: int, unit: int, pdu: bytes) -> bytes:
        if self.framing == "tcp":
            return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu
        body = bytes([unit]) + pdu
        return body + crc16(body)

    def _answer(self, transaction: int, unit: int, pdu: bytes, write: Callable[[bytes], None]) -> bool:
        fault = self.faults.popleft() if self.faults else "none"
        good = self._frame(transaction, unit, _respond(unit, pdu))
        match fault:
            case "late":
                threading.Timer(LATE_S, lambda: _quietly(write, good)).start()
            case "drop":
                pass
            case "duplicate":
                write(good + good)
            case "wrong_unit":
                write(self._frame(transaction, unit % 247 + 1, _respond(unit, pdu)))
            case "wrong_transaction":
                write(self._frame((transaction + 7) % 65536, unit, _respond(unit, pdu)))
            case "split":
                middle = len(good) // 2
                write(good[:middle])
                self._stopping.wait(PIECE_S)
                write(good[middle:])
            case "truncated":
                write(good[:-3])
            case "bad_crc":
                write(good[:-1] + bytes([good[-1] ^ 0x55]) if self.framing == "rtu" else good)
            case "garbage":
                write(bytes((at * 37 + 11) % 256 for at in range(23)))
            case "close":
                return False
            case "exception":
                write(self._frame(transaction, unit, bytes([pdu[0] | 0x80, 2])))
            case "none":
                write(good)
        return True


def _respond(unit: int, pdu: bytes) -> bytes:
    function, address, count = struct.unpack(">BHH", pdu[:5])
    if function == 22:
        return pdu
    if function in (1, 2):
        bits = sum(1 << at for at in range(count) if bit_value(unit, address + at))
        data = bits.to_bytes((count + 7) // 8, "little")
    elif function in (3, 4, 23):
        data = b"".join(struct.pack(">H", register_value(unit, address + at)) for at in range(count))
    else:
        return pdu[:5]
    return bytes([function, len(data)]) + data


def _quietly(write: Callable[[bytes], None], data: bytes) -> None:
    """The connection may be gone by now: that is what being late means."""
    with suppress(OSError):
        write(data)


@contextmanager
def on_tcp(device: FaultyDevice) -> Iterator[int]:
    """The device behind a TCP port; connections are served one at a time, a new one replaces the old."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    threads: list[threading.Thread] = []

    def accept() -> None:
        while not device._stopping.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            threads.append(threading.Thread(target=_serve_socket, args=(device, connection)))
            threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        device.stop()
        accepting.join()
        for thread in threads:
            thread.join()
        listener.close()


def _serve_socket(device: FaultyDevice, connection: socket.socket) -> None:
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def read(wait_s: float) -> bytes | None:
            ready, _, _ = select.select([connection], [], [], wait_s)
            if not ready:
                return None
            try:
                return connection.recv(4096)
            except ConnectionResetError:
                return b""

        with suppress(BrokenPipeError, ConnectionResetError):  # the client hung up
            device.serve(read, connection.sendall)


@contextmanager
def on_terminal(device: FaultyDevice) -> Iterator[str]:
    """The device behind a pseudo-terminal; gives the path that a serial client opens."""
    master, slave = pty.openpty()
    tty.setraw(master)
    tty.setraw(slave)

    def read(wait_s: float) -> bytes | None:
        ready, _, _ = select.select([master], [], [], wait_s)
        return os.read(master, 4096) if ready else None

    serving = threading.Thread(target=device.serve, args=(read, lambda data: os.write(master, data)))
    serving.start()
    try:
        yield os.ttyname(slave)
    finally:
        device.stop()
        serving.join()
        os.close(slave)
        os.close(master)
