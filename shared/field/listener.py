"""Where devices connect to us and report: one address, one adapter, a thread or greenlet a connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import tzinfo

import structlog

from shared.contracts.field import Report
from shared.errors import PlatformError
from shared.field.adapters.port import PushingAdapter, Session, Unread
from shared.field.address import Address

CONNECTIONS_MAX = 2000
IDLE_WALL_S_MAX = 7200.0
"""A device that says nothing for so long on a connection, whatever it is, has missed an hourly report."""
_ALIVE_AFTER_S, _ALIVE_EVERY_S, _ALIVE_TRIES = 60, 30, 3
"""The kernel asks after a silent connection: a mobile link that was lost leaves one behind each time."""
GARBAGE_BYTES_MAX = 65_536
"""Whoever sends so much that belongs to nothing does not speak this protocol."""
RETRY_WALL_S = 1.0
_RECEIVE_MAX = 4096
_LOOK_WALL_S = 0.5
_SEND_WALL_S = 10.0

Take = Callable[[Report], None]
"""Returns when the report is safely kept. Raises PlatformError when it cannot be: it is not answered."""

_log = structlog.get_logger()


class Listener:
    """Runs from `start` to `stop`; while the address is somebody else's it tries again and again."""

    def __init__(self, line: str, address: Address, adapter: PushingAdapter, zone: tzinfo, take: Take) -> None:
        self.line = line
        self.address = address
        self.refusal: str | None = None
        """Why nobody can connect."""
        self._adapter = adapter
        self._zone = zone
        self._take = take
        self._stopping = threading.Event()
        self._listening = threading.Event()
        self._connections: set[socket.socket] = set()
        self._port = 0
        self._thread = threading.Thread(target=self._run, name=f"listener {line}", daemon=True)

    @property
    def connections(self) -> int:
        return len(self._connections)

    def start(self) -> None:
        self._thread.start()

    def wait_port(self, within_s: float) -> int:
        """The port, when it listens; 0 when it does not in time."""
        return self._port if self._listening.wait(within_s) else 0

    def stop(self, within_s: float = 5.0) -> None:
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(within_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with socket.create_server((self.address.host, self.address.port), backlog=128) as server:
                    self.refusal, self._port = None, server.getsockname()[1]
                    self._listening.set()
                    self._accept(server)
            except OSError as error:
                if self.refusal is None:
                    _log.warning("line_cannot_listen", line=self.line, address=str(self.address), error=str(error))
                self.refusal = str(error)
                self._stopping.wait(RETRY_WALL_S)

    def _accept(self, server: socket.socket) -> None:
        server.settimeout(_LOOK_WALL_S)
        while not self._stopping.is_set():
            try:
                connection, peer = server.accept()
            except TimeoutError:
                continue
            if len(self._connections) >= CONNECTIONS_MAX:
                _log.warning("connection_refused", line=self.line, peer=peer[0], connections_max=CONNECTIONS_MAX)
                connection.close()
                continue
            _keep_alive(connection)
            self._connections.add(connection)
            name = f"station {peer[0]}:{peer[1]}"
            threading.Thread(target=self._serve, args=(connection, peer[0]), name=name, daemon=True).start()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        try:
            with connection:
                self._converse(connection, peer)
        except OSError as error:
            _log.info("connection_lost", line=self.line, peer=peer, error=str(error))
        except Exception:
            _log.exception("connection_failed", line=self.line, peer=peer)
        finally:
            self._connections.discard(connection)

    def _converse(self, connection: socket.socket, peer: str) -> None:
        session, idle_s = self._adapter.session(self._zone), 0.0
        refused: set[str] = set()
        while not self._stopping.is_set() and idle_s < IDLE_WALL_S_MAX:
            connection.settimeout(_LOOK_WALL_S)
            try:
                data = connection.recv(_RECEIVE_MAX)
            except TimeoutError:
                idle_s += _LOOK_WALL_S
                continue
            if not data:
                return
            idle_s = 0.0
            self._hear(session, data, connection, refused)
            if session.dropped > GARBAGE_BYTES_MAX:
                _log.warning("connection_closed", line=self.line, peer=peer, bytes_dropped=session.dropped)
                return

    def _hear(self, session: Session, data: bytes, connection: socket.socket, refused: set[str]) -> None:
        for arrival in session.feed(data):
            if isinstance(arrival, Unread):
                self._refuse(arrival.station, arrival.error, refused)
                continue
            try:
                self._take(arrival.report)
            except PlatformError as error:
                self._refuse(arrival.report.station, error, refused)
                continue
            if arrival.answer:
                connection.settimeout(_SEND_WALL_S)
                connection.sendall(arrival.answer)

    def _refuse(self, station: str, error: PlatformError, refused: set[str]) -> None:
        """Told once a connection: what was not answered is sent again and again."""
        key = f"{station} {error.code}"
        if key not in refused:
            refused.add(key)
            _log.warning("report_refused", line=self.line, station=station, outcome=error.code, detail=str(error))


def _keep_alive(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _ALIVE_AFTER_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _ALIVE_EVERY_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _ALIVE_TRIES)
