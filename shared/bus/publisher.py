"""Publishing with confirms, a window of messages at a time: ten times as many a second as one by one."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.bus.connection import (
    BROKER_ERRORS,
    HEARTBEAT_S,
    Channel,
    Link,
    declare_missing,
    declare_shared,
    unavailable,
)
from shared.bus.topology import EVENTS, Queue, queues_that_keep
from shared.errors import Unavailable

CONFIRM_S_MAX = 5.0
PUBLISHED_HEADER = "published_us"
"""AMQP header: the publisher's wall clock in microseconds since 1970, from which readers see delay and skew."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way to an exchange. `mandatory`: it is an error when no queue takes it."""

    exchange: str
    key: str
    body: bytes
    content_type: str
    persistent: bool = True
    mandatory: bool = False
    expiration_ms: int | None = None
    properties: dict[str, Any] = field(default_factory=dict)


class Publisher:
    """Safe for several threads, one window at a time. `needs`: shared queues that must be there before it sends."""

    def __init__(self, uri: str, name: str, *needs: Queue) -> None:
        self._needs = needs
        self._link = Link(uri, name)
        self._lock = threading.Lock()
        self._window: _Window | None = None
        self._used_at = 0.0

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Returns when the broker has taken all of them, in this order.

        Raises Unavailable when that is not certain; some of them may have been taken. An open channel is used again.
        """
        if not messages:
            return
        with self._lock:
            try:
                window = self._current()
                window.require_keepers(messages, self._link)
                window.send(messages, self._link)
            except BROKER_ERRORS as error:
                self._abandon()
                raise unavailable(error) from error
            except Unavailable:
                self._abandon()
                raise

    def beat(self) -> None:
        """Keep an idle connection alive. Raises Unavailable when it is lost."""
        with self._lock:
            try:
                if self._window is not None:
                    self._link.drain(0.001)
                    self._used_at = time.monotonic()
            except BROKER_ERRORS as error:
                self._abandon()
                raise unavailable(error) from error

    def close(self) -> None:
        with self._lock:
            self._window = None
            self._link.close()

    def _current(self) -> _Window:
        if time.monotonic() - self._used_at > HEARTBEAT_S:
            self._abandon()  # nobody kept it alive: by now the broker may have closed it
        self._used_at = time.monotonic()
        if self._window is None:
            declare_shared(self._link, *self._needs)
            self._window = _Window(self._link.channel())
        return self._window

    def _abandon(self) -> None:
        self._window = None
        self._link.abandon()


class _Window:
    """A channel in confirm mode and what is still unconfirmed on it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._unconfirmed: set[int] = set()
        self._refused = False
        self._returned: str | None = None
        self._tag = 0
        self._kept: set[str] = set()
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)

    def require_keepers(self, messages: Sequence[Outgoing], link: Link) -> None:
        """At the first start of a city, events wait until those who keep them have been there."""
        for message in messages:
            place = message.key.rsplit(".", 2)[0]
            if message.exchange == EVENTS and place not in self._kept:
                for queue in queues_that_keep(message.key):
                    declare_missing(link, queue)
                self._kept.add(place)

    def send(self, messages: Sequence[Outgoing], link: Link) -> None:
        self._refused, self._returned = False, None
        for message in messages:
            self._tag += 1
            self._unconfirmed.add(self._tag)
            self._channel.basic_publish(
                self._prepared(message),
                exchange=message.exchange,
                routing_key=message.key,
                mandatory=message.mandatory,
            )
        ends_at = time.monotonic() + CONFIRM_S_MAX
        while self._unconfirmed:
            left_s = ends_at - time.monotonic()
            if left_s <= 0:
                raise Unavailable("broker_unavailable", detail=f"no confirm within {CONFIRM_S_MAX:.0f} s")
            link.drain(min(left_s, 1.0))
        if self._refused:
            raise Unavailable("broker_refused")
        if self._returned is not None:
            raise Unavailable("nobody_listens", queue=self._returned)

    def _prepared(self, message: Outgoing) -> Any:
        properties: dict[str, Any] = {"delivery_mode": 2 if message.persistent else 1, **message.properties}
        if message.expiration_ms is not None:
            properties["expiration"] = str(message.expiration_ms)
        headers = {PUBLISHED_HEADER: time.time_ns() // 1000, **properties.pop("headers", {})}
        return self._channel.prepare_message(
            message.body, content_type=message.content_type, headers=headers, properties=properties
        )

    def _on_ack(self, tag: int, multiple: bool) -> None:
        if multiple:
            self._unconfirmed = {each for each in self._unconfirmed if each > tag}
        else:
            self._unconfirmed.discard(tag)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self._refused = True
        self._on_ack(tag, multiple)

    def _on_return(self, _exception: object, _exchange: str, key: str, _message: object) -> None:
        self._returned = key
