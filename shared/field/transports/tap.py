"""Lets somebody listen to a channel: every byte that goes out or comes in, as it is handed on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from shared.field.transports.channel import Channel


@dataclass(frozen=True, slots=True)
class WireEvent:
    """What happened on a channel. `at_s`: of `time.time`."""

    kind: Literal["opened", "closed", "sent", "received"]
    at_s: float
    data: bytes = b""


Tap = Callable[[WireEvent], None]


class TappedChannel:
    """A channel that tells a tap what goes through it."""

    def __init__(self, inner: Channel, tap: Tap) -> None:
        self._inner = inner
        self._tap = tap
        self.byte_s, self.gap_s = inner.byte_s, inner.gap_s

    @property
    def is_open(self) -> bool:
        return self._inner.is_open

    def open(self, timeout_s: float) -> None:
        if not self._inner.is_open:
            self._inner.open(timeout_s)
            self._tap(WireEvent("opened", time.time()))

    def send(self, data: bytes, timeout_s: float) -> None:
        self._tap(WireEvent("sent", time.time(), data))
        self._inner.send(data, timeout_s)

    def receive(self, deadline: float) -> bytes:
        return self._received(self._inner.receive(deadline))

    def waiting(self) -> bytes:
        return self._received(self._inner.waiting())

    def close(self) -> None:
        if self._inner.is_open:
            self._inner.close()
            self._tap(WireEvent("closed", time.time()))

    def _received(self, data: bytes) -> bytes:
        if data:
            self._tap(WireEvent("received", time.time(), data))
        return data
