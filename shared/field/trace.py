"""Bytes of a channel as frames that a person can read: who, what, where, whether the checksum fits. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from shared.field.address import Framing
from shared.field.modbus_words import exception_name, function_name
from shared.field.transports.mbap import HEADER, first_frame
from shared.field.transports.port import Garbled
from shared.field.transports.pymodbus_framing import Ascii, Rtu
from shared.field.transports.tap import WireEvent

_READS = (1, 2, 3, 4)
_ECHO_SIZE = {5: 8, 6: 8, 15: 8, 16: 8, 22: 10}
"""Bytes of an RTU answer that repeats the request."""
_LISTED_MAX = 16


@dataclass(frozen=True, slots=True)
class Shown:
    """One frame, or something else that happened. `at_s`: when its first byte was seen."""

    kind: Literal["opened", "closed", "sent", "received", "noise"]
    at_s: float
    data: bytes = b""
    meaning: str = ""
    check: Literal["", "ok", "wrong"] = ""
    """The checksum; Modbus TCP has none."""
    after_s: float | None = None
    """So long after the request."""


class Tracer:
    """Takes what a tap tells, gives whole frames."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._rtu, self._ascii = Rtu(), Ascii()
        self._buffer = b""
        self._began_s = 0.0
        self._asked_s: float | None = None
        self._asked: tuple[int, bytes] = (0, b"")

    def note(self, event: WireEvent) -> Iterator[Shown]:
        if event.kind == "received":
            if not self._buffer:
                self._began_s = event.at_s
            self._buffer += event.data
            yield from self._whole()
            return
        yield from self.flush()
        if event.kind != "sent":
            yield Shown(event.kind, event.at_s)
            return
        unit, pdu, _ = self._opened(event.data)
        self._asked, self._asked_s = (unit, pdu), event.at_s
        yield Shown("sent", event.at_s, event.data, f"unit {unit}: {request_meaning(pdu)}")

    def flush(self) -> Iterator[Shown]:
        """What is left is no frame, or half of one."""
        if self._buffer:
            unit, pdu, checked = self._opened(self._buffer)
            if checked and self._framing not in ("tcp", "tls"):
                yield self._answer(self._buffer, unit, pdu, checked)
            else:
                yield Shown("noise", self._began_s, self._buffer, "no whole frame")
            self._buffer = b""

    def _whole(self) -> Iterator[Shown]:
        while self._buffer:
            size = self._frame_size()
            if size is None or size > len(self._buffer):
                return
            frame, self._buffer = self._buffer[:size], self._buffer[size:]
            yield self._answer(frame, *self._opened(frame))

    def _frame_size(self) -> int | None:
        """Of the frame at the start of the buffer; None while that is not known, or it is none."""
        buffer = self._buffer
        if self._framing in ("tcp", "tls"):
            try:
                found = first_frame(buffer)
            except Garbled:
                return None
            return found[-1] if found else None
        if self._framing.startswith("ascii"):
            end = buffer.find(b"\r\n")
            return end + 2 if end >= 0 else None
        if len(buffer) < 3:
            return None
        function = buffer[1]
        if function & 0x80:
            return 5
        return buffer[2] + 5 if function in (*_READS, 23) else _ECHO_SIZE.get(function)

    def _opened(self, frame: bytes) -> tuple[int, bytes, bool]:
        if self._framing in ("tcp", "tls"):
            return (frame[6], frame[7:], True) if len(frame) > HEADER.size else (0, b"", False)
        return (self._ascii if self._framing.startswith("ascii") else self._rtu).opened(frame)

    def _answer(self, frame: bytes, unit: int, pdu: bytes, checked: bool) -> Shown:
        meaning = f"unit {unit}: {answer_meaning(pdu)}"
        if unit != self._asked[0]:
            meaning += f" (unit {self._asked[0]} was asked)"
        elif pdu and self._asked[1] and pdu[0] & 0x7F != self._asked[1][0]:
            meaning += f" ({function_name(self._asked[1][0])} was asked)"
        after_s = None if self._asked_s is None else self._began_s - self._asked_s
        check: Literal["", "ok", "wrong"] = "" if self._framing in ("tcp", "tls") else "ok" if checked else "wrong"
        return Shown("received", self._began_s, frame, meaning, check, after_s)


def request_meaning(pdu: bytes) -> str:
    """A request PDU in words, addresses as they stand on the wire."""
    if len(pdu) < 5:
        return function_name(pdu[0]) if pdu else "nothing"
    function = pdu[0]
    first, second = struct.unpack(">HH", pdu[1:5])
    name = function_name(function)
    match function:
        case 1 | 2 | 3 | 4:
            return f"{name}, address {first}, count {second}"
        case 5:
            return f"{name}, address {first}, {'on' if second else 'off'}"
        case 6:
            return f"{name}, address {first}, value {second}"
        case 15 | 16:
            return f"{name}, address {first}, count {second}, data {pdu[6:].hex(' ')}"
        case 22:
            return f"{name}, address {first}, and {second:04X}, or {pdu[5:7].hex().upper()}"
        case _:
            return name


def answer_meaning(pdu: bytes) -> str:
    """An answer PDU in words."""
    if len(pdu) < 2:
        return "nothing"
    function = pdu[0]
    name = function_name(function)
    if function & 0x80:
        return f"{name}: exception {pdu[1]}, {exception_name(pdu[1])}"
    if function in (3, 4, 23):
        words = [str(word) for (word,) in struct.iter_unpack(">H", pdu[2 : 2 + (len(pdu) - 2) // 2 * 2])]
        more = " …" if len(words) > _LISTED_MAX else ""
        return f"{name}, {len(words)} registers: {' '.join(words[:_LISTED_MAX])}{more}"
    if function in (1, 2):
        bits = "".join(f"{byte:08b}"[::-1] for byte in pdu[2:])
        more = "…" if len(bits) > 4 * _LISTED_MAX else ""
        return f"{name}, bits from the first on: {bits[: 4 * _LISTED_MAX]}{more}"
    return f"{name}: done"
