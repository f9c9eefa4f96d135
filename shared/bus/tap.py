"""A live view of all events for as long as somebody looks: no queue is kept, nothing is acknowledged or retried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

from shared.bus.connection import BrokerLoop, Link, declare, declare_shared
from shared.bus.topology import tap_queue
from shared.contracts.codec import Letter, open_letter
from shared.errors import Malformed

log = structlog.get_logger()


class Tap:
    """One thread. `on_open` is called whenever the view begins (again): what happened before must be asked for."""

    def __init__(
        self, uri: str, service: str, on_open: Callable[[], None], on_letter: Callable[[Letter], None]
    ) -> None:
        self._service = service
        self._on_open = on_open
        self._on_letter = on_letter
        self._loop = BrokerLoop(uri, f"{service} tap", self._serve)
        self.start, self.stop = self._loop.start, self._loop.stop

    def _serve(self, link: Link) -> None:
        declare_shared(link)
        channel = link.channel()
        queue = tap_queue(self._service)
        declare(channel, queue)
        channel.basic_consume(queue.name, no_ack=True, callback=self._take)
        self._loop.serving()
        self._on_open()
        while not self._loop.stopping.is_set():
            link.drain(0.5)

    def _take(self, raw: Any) -> None:
        try:
            letter = open_letter(bytes(raw.body) if not isinstance(raw.body, str) else raw.body.encode())
        except Malformed as error:
            log.warning("a message on the bus is malformed", detail=str(error))
            return
        self._on_letter(letter)
