"""What carries bytes: a TCP connection, plain or in TLS, or a serial device. Opened when it is needed.

Nothing here knows Modbus. Deadlines are of `time.monotonic`; whatever goes wrong with the channel itself is LinkDown.
"""

from __future__ import annotations

import select
import socket
import ssl
import termios
import time
from pathlib import Path
from typing import Protocol

from serial import Serial
from serial.rs485 import RS485Settings

from shared.field.address import Address
from shared.field.security import client_context
from shared.field.transports.port import LinkDown, NoAnswer

_RECEIVE_MAX = 4096


class Channel(Protocol):
    byte_s: float
    """Seconds a byte needs on the wire; 0 where that does not count."""
    gap_s: float
    """Silence that must stand between two frames."""

    @property
    def is_open(self) -> bool: ...

    def open(self, timeout_s: float) -> None:
        """Does nothing when it is open. Raises LinkDown."""
        ...

    def send(self, data: bytes, timeout_s: float) -> None:
        """Raises LinkDown, NoAnswer when it could not all be sent in time."""
        ...

    def receive(self, deadline: float) -> bytes:
        """At least one byte; b"" when none came in time. Raises LinkDown when the other side closed."""
        ...

    def waiting(self) -> bytes:
        """What came unasked, without waiting for it. Raises LinkDown when the other side closed."""
        ...

    def close(self) -> None: ...


class TcpChannel:
    """One TCP connection; in TLS when the address says so, its key files read anew each time it is made."""

    byte_s = 0.0
    gap_s = 0.0

    def __init__(self, address: Address) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        self._timeout_s: float | None = None
        self._just_sent = False

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    def open(self, timeout_s: float) -> None:
        if self._socket is not None:
            return
        try:
            connection = socket.create_connection((self._address.host, self._address.port), timeout_s)
        except TimeoutError as error:
            raise LinkDown(f"no connection within {timeout_s:g} s") from error
        except OSError as error:
            raise LinkDown(str(error)) from error
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._address.framing == "tls":
                context = client_context(self._address)
                connection = context.wrap_socket(connection, server_hostname=self._address.server_name)
        except OSError as error:  # of TLS too: SSLError is one
            connection.close()
            raise LinkDown(str(error)) from error
        self._socket, self._timeout_s = connection, None

    def send(self, data: bytes, timeout_s: float) -> None:
        """The next `receive` waits as long as this may take: requests of one length cost no call to set a timeout."""
        assert self._socket is not None
        try:
            self._wait_at_most(self._socket, timeout_s)
            self._socket.sendall(data)
            self._just_sent = True
        except TimeoutError as error:
            raise NoAnswer("the request could not be sent in time") from error
        except OSError as error:
            raise LinkDown(str(error)) from error

    def receive(self, deadline: float) -> bytes:
        assert self._socket is not None
        try:
            if not self._just_sent:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return b""
                self._wait_at_most(self._socket, left_s)
            self._just_sent = False
            received = self._socket.recv(_RECEIVE_MAX)
        except TimeoutError:
            return b""
        except OSError as error:
            raise LinkDown(str(error)) from error
        if not received:
            raise LinkDown("the device closed the connection")
        return received

    def waiting(self) -> bytes:
        assert self._socket is not None
        try:
            self._wait_at_most(self._socket, 0)
            self._just_sent = False
            received = self._socket.recv(_RECEIVE_MAX)
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""
        except OSError as error:
            raise LinkDown(str(error)) from error
        if not received:
            raise LinkDown("the device closed the connection")
        return received

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._just_sent = False

    def _wait_at_most(self, connection: socket.socket, timeout_s: float) -> None:
        if timeout_s != self._timeout_s:
            connection.settimeout(timeout_s)
            self._timeout_s = timeout_s


class SerialChannel:
    """One serial device, locked against other programs while it is open."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._line: Serial | None = None
        self.byte_s, self.gap_s = address.character_s, address.frame_gap_s

    @property
    def is_open(self) -> bool:
        return self._line is not None

    def open(self, timeout_s: float) -> None:
        if self._line is not None:
            return
        address = self._address
        line = Serial()
        line.port = address.device
        line.baudrate = address.baud
        if not _is_pseudo_terminal(address.device):
            line.bytesize, line.parity, line.stopbits = address.data_bits, address.parity, address.stop_bits
        line.timeout, line.write_timeout, line.exclusive = 0, timeout_s, True
        if address.rs485:
            line.rs485_mode = RS485Settings(delay_before_tx=address.rts_before_s, delay_before_rx=address.rts_after_s)
        try:
            line.open()
        except (OSError, ValueError, termios.error) as error:  # pyserial lets all three out
            line.close()
            raise LinkDown(f"{address.device}: {error}") from error
        self._line = line

    def send(self, data: bytes, timeout_s: float) -> None:  # noqa: ARG002 - pyserial's own, as it was opened with
        assert self._line is not None
        try:
            self._line.write(data)
        except (OSError, termios.error) as error:
            raise LinkDown(str(error)) from error

    def receive(self, deadline: float) -> bytes:
        assert self._line is not None
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            return b""
        try:
            ready, _, _ = select.select([self._line.fileno()], [], [], left_s)
        except (OSError, ValueError) as error:
            raise LinkDown(str(error)) from error
        return self._read() if ready else b""

    def waiting(self) -> bytes:
        assert self._line is not None
        try:
            return self._read() if self._line.in_waiting else b""
        except OSError as error:
            raise LinkDown(str(error)) from error

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _read(self) -> bytes:
        assert self._line is not None
        try:
            received: bytes = self._line.read(_RECEIVE_MAX)
        except (OSError, termios.error) as error:
            raise LinkDown(str(error)) from error
        return received


def _is_pseudo_terminal(device: str) -> bool:
    """Then bytes go through as they are, and the format of characters is refused when it is set again."""
    return Path(device).resolve().is_relative_to("/dev/pts")
