"""One connection to the broker, and the loop of a thread that keeps one open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import structlog
from amqp.exceptions import AccessRefused, AMQPError, NotFound, RecoverableConnectionError
from kombu import Connection
from kombu.exceptions import KombuError

from shared.bus.topology import EXCHANGES, Exchange, Queue
from shared.errors import Unavailable

BROKER_ERRORS: tuple[type[Exception], ...] = (OSError, AMQPError, KombuError)
LOST: tuple[type[Exception], ...] = (Unavailable, *BROKER_ERRORS)

CONNECT_S_MAX = 5.0
HEARTBEAT_S = 10
RECONNECT_S_MIN = 0.2
RECONNECT_S_MAX = 5.0

Channel = Any
"""A channel of py-amqp, which has no types."""

log = structlog.get_logger()

_lost_links: dict[str, set[str]] = {}
"""By broker, the links of this process that are lost now: an outage is one line in the log, not one a link."""


class Link:
    """One AMQP connection, opened when it is first needed; for one thread only."""

    def __init__(self, uri: str, name: str, heartbeat_s: int = HEARTBEAT_S) -> None:
        self._uri = uri
        self._name = name
        self._heartbeat_s = heartbeat_s
        self._connection: Any = None
        """py-amqp's connection. kombu's own would silently connect again, without channels and consumers."""
        self._beat_due = 0.0

    def channel(self) -> Channel:
        """A new channel. Raises Unavailable when the broker cannot be reached."""
        try:
            return self._open().channel()
        except BROKER_ERRORS as error:
            self.abandon()
            raise unavailable(error) from error

    def drain(self, seconds_max: float) -> None:
        """Handle what the broker sent, for at most this long; keeps the heartbeat. Raises BROKER_ERRORS when lost."""
        connection = self._connection
        if connection is None or not connection.connected:
            raise RecoverableConnectionError("the connection is closed")
        with suppress(TimeoutError):  # nothing came
            connection.drain_events(timeout=seconds_max)
        moment = time.monotonic()
        if moment >= self._beat_due:
            self._beat_due = moment + self._heartbeat_s / 4
            connection.heartbeat_tick(rate=4)

    def close(self) -> None:
        """Say goodbye to the broker."""
        if self._connection is not None:
            try:
                self._connection.close()
            except BROKER_ERRORS as error:
                log.debug("broker connection closed with an error", link=self._name, error=str(error))
        self.abandon()

    def abandon(self) -> None:
        """Close the socket and say nothing: the connection is broken."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.collect()

    def _open(self) -> Any:
        if self._connection is None:
            described = connection_to(self._uri, self._name, self._heartbeat_s)
            self._connection = described.transport.establish_connection()
            self._beat_due = time.monotonic() + self._heartbeat_s / 4
        return self._connection


class BrokerLoop:
    """A thread that serves on a link for as long as it is wanted, and again after each loss of the broker.

    `serve(link)` returns only when `stopping` is set or the broker is lost (by raising BROKER_ERRORS or Unavailable).
    An outage is one line in the log when it begins and one when it ends.
    """

    def __init__(self, uri: str, name: str, serve: Callable[[Link], None], heartbeat_s: int = HEARTBEAT_S) -> None:
        self.name = name
        self._uri = uri
        self.stopping = threading.Event()
        self._serve = serve
        self._link = Link(uri, name, heartbeat_s)
        self._thread: threading.Thread | None = None
        self._lost = False

    def start(self) -> None:
        assert self._thread is None, f"{self.name} is started once"
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, within_s: float = 5.0) -> None:
        self.stopping.set()
        if self._thread is not None:
            self._thread.join(within_s)

    def serving(self) -> None:
        """To be called by `serve` once everything is declared and it works again."""
        if self._lost:
            self._lost = False
            _lost_links[self._uri].discard(self.name)
            if not _lost_links[self._uri]:
                log.info("broker is back", link=self.name)

    def _outage(self, error: str) -> None:
        """The first link of the process that is lost says so, and the last one that is back."""
        others = _lost_links.setdefault(self._uri, set())
        say = log.debug if others else log.warning
        say("broker lost", link=self.name, error=error)
        others.add(self.name)
        self._lost = True

    def _run(self) -> None:
        pause_s = RECONNECT_S_MIN
        while not self.stopping.is_set():
            began = time.monotonic()
            try:
                self._serve(self._link)
                self._link.close()
            except LOST as error:
                self._link.abandon()
                self._outage(str(error) or type(error).__name__)
            except Exception:
                self._link.close()
                log.exception("defect in a broker loop", link=self.name)
            lasted = time.monotonic() - began
            pause_s = RECONNECT_S_MIN if lasted > RECONNECT_S_MAX else min(pause_s * 2, RECONNECT_S_MAX)
            self.stopping.wait(pause_s)


def connection_to(uri: str, name: str, heartbeat_s: int) -> Connection:
    """`amqps://...?cacertfile=/path` verifies the broker's certificate, with that authority or the system's."""
    parts = urlsplit(uri)
    options = parse_qs(parts.query)
    secured: bool | dict[str, object] = False
    if parts.scheme == "amqps":
        authority = options.get("cacertfile", [None])[0]
        secured = {"context": {"cafile": authority, "check_hostname": True}, "server_hostname": parts.hostname}
    return Connection(
        transport="pyamqp",
        hostname=parts.hostname or "localhost",
        port=parts.port or (5671 if secured else 5672),
        userid=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path[1:]) or "/",
        ssl=secured,
        heartbeat=heartbeat_s,
        connect_timeout=CONNECT_S_MAX,
        transport_options={
            "client_properties": {"connection_name": name},
            "read_timeout": 30,
            "write_timeout": 10,
        },
    )


def declare_shared(link: Link, *queues: Queue) -> None:
    """Make sure that all exchanges and these shared queues are there. Asking needs no right; only creating does."""
    for exchange in EXCHANGES:
        if not _is_there(link, exchange):
            link.channel().exchange_declare(exchange.name, exchange.kind, durable=True, auto_delete=False)
    for queue in queues:
        declare_missing(link, queue)


def declare_missing(link: Link, queue: Queue) -> None:
    """Declare somebody else's queue if it is not there or not bound yet. Raises Unavailable when only its owner may."""
    if _is_there(link, queue.sign or queue):
        return
    try:
        declare(link.channel(), queue)
    except AccessRefused as error:
        raise Unavailable("nobody_listens", queue=queue.name) from error


def declare(channel: Channel, queue: Queue) -> None:
    channel.queue_declare(
        queue.name,
        durable=queue.durable,
        exclusive=queue.exclusive,
        auto_delete=False,
        arguments=queue.arguments,
    )
    for exchange, key in queue.bindings:
        channel.queue_bind(queue.name, exchange, key)
    if queue.sign is not None:
        channel.exchange_declare(queue.sign.name, queue.sign.kind, durable=True, auto_delete=False)


def unavailable(error: Exception) -> Unavailable:
    return Unavailable("broker_unavailable", detail=str(error)[:200] or type(error).__name__)


def _is_there(link: Link, thing: Exchange | Queue) -> bool:
    channel = link.channel()  # a channel does not survive the question when the answer is no
    try:
        if isinstance(thing, Exchange):
            channel.exchange_declare(thing.name, thing.kind, passive=True)
        else:
            channel.queue_declare(thing.name, passive=True)
    except NotFound:
        return False
    channel.close()
    return True
