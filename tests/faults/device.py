"""The faulty device itself, behind TCP or a pseudo-terminal: it answers by a script, one fault a request."""

from __future__ import annotations

import os
import pty
import select
import socket
import ssl
import struct
import threading
import time
import tty
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from shared.field.profile import Table
from tests.faults.values import bits, registers
from tests.faults.wire import FrameKind, Request, crc16, frame, split

Fault = Literal[
    "none", "late", "very_late", "drop", "duplicate", "wrong_unit", "wrong_transaction", "wrong_function",
    "wrong_length", "split", "truncated", "bad_check", "garbage_before", "garbage_after", "garbage", "close",
    "close_in_frame", "exception", "babble",
]  # fmt: skip
_TABLE: dict[int, Table] = {1: "coil", 2: "discrete", 3: "holding", 4: "input", 23: "holding"}
NOISE = bytes((at * 37 + 11) % 256 for at in range(13))
WRITES = (5, 6, 15, 16, 22, 23)

Write = Callable[[bytes], None]


@dataclass
class Timing:
    """How long after its request a late answer comes; a very late one is for connections, which can be closed."""

    late_s: float = 0.1
    very_late_s: float = 0.4
    piece_s: float = 0.001


@dataclass
class Limit:
    """How late a serial line's answers may come: no master can tell a later one from that to its next question.

    A machine that stands still for a moment makes any answer later than that. So the device keeps back what would be
    late, and counts what became late while it was sent: after that it may have deceived whoever asked.
    """

    after_sending_s: float
    """From when the request was sent, which who asks notes in `sent_at`, by unit and PDU."""
    margin_s: float
    sent_at: dict[tuple[int, bytes], float] = field(default_factory=dict)
    asking: tuple[int, bytes] = (0, b"")
    kept_back: int = 0
    overdue: int = 0
    sending: threading.Lock = field(default_factory=threading.Lock)

    def send(self, request: Request, data: bytes, write: Write) -> None:
        with self.sending:
            limit = self.sent_at[request.unit, request.pdu] + self.after_sending_s
            if time.monotonic() > limit - self.margin_s:
                self.kept_back += 1
                return
            write(data)
            self.overdue += time.monotonic() > limit


@dataclass
class FaultyDevice:
    """Without a script it answers properly. Everything that it heard is kept, or counted when there is much of it."""

    kind: FrameKind
    timing: Timing = field(default_factory=Timing)
    limit: Limit | None = None
    script: deque[Fault] = field(default_factory=deque)
    """What happens to the next requests, in turn."""
    plan: dict[tuple[int, bytes], Fault] = field(default_factory=dict)
    """What happens to the next request of this unit and PDU, whenever it comes."""
    heard: deque[Request] = field(default_factory=lambda: deque(maxlen=1000))
    written: Counter[tuple[int, bytes]] = field(default_factory=Counter)
    """How often each write request came, by unit and PDU."""
    dead_units: frozenset[int] = frozenset()
    """They never answer."""
    connections: int = 0
    address: str = ""
    """Where it answers, once it does."""
    exception_code: int = 2
    to_newest_connection: bool = False
    """Late answers go to whoever is connected by then, as from a converter of serial lines."""
    stopping: threading.Event = field(default_factory=threading.Event)
    sent_late: threading.Event = field(default_factory=threading.Event)
    """A late answer is out."""
    silent: threading.Event = field(default_factory=threading.Event)
    """Ends its babble."""
    _hung_up: int = 0
    _serving: list[tuple[socket.socket, threading.Thread]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def writes(self) -> list[bytes]:
        return [request.pdu for request in self.heard if request.pdu[0] in WRITES]

    def serve(self, read: Callable[[float], bytes | None], write: Write) -> None:
        """Until the other side closes (`read` gives b""), a fault closes, or the test ends. None: nothing came."""
        buffer, hung_up = b"", self._hung_up
        while not self.stopping.is_set() and hung_up == self._hung_up:
            data = read(0.02)
            if data == b"":
                return
            buffer += data or b""
            while (found := split(self.kind, buffer)) is not None:
                request, buffer = found
                self.heard.append(request)
                if request.pdu[0] in WRITES:
                    self.written[request.unit, request.pdu] += 1
                if not self._answer(request, write):
                    return

    def _answer(self, request: Request, write: Write) -> bool:
        """False: the connection ends here."""
        transaction, unit, pdu = request
        with self._lock:
            fault = self.plan.pop((unit, pdu), None) or (self.script.popleft() if self.script else "none")
            if unit in self.dead_units:
                fault = "drop"
        good = frame(self.kind, transaction, unit, respond(unit, pdu))
        write = self._in_time(request, write)
        match fault:
            case "late":
                self._later(self.timing.late_s, write, good)
            case "very_late":
                self._later(self.timing.very_late_s, write, good)
            case "split":
                size = len(good) // 3 + 1
                for at in range(0, len(good), size):
                    write(good[at : at + size])
                    time.sleep(self.timing.piece_s)
            case "close_in_frame":
                write(good[: len(good) // 2])
            case "babble":
                threading.Thread(target=self._babble, args=(write,), daemon=True).start()
            case "drop" | "close":
                pass
            case _:
                write(self._sent(fault, request, good))
        return fault not in ("close", "close_in_frame")

    def _sent(self, fault: Fault, request: Request, good: bytes) -> bytes:
        transaction, unit, pdu = request
        answer = respond(unit, pdu)
        match fault:
            case "duplicate":
                return good + good
            case "wrong_unit":
                return frame(self.kind, transaction, unit % 15 + 1, respond(unit % 15 + 1, pdu))
            case "wrong_transaction":
                return frame(self.kind, (transaction + 7) % 65536, unit, respond(unit, _elsewhere(pdu)))
            case "wrong_function":
                return frame(self.kind, transaction, unit, bytes([pdu[0] ^ 1]) + answer[1:])
            case "wrong_length":
                more = b"\x00\x00" if crc16(bytes([unit]) + answer) != b"\x00\x00" else b"\x00\x01"  # never its CRC
                return frame(self.kind, transaction, unit, answer + more)
            case "truncated":
                return good[:-3]
            case "bad_check":
                return frame(self.kind, transaction, unit, answer, spoilt=True)
            case "garbage_before":
                return NOISE + good
            case "garbage_after":
                return good + NOISE
            case "garbage":
                return NOISE
            case "exception":
                return frame(self.kind, transaction, unit, bytes([pdu[0] | 0x80, self.exception_code]))
            case _:
                assert fault == "none"
                return good

    def hang_up(self) -> None:
        """Close every connection, as a device does that was asked nothing for a while; returns when it is done."""
        self._hung_up += 1
        self.join()

    def serve_in_thread(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        self.connections += 1
        thread = threading.Thread(target=_serve_socket, args=(self, connection, tls))
        self._serving = [each for each in self._serving if each[1].is_alive()] + [(connection, thread)]
        thread.start()

    def join(self) -> None:
        for _, thread in self._serving:
            thread.join()

    def _babble(self, write: Write) -> None:
        while not self.silent.wait(0.001) and not self.stopping.is_set():
            write(b"\x55\xaa\x55")

    def _in_time(self, request: Request, write: Write) -> Write:
        limit = self.limit
        return write if limit is None else lambda data: limit.send(request, data, write)

    def _later(self, after_s: float, write: Write, data: bytes) -> None:
        def send() -> None:
            with suppress(OSError):  # the connection may be gone by now: that is what being late means
                (self._serving[-1][0].sendall if self.to_newest_connection else write)(data)
            self.sent_late.set()

        timer = threading.Timer(after_s, send)
        timer.daemon = True
        timer.start()


def respond(unit: int, pdu: bytes) -> bytes:
    function, address, count = struct.unpack(">BHH", pdu[:5])
    if function == 22:
        return pdu
    table = _TABLE.get(function)
    if table is None:
        return pdu[:5]
    data = (bits if function <= 2 else registers)(unit, table, address, count)
    return bytes([function, len(data)]) + data


def _elsewhere(pdu: bytes) -> bytes:
    return pdu[:1] + struct.pack(">H", (struct.unpack(">H", pdu[1:3])[0] + 500) % 1000) + pdu[3:]


@contextmanager
def on_tcp(device: FaultyDevice, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The device behind a TCP port; any number of connections, each served by a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)

    def accept() -> None:
        while not device.stopping.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            device.serve_in_thread(connection, tls)

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        device.stopping.set()
        accepting.join()
        device.join()
        listener.close()


def _serve_socket(device: FaultyDevice, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
    with connection, suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):  # the client hung up
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        served = connection if tls is None else tls.wrap_socket(connection, server_side=True)
        served.settimeout(0.02)

        def read(wait_s: float) -> bytes | None:
            try:
                return served.recv(4096)
            except TimeoutError:
                return None

        with served:
            device.serve(read, served.sendall)


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
        device.stopping.set()
        serving.join()
        os.close(slave)
        os.close(master)
