"""Looks at the queue of parked messages now and then: whoever parks one says so, nobody says when it is gone."""

from __future__ import annotations

from collections.abc import Callable

from shared.bus.connection import BrokerLoop, Link, declare_shared
from shared.bus.topology import PARKED_QUEUE


class ParkedWatch:
    """One thread. `on_look(count)` is called in it after each look."""

    def __init__(self, uri: str, service: str, every_s: float, on_look: Callable[[int], None]) -> None:
        self._every_s = every_s
        self._on_look = on_look
        self._loop = BrokerLoop(uri, f"{service} parked watch", self._serve)
        self.start, self.stop = self._loop.start, self._loop.stop

    def _serve(self, link: Link) -> None:
        declare_shared(link, PARKED_QUEUE)
        channel = link.channel()
        self._loop.serving()
        while not self._loop.stopping.is_set():
            self._on_look(channel.queue_declare(PARKED_QUEUE.name, passive=True).message_count)
            left_s = self._every_s
            while left_s > 0 and not self._loop.stopping.is_set():
                link.drain(min(left_s, 0.5))
                left_s -= 0.5
