"""Serial lines, and serial frames carried over TCP. Their frames have no transaction id, so a late answer fits a later
question of the same shape. What keeps it from being taken for one:

- a unit that did not answer is left alone for a while (`quiet_ms`, by default its timeout), and whatever comes
  meanwhile is dropped; other units can be asked, for an answer names its unit;
- over TCP the connection is closed as well: a converter that keeps serial bytes for the next connection is drained so;
- what stands unread before a request is dropped, which takes care of doubled answers;
- between two frames a serial line is silent for 3.5 characters.
"""

from __future__ import annotations

import time

from shared.field.transports.asking import AskingTransport, ClosedUnanswered
from shared.field.transports.channel import Channel
from shared.field.transports.port import DeviceException, Garbled, LinkDown, NoAnswer, TransportError
from shared.field.transports.pymodbus_framing import BUFFER_MAX, Framing
from shared.field.transports.question import Question

_NEVER_QUIET = 3
"""A line that still talks after so many times the quiet time is given up for this request."""
_QUIET_S_LEAST = 0.02


class FramedTransport(AskingTransport):
    """RTU or ASCII frames on any channel."""

    def __init__(self, channel: Channel, framing: Framing, *, quiet_s: float | None, resets: bool) -> None:
        """`quiet_s`: see above, None for the timeout of each request; `resets`: close the channel after a failure."""
        super().__init__(channel)
        self._framing = framing
        self._quiet_s = quiet_s
        self._resets = resets
        self._shy: dict[int, float] = {}
        """Until when each unit that failed to answer is left alone."""
        self._free_at = 0.0
        self._heard = False
        """Did anything come since the request was sent?"""

    def _ask(self, unit: int, question: Question, timeout_s: float) -> bytes:
        try:
            return self._asked(unit, question, timeout_s)
        except DeviceException:
            raise
        except TransportError as error:
            if self._resets or isinstance(error, LinkDown):
                self.close()
            raise

    def _asked(self, unit: int, question: Question, timeout_s: float) -> bytes:
        channel, framing = self._channel, self._framing
        was_open = self._ready(unit, timeout_s)
        request = framing.encode(unit, question.pdu)
        wire_s = (len(request) + framing.size(question.answer_size)) * channel.byte_s
        quiet_s = timeout_s if self._quiet_s is None else self._quiet_s
        deadline = time.monotonic() + wire_s + timeout_s
        self._shy[unit] = deadline + quiet_s
        self._heard = False
        try:
            channel.send(request, timeout_s)
            answer = question.answer(self._listen(unit, question, deadline, timeout_s))
        except DeviceException:
            del self._shy[unit]
            raise
        except LinkDown as error:
            if was_open and not self._heard:
                raise ClosedUnanswered(str(error)) from error
            raise
        finally:
            self._free_at = time.monotonic() + channel.gap_s
        del self._shy[unit]
        return answer

    def _listen(self, unit: int, question: Question, deadline: float, timeout_s: float) -> bytes:
        """The PDU of the answer, wherever it stands in what comes."""
        buffer, seen = b"", 0
        while received := self._channel.receive(deadline):
            self._heard = True
            buffer += received
            pdu = self._framing.find(buffer, seen, unit, question)
            if pdu is not None:
                return pdu
            buffer = buffer[-BUFFER_MAX:]
            seen = len(buffer)
        text = f"within {timeout_s:g} s"
        raise Garbled(f"no whole answer {text}") if self._heard else NoAnswer(f"no answer {text}")

    def _ready(self, unit: int, timeout_s: float) -> bool:
        """Open, free and quiet. False: newly opened. Nothing of a request is sent yet, so a closed one is replaced."""
        was_open = self._channel.is_open
        self._channel.open(timeout_s)
        try:
            self._settle(unit, timeout_s)
        except LinkDown:
            self._channel.close()
            if not was_open:
                raise
            self._channel.open(timeout_s)
            self._settle(unit, timeout_s)
            return False
        return was_open

    def _settle(self, unit: int, timeout_s: float) -> None:
        """Drop what comes until the unit's late answer cannot come any more, and the gap between frames is kept."""
        shy_until = self._shy.get(unit, 0.0)
        quiet_s = max(timeout_s if self._quiet_s is None else self._quiet_s, _QUIET_S_LEAST)
        began = time.monotonic()
        until = max(self._free_at, shy_until)
        give_up = max(began, until) + _NEVER_QUIET * quiet_s
        while True:
            came = self._channel.receive(until) if until > time.monotonic() else self._channel.waiting()
            now = time.monotonic()
            if came:
                until = max(until, now + self._channel.gap_s)
                if now > give_up:
                    raise Garbled("the line is never quiet")
            elif now >= until:
                break
        self._shy.pop(unit, None)
