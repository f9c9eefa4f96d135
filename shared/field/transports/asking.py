"""What every transport of ours shares: each request as a question, and when a question may be asked twice."""

from __future__ import annotations

from abc import ABC, abstractmethod

from shared.field.profile import Table
from shared.field.transports.channel import Channel
from shared.field.transports.port import LinkDown, WriteFunction
from shared.field.transports.question import (
    Question,
    exchange_question,
    mask_question,
    read_question,
    write_question,
)


class ClosedUnanswered(LinkDown):
    """A connection that stood before the request closed without a byte of an answer: most likely it had been idle."""


class AskingTransport(ABC):
    """Fills the port by one method, `_ask`.

    A connection that the device closed while nothing was asked costs no poll: a read is asked once more on a new one.
    A write is sent once. Before it, an idle connection is looked at, so that one that is known to be closed is
    replaced while the write is provably unsent; when it closes later, nobody knows whether the device heard.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def read(self, unit: int, table: Table, address: int, count: int, timeout_s: float) -> bytes:
        question = read_question(table, address, count)
        try:
            return self._ask(unit, question, timeout_s)
        except ClosedUnanswered:
            return self._ask(unit, question, timeout_s)

    def write(self, unit: int, function: WriteFunction, address: int, data: bytes, timeout_s: float) -> None:
        self._ask(unit, write_question(function, address, data), timeout_s)

    def mask_write(self, unit: int, address: int, and_mask: int, or_mask: int, timeout_s: float) -> None:
        self._ask(unit, mask_question(address, and_mask, or_mask), timeout_s)

    def read_write(
        self, unit: int, read_address: int, count: int, write_address: int, data: bytes, timeout_s: float
    ) -> bytes:
        return self._ask(unit, exchange_question(read_address, count, write_address, data), timeout_s)

    def close(self) -> None:
        self._channel.close()

    @abstractmethod
    def _ask(self, unit: int, question: Question, timeout_s: float) -> bytes:
        """One request, one answer. Raises TransportError; ClosedUnanswered only when a new connection may do better."""
