"""Two small protocols, sound or with one flaw each: what the conformance kit must tell apart."""

from __future__ import annotations

import socket
import struct
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Literal

from shared.contracts.field import Report, ReportedValue
from shared.field.adapters.port import Arrival, Registers
from shared.field.address import Address
from shared.field.profile import Table
from shared.field.transports import Garbled, LinkDown, NoAnswer, Tap, WriteFunction

LINE_MAX = 1000


@dataclass
class LineSession:
    """`$station,number,time,name=value;name=value*checksum` and a line feed."""

    flaw: str
    dropped: int = 0
    buffer: bytearray = field(default_factory=bytearray)
    reports: int = 0

    @property
    def waiting(self) -> int:
        return len(self.buffer)

    def feed(self, data: bytes) -> Sequence[Arrival]:
        if self.flaw == "keeps nothing":
            self.buffer.clear()
        self.buffer += data
        found = []
        while b"\n" in self.buffer:
            line, _, rest = bytes(self.buffer).partition(b"\n")
            self.buffer[:] = b"" if self.flaw == "takes the first alone" else rest
            arrival = self._read(line.rpartition(b"$")[2])
            if arrival is not None:
                found.append(arrival)
        if self.flaw != "holds all":
            del self.buffer[:-LINE_MAX]
        return found

    def _read(self, line: bytes) -> Arrival | None:
        content, _, checksum = line.rpartition(b"*")
        try:
            if self.flaw != "believes all" and zlib.crc32(content) != int(checksum, 16):
                return None
            station, number, time, values = content.decode("ascii").split(",")
            taken_at = datetime.fromisoformat(time)
            pairs = [pair.split("=") for pair in values.split(";")]
            read = tuple(
                ReportedValue(element=name, value=float(value), quality="good", taken_at=taken_at)
                for name, value in pairs
            )
        except ValueError:
            if self.flaw == "raises":
                raise
            return None
        self.reports += 1
        identity = str(self.reports) if self.flaw == "counts by itself" else f"{number} {time}"
        station = "1" if self.flaw == "knows one station" else station
        return Arrival(Report(station=station, identity=identity, sent_at=None, values=read), b"+\n")


@dataclass
class LineAdapter:
    flaw: str = ""
    kind: Literal["pushing"] = "pushing"
    stations: tuple[str, str] = ("1", "2")
    elements: tuple[str, ...] = ("level", "rain")
    shared: bytearray = field(default_factory=bytearray)

    def session(self, zone: tzinfo) -> LineSession:
        session = LineSession(self.flaw)
        if self.flaw == "mixes connections":
            session.buffer = self.shared
        return session

    def is_station(self, text: str) -> bool:
        return text.isdecimal()

    def is_element(self, text: str) -> bool:
        return text in self.elements

    def specimen(self, station: str, number: int, observed_at: datetime, values: Mapping[str, float]) -> bytes:
        told = ";".join(f"{name}={value}" for name, value in values.items())
        content = f"{station},{number},{observed_at.isoformat()},{told}".encode()
        return b"$" + content + f"*{zlib.crc32(content):08x}\n".encode()


@dataclass
class PlainTransport:
    """Six bytes ask, and nothing in an answer says which question it answers but its unit and its length."""

    address: Address
    flaw: str
    connection: socket.socket | None = None

    def read(self, unit: int, table: Table, address: int, count: int, timeout_s: float) -> bytes:
        answer = self._ask(unit, struct.pack(">BBHH", unit, 3, address, count), 4 + 2 * count, timeout_s)
        return answer[4:]

    def write(self, unit: int, function: WriteFunction, address: int, data: bytes, timeout_s: float) -> None:
        request = struct.pack(">BBH", unit, 6, address) + data
        try:
            self._ask(unit, request, 4, timeout_s)
        except NoAnswer:
            if self.flaw != "writes again":
                raise
            self._ask(unit, request, 4, timeout_s)

    def mask_write(self, unit: int, address: int, and_mask: int, or_mask: int, timeout_s: float) -> None:
        raise Garbled("this protocol has no such function")

    def read_write(
        self, unit: int, read_address: int, count: int, write_address: int, data: bytes, timeout_s: float
    ) -> bytes:
        raise Garbled("this protocol has no such function")

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _ask(self, unit: int, request: bytes, size: int, timeout_s: float) -> bytes:
        connection = self._connected(timeout_s)
        connection.settimeout(timeout_s * 10 if self.flaw == "waits too long" else timeout_s)
        try:
            connection.sendall(request)
            answer = b""
            while len(answer) < size:
                data = connection.recv(size - len(answer))
                if not data:
                    raise LinkDown("closed")
                answer += data
        except TimeoutError as error:
            if self.flaw != "takes late answers":
                self.close()
            raise NoAnswer("no answer") from error
        except (OSError, LinkDown) as error:
            self.close()
            raise LinkDown(str(error)) from error
        expected = struct.pack(">BBH", unit, request[1], size - 4)
        if answer[1:4] != expected[1:] or (answer[0] != unit and self.flaw != "takes any unit"):
            self.close()
            raise Garbled(answer[:4].hex())
        return answer

    def _connected(self, timeout_s: float) -> socket.socket:
        if self.connection is None:
            try:
                self.connection = socket.create_connection((self.address.host, self.address.port), timeout_s)
            except OSError as error:
                if self.flaw == "raises its own":
                    raise
                raise LinkDown(str(error)) from error
        elif self.flaw != "takes late answers":
            self.connection.setblocking(False)
            with suppress(BlockingIOError):
                self.connection.recv(4096)
        return self.connection


@dataclass
class PlainAdapter:
    flaw: str = ""
    kind: Literal["polling"] = "polling"

    def open(self, address: Address, tap: Tap | None = None) -> PlainTransport:
        return PlainTransport(address, self.flaw)

    def address(self, host: str, port: int) -> Address:
        return Address("own", host, port, adapter="plain")

    def answer(self, request: bytes, registers: Registers, answering_unit: int | None = None) -> bytes | None:
        if len(request) < 6:
            return None
        unit, function, address, count = struct.unpack(">BBHH", request[:6])
        words = [registers(unit, address + at) for at in range(count)] if function == 3 else []
        answering = unit if answering_unit is None else answering_unit
        return struct.pack(f">BBH{len(words)}H", answering, function, 2 * len(words), *words)
