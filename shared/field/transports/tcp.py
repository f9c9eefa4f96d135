"""Plain Modbus TCP over a blocking socket: the hot path (Modbus Messaging on TCP/IP V1.0b).

Every request carries a transaction id; an answer with another id is a late one and is thrown away, so it can never
answer a later question. After a timeout the connection is closed all the same: what a device answers late it may
answer wrongly.
"""

from __future__ import annotations

import socket
import struct
import time

from shared.field.profile import Table
from shared.field.transports.port import (
    READ_FUNCTION,
    DeviceException,
    Garbled,
    LinkDown,
    NoAnswer,
    WriteFunction,
)

_HEADER = struct.Struct(">HHHBB")
"""Transaction id, protocol 0, length of what follows, unit id, function code."""
_LENGTH_MAX = 254


class TcpTransport:
    """One connection to one address, made when it is needed."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._socket: socket.socket | None = None
        self._transaction = 0
        self._buffer = b""

    def read(self, unit: int, table: Table, address: int, count: int, timeout_s: float) -> bytes:
        function = READ_FUNCTION[table]
        answer = self._ask(unit, function, struct.pack(">HH", address, count), timeout_s)
        return self._data(answer, (count + 7) // 8 if function <= 2 else count * 2)

    def write(self, unit: int, function: WriteFunction, address: int, data: bytes, timeout_s: float) -> None:
        request, echo = _write_request(function, address, data)
        self._confirmed(unit, function, request, echo, timeout_s)

    def mask_write(self, unit: int, address: int, and_mask: int, or_mask: int, timeout_s: float) -> None:
        request = struct.pack(">HHH", address, and_mask, or_mask)
        self._confirmed(unit, 22, request, request, timeout_s)

    def read_write(
        self, unit: int, read_address: int, count: int, write_address: int, data: bytes, timeout_s: float
    ) -> bytes:
        head = struct.pack(">HHHHB", read_address, count, write_address, len(data) // 2, len(data))
        return self._data(self._ask(unit, 23, head + data, timeout_s), count * 2)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._buffer = b""

    def _data(self, answer: bytes, size: int) -> bytes:
        if len(answer) != size + 1 or answer[0] != size:
            self.close()
            raise Garbled(f"{size} bytes of data were asked for, {len(answer) - 1} came")
        return answer[1:]

    def _confirmed(self, unit: int, function: int, request: bytes, echo: bytes, timeout_s: float) -> None:
        answer = self._ask(unit, function, request, timeout_s)
        if answer != echo:
            self.close()
            raise Garbled(f"the answer to a write repeats it: {echo.hex()} expected, {answer.hex()} came")

    def _ask(self, unit: int, function: int, body: bytes, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        self._transaction = self._transaction % 65535 + 1
        header = _HEADER.pack(self._transaction, 0, len(body) + 2, unit, function)
        try:
            connection = self._connected(timeout_s)
            connection.sendall(header + body)
            return self._answer(connection, unit, function, deadline)
        except TimeoutError as error:
            self.close()
            raise NoAnswer(f"no answer within {timeout_s:g} s") from error
        except OSError as error:
            self.close()
            raise LinkDown(str(error)) from error

    def _connected(self, timeout_s: float) -> socket.socket:
        if self._socket is None:
            try:
                self._socket = socket.create_connection(self._to, timeout_s)
            except TimeoutError as error:
                raise ConnectionError(f"no connection within {timeout_s:g} s") from error
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _answer(self, connection: socket.socket, unit: int, function: int, deadline: float) -> bytes:
        while True:
            transaction, protocol, length, from_unit, code = _HEADER.unpack(self._bytes(connection, 8, deadline))
            if protocol != 0 or not 2 <= length <= _LENGTH_MAX:
                self.close()
                raise Garbled(f"a Modbus TCP header was expected, protocol {protocol} length {length} came")
            body = self._bytes(connection, length - 2, deadline)
            if transaction != self._transaction:
                continue  # a late answer to an earlier question
            if from_unit != unit or code & 0x7F != function:
                self.close()
                raise Garbled(f"unit {unit} function {function} was asked, {from_unit} {code} answered")
            if code & 0x80:
                raise DeviceException(body[0] if body else 0)
            return body

    def _bytes(self, connection: socket.socket, count: int, deadline: float) -> bytes:
        while len(self._buffer) < count:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            connection.settimeout(left_s)
            received = connection.recv(4096)
            if not received:
                raise ConnectionError("the device closed the connection")
            self._buffer += received
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken


def _write_request(function: WriteFunction, address: int, data: bytes) -> tuple[bytes, bytes]:
    """The body of a write request, and the body of the answer that confirms it."""
    if function == 5:
        body = struct.pack(">HH", address, 0xFF00 if data[0] else 0)
        return body, body
    if function == 6:
        body = struct.pack(">H", address) + data
        return body, body
    if function == 15:
        packed = sum(1 << at for at, bit in enumerate(data) if bit).to_bytes((len(data) + 7) // 8, "little")
        head = struct.pack(">HH", address, len(data))
        return head + bytes([len(packed)]) + packed, head
    head = struct.pack(">HH", address, len(data) // 2)
    return head + bytes([len(data)]) + data, head
