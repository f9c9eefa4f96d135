"""Modbus TCP, plain or in TLS, over a blocking socket: the hot path (Modbus Messaging on TCP/IP V1.0b).

Every request carries a transaction id; an answer with another id is a late one and is thrown away, so it can never
answer a later question. After a timeout the connection is closed all the same: what a device answers late it may
answer wrongly.
"""

from __future__ import annotations

import time

from shared.field.profile import Table
from shared.field.transports.asking import AskingTransport, ClosedUnanswered
from shared.field.transports.mbap import encode_frame, first_frame
from shared.field.transports.port import DeviceException, Garbled, LinkDown, NoAnswer, TransportError
from shared.field.transports.question import Question, read_question


class TcpTransport(AskingTransport):
    """One connection to one address, made when it is needed."""

    _transaction = 0
    _buffer = b""
    _begun: tuple[int, Question, float, float] | None = None
    """Unit, question, timeout and deadline of a read that was begun."""

    def close(self) -> None:
        super().close()
        self._buffer = b""

    def begin_read(self, unit: int, table: Table, address: int, count: int, timeout_s: float) -> bool:
        if not self._channel.is_open or self._buffer:
            return False
        question = read_question(table, address, count)
        try:
            self._send(unit, question, timeout_s)
        except TransportError:
            self.close()
            return False
        self._begun = (unit, question, timeout_s, time.monotonic() + timeout_s)
        return True

    def is_answered(self) -> bool:
        """A lost connection counts as no answer, for `end_read` makes a new one."""
        try:
            self._buffer += self._channel.waiting()
            while (frame := first_frame(self._buffer)) is not None:
                if frame[0] == self._transaction:
                    return True
                self._buffer = self._buffer[frame[-1] :]
        except LinkDown:
            return False
        except Garbled:
            return True
        return False

    def end_read(self) -> bytes:
        assert self._begun is not None
        unit, question, timeout_s, deadline = self._begun
        self._begun = None
        try:
            return self._answer(unit, question, timeout_s, deadline)
        except DeviceException:
            raise
        except LinkDown:
            unanswered = not self._buffer
            self.close()
            if unanswered:  # it had been idle
                return self._ask(unit, question, timeout_s)
            raise
        except TransportError:
            self.close()
            raise

    def _ask(self, unit: int, question: Question, timeout_s: float) -> bytes:
        deadline = time.monotonic() + timeout_s
        try:
            return self._asked(unit, question, timeout_s, deadline)
        except DeviceException:
            raise
        except TransportError:
            self.close()
            raise

    def _asked(self, unit: int, question: Question, timeout_s: float, deadline: float) -> bytes:
        channel = self._channel
        if channel.is_open and (question.writes or self._buffer):
            self._look()
        was_open = channel.is_open
        channel.open(timeout_s)
        try:
            self._send(unit, question, timeout_s)
            return self._answer(unit, question, timeout_s, deadline)
        except LinkDown as error:
            if was_open and not self._buffer:
                raise ClosedUnanswered(str(error)) from error
            raise

    def _send(self, unit: int, question: Question, timeout_s: float) -> None:
        self._transaction = self._transaction % 65535 + 1
        self._channel.send(encode_frame(self._transaction, unit, question.pdu), timeout_s)

    def _look(self) -> None:
        """Drop what came unasked. Close the connection when the device has, or when that was not whole frames."""
        try:
            self._buffer += self._channel.waiting()
            while self._buffer:
                frame = first_frame(self._buffer)
                if frame is None:
                    raise Garbled("half a frame came unasked")
                self._buffer = self._buffer[frame[-1] :]
        except (LinkDown, Garbled):
            self.close()

    def _answer(self, unit: int, question: Question, timeout_s: float, deadline: float) -> bytes:
        while True:
            frame = first_frame(self._buffer)
            if frame is None:
                received = self._channel.receive(deadline)
                if not received:
                    text = f"within {timeout_s:g} s"
                    raise Garbled(f"half an answer {text}") if self._buffer else NoAnswer(f"no answer {text}")
                self._buffer += received
                continue
            transaction, from_unit, pdu, size = frame
            self._buffer = self._buffer[size:]
            if transaction != self._transaction:
                continue  # a late answer to an earlier question
            if from_unit != unit:
                raise Garbled(f"unit {unit} was asked, {from_unit} answered")
            return question.answer(pdu)
