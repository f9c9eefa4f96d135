"""Spreads what changes over the browsers: encoded once, queued for each, bounded. A slow one is dropped.

What has an id (the id of the event on the bus, so the same at every gateway) is kept in a ring, from which a browser
that lost its connection goes on; one that was away for longer takes a fresh snapshot.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import structlog

_log = structlog.get_logger()


MayView = Callable[[str | None, str], bool]
"""Given a trade, or None for any, and an area."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One SSE event. `trade` and `area` say who may see it: without a trade whoever may view the area in any, without
    an area everybody.

    `narrowed`, where it is given, is the body as whoever may view so much is told it.
    """

    kind: str
    body: bytes
    id: str | None = None
    trade: str | None = None
    area: str | None = None
    narrowed: Callable[[MayView], bytes] | None = None

    def encode(self) -> bytes:
        head = f"event: {self.kind}\n" + (f"id: {self.id}\n" if self.id else "")
        return head.encode() + b"data: " + self.body + b"\n\n"


def frame(kind: str, data: Any, *, id_: str | None = None, trade: str | None = None, area: str | None = None) -> Frame:
    return Frame(kind, orjson.dumps(data, option=orjson.OPT_UTC_Z), id_, trade, area)


@dataclass(eq=False, slots=True)
class Client:
    """One browser's stream."""

    may_view: MayView
    queue: asyncio.Queue[Frame | None] = field(repr=False)
    dropped: bool = False

    def wants(self, sent: Frame) -> bool:
        return sent.area is None or self.may_view(sent.trade, sent.area)

    def told(self, sent: Frame) -> Frame:
        return sent if sent.narrowed is None else replace(sent, body=sent.narrowed(self.may_view), narrowed=None)


class Hub:
    """Lives in the event loop; `publish` may be called from any thread."""

    def __init__(self, clients_max: int, backlog_max: int, ring_max: int) -> None:
        self._clients_max = clients_max
        self._backlog_max = backlog_max
        self._ring: deque[Frame] = deque(maxlen=ring_max)
        self._clients: set[Client] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.dropped_total = 0

    @property
    def clients(self) -> int:
        return len(self._clients)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def publish(self, sent: Frame) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._spread, sent)

    def join(self, may_view: MayView) -> Client | None:
        """A new stream; None when there are too many."""
        if len(self._clients) >= self._clients_max:
            return None
        client = Client(may_view, asyncio.Queue(self._backlog_max))
        self._clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        self._clients.discard(client)

    def missed_since(self, last_id: str, client: Client) -> list[Frame] | None:
        """What came after `last_id`; None when the ring does not reach back so far."""
        frames = list(self._ring)
        at = next((at for at, kept in enumerate(frames) if kept.id == last_id), None)
        return None if at is None else [client.told(kept) for kept in frames[at + 1 :] if client.wants(kept)]

    def end_all(self) -> None:
        """End every stream, from any thread: the browsers come back and take a snapshot."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.close)

    def close(self) -> None:
        """End every stream."""
        for client in list(self._clients):
            self.drop(client)

    def _spread(self, sent: Frame) -> None:
        if sent.id is not None:
            self._ring.append(sent)
        for client in list(self._clients):
            if not client.wants(sent):
                continue
            try:
                client.queue.put_nowait(client.told(sent))
            except asyncio.QueueFull:
                self.dropped_total += 1
                _log.info("slow_client_dropped", backlog=self._backlog_max)
                self.drop(client)

    def drop(self, client: Client) -> None:
        """End a stream. Empty its queue and put the end there: it comes back by itself and takes a snapshot."""
        client.dropped = True
        self._clients.discard(client)
        while not client.queue.empty():
            client.queue.get_nowait()
        client.queue.put_nowait(None)
