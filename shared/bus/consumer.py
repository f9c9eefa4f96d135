"""Messages of one queue, handled strictly one after the other.

What is Unavailable is tried again with growing pauses, and its queue waits; after a bounded number of times, or when it
can never succeed, the message is parked: dead-lettered by the broker, at least once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import structlog

from shared.bus.connection import BrokerLoop, Link, declare, declare_shared
from shared.bus.topology import PARKED_QUEUE, Queue
from shared.contracts.codec import Letter, decode, open_letter
from shared.contracts.envelope import Envelope
from shared.contracts.message import Message, message_name
from shared.errors import Malformed, PlatformError, Unavailable

PREFETCH_MAX = 20
AHEAD_S = 0.005
"""How long one waits for what the broker is still sending."""
OUTAGES = frozenset({"database_unavailable", "database_busy", "database_newer"})
"""Our own database is away: not the message's fault, so it is not parked for it; its queue waits until it is back."""

log = structlog.get_logger()

Handler = Callable[[Any, Envelope], None]
"""Takes the typed message (the class under which it stands in the table) and its envelope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    attempts_max: int = 6
    pause_s_min: float = 0.5
    pause_s_max: float = 30.0

    def pause_s(self, attempt: int) -> float:
        return min(self.pause_s_min * 2.0 ** min(attempt - 1, 30), self.pause_s_max)


@dataclass(frozen=True, slots=True)
class Parked:
    """A message that this service could not handle."""

    queue: str
    code: str
    detail: str
    envelope: Envelope | None
    """None when not even that could be read."""


class Dispatch:
    """The table of what a service hears or does; `others` gets the letters that are not in it, unread."""

    def __init__(self, table: Mapping[type[Message], Handler], others: Callable[[Letter], None] | None = None) -> None:
        self._handlers = {message_name(cls): handler for cls, handler in table.items()}
        self._others = others

    def __call__(self, letter: Letter) -> bool:
        """True when the message is in the table."""
        handler = self._handlers.get(letter.envelope.type.name)
        if handler is not None:
            handler(decode(letter), letter.envelope)
        elif self._others is not None:
            self._others(letter)
        return handler is not None


class _Outcome(Enum):
    DONE = auto()
    PARK = auto()
    STOPPED = auto()


class Consumer:
    """One thread and one connection for one queue. Reconnects for ever."""

    def __init__(
        self,
        uri: str,
        queue: Queue,
        handle: Callable[[Letter], bool],
        *,
        on_parked: Callable[[Parked], None],
        retry: Retry | None = None,
        ahead: Mapping[type[Message], Handler] | None = None,
    ) -> None:
        """`ahead`: heard as soon as they come in, before what waits in front of them is handled; and again in turn."""
        self._ahead = Dispatch(ahead) if ahead else None
        self._queue = queue
        self._handle = handle
        self._on_parked = on_parked
        self._retry = retry or Retry()
        self._waiting: deque[Any] = deque()
        self._loop = BrokerLoop(uri, queue.name, self._serve)
        self.start, self.stop = self._loop.start, self._loop.stop

    def _serve(self, link: Link) -> None:
        self._waiting.clear()  # whatever was not acknowledged comes again
        declare_shared(link, PARKED_QUEUE)
        channel = link.channel()
        declare(channel, self._queue)
        channel.basic_qos(0, PREFETCH_MAX, False)
        channel.basic_consume(self._queue.name, callback=self._arrived)
        self._loop.serving()
        while not self._loop.stopping.is_set():
            link.drain(0.0 if self._waiting else 0.5)
            if self._ahead is not None:
                self._let_all_in(link)
            if self._waiting:
                self._take(channel, self._waiting.popleft(), link)

    def _let_all_in(self, link: Link) -> None:
        """Whatever the broker has sent is looked at before the first of it is handled."""
        before = -1
        while before < len(self._waiting) < PREFETCH_MAX:
            before = len(self._waiting)
            link.drain(AHEAD_S)

    def _arrived(self, raw: Any) -> None:
        self._waiting.append(raw)
        if self._ahead is None:
            return
        try:
            self._ahead(open_letter(_body(raw)))
        except PlatformError as error:
            log.debug("not heard ahead", queue=self._queue.name, detail=str(error))  # its turn will tell

    def _take(self, channel: Any, raw: Any, link: Link) -> None:
        outcome = self._attempt(_body(raw), link)
        if outcome is _Outcome.DONE:
            channel.basic_ack(raw.delivery_tag)
        elif outcome is _Outcome.PARK:
            channel.basic_reject(raw.delivery_tag, requeue=False)

    def _attempt(self, body: bytes, link: Link) -> _Outcome:
        began = time.monotonic()
        envelope: Envelope | None = None
        attempt = 0
        while not self._loop.stopping.is_set():
            try:
                letter = open_letter(body)
                envelope = letter.envelope
                heard = self._handle(letter)
            except Unavailable as error:
                attempt += error.code not in OUTAGES
                if attempt >= self._retry.attempts_max:
                    return self._park(error.code, error, envelope)
                pause_s = self._retry.pause_s(max(attempt, 1))
                log.warning("message waits", queue=self._queue.name, code=error.code, attempt=attempt, pause_s=pause_s)
                self._pause(pause_s, link)
            except Malformed as error:
                return self._park(error.code, error, envelope)
            except PlatformError as error:
                log.info("message refused", outcome=error.code, detail=str(error), **_keys(envelope))
                return _Outcome.DONE
            except Exception as error:
                log.exception("defect while handling a message", **_keys(envelope))
                return self._park("defect", error, envelope)
            else:
                took_ms = round((time.monotonic() - began) * 1000, 1)
                say = log.info if heard else log.debug
                say("message handled", outcome="done", duration_ms=took_ms, **_keys(envelope))
                return _Outcome.DONE
        return _Outcome.STOPPED

    def _park(self, code: str, error: Exception, envelope: Envelope | None) -> _Outcome:
        log.error("message parked", queue=self._queue.name, outcome=code, detail=str(error), **_keys(envelope))
        try:
            self._on_parked(Parked(self._queue.name, code, str(error)[:200], envelope))
        except PlatformError as unsaid:
            log.warning("nobody could be told of a parked message", queue=self._queue.name, code=unsaid.code)
        return _Outcome.PARK

    def _pause(self, seconds: float, link: Link) -> None:
        """Wait with a beating heart: the connection must outlive the pause, or the message comes again."""
        ends_at = time.monotonic() + seconds
        while (left_s := ends_at - time.monotonic()) > 0 and not self._loop.stopping.is_set():
            link.drain(min(left_s, 0.5))


def _body(raw: Any) -> bytes:
    body: bytes | str | memoryview = raw.body
    return body.encode() if isinstance(body, str) else bytes(body)


def _keys(envelope: Envelope | None) -> dict[str, str]:
    if envelope is None:
        return {}
    return {
        "area": envelope.subject,
        "event_type": str(envelope.type),
        "event_id": envelope.id,
        "correlation_id": envelope.correlation_id,
    }
