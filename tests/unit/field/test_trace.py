"""Bytes of a channel become frames that a person can read, however they are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.field.address import Framing
from shared.field.trace import Shown, Tracer, answer_meaning, request_meaning
from shared.field.transports import WireEvent
from tests.faults.device import respond
from tests.faults.wire import FrameKind, frame

KINDS: dict[Framing, FrameKind] = {"tcp": "mbap", "rtu": "rtu", "ascii": "ascii"}
QUESTION = bytes.fromhex("0300640003")


def shown(framing: Framing, *events: WireEvent) -> list[Shown]:
    tracer = Tracer(framing)
    return [each for event in events for each in tracer.note(event)] + list(tracer.flush())


@pytest.mark.parametrize("framing", list(KINDS))
@given(cuts=st.lists(st.integers(1, 40), max_size=6))
def test_an_answer_is_one_frame_however_it_is_cut(framing: Framing, cuts: list[int]) -> None:
    request = frame(KINDS[framing], 9, 7, QUESTION)
    answer = frame(KINDS[framing], 9, 7, respond(7, QUESTION))
    places = [0, *sorted(min(cut, len(answer)) for cut in cuts), len(answer)]
    pieces = [answer[first:last] for first, last in pairwise(places) if first < last]
    events = [
        WireEvent("sent", 1.0, request),
        *(WireEvent("received", 1.5 + at, each) for at, each in enumerate(pieces)),
    ]
    asked, answered = shown(framing, *events)
    assert ("sent", request) == (asked.kind, asked.data)
    assert ("received", answer, 0.5) == (answered.kind, answered.data, answered.after_s)
    assert ("" if framing == "tcp" else "ok") == answered.check


@given(noise=st.binary(min_size=1, max_size=60), framing=st.sampled_from(list(KINDS)))
def test_whatever_comes_is_shown_whole(noise: bytes, framing: Framing) -> None:
    assert noise == b"".join(each.data for each in shown(framing, WireEvent("received", 1.0, noise)))


def test_an_answer_of_another_unit_says_who_was_asked() -> None:
    events = (
        WireEvent("sent", 1.0, frame("rtu", 0, 7, QUESTION)),
        WireEvent("received", 1.1, frame("rtu", 0, 8, respond(8, QUESTION))),
    )
    assert shown("rtu", *events)[1].meaning.endswith("(unit 7 was asked)")


@pytest.mark.parametrize(
    ("pdu", "meaning"),
    [
        ("0300640003", "read holding registers, address 100, count 3"),
        ("050010FF00", "write one coil, address 16, on"),
        ("0600100102", "write one register, address 16, value 258"),
        ("10001000020400010002", "write registers, address 16, count 2, data 00 01 00 02"),
        ("160004FFF20005", "mask write register, address 4, and FFF2, or 0005"),
        ("2B0E0100", "read device identification"),
    ],
)
def test_requests_in_words(pdu: str, meaning: str) -> None:
    assert meaning == request_meaning(bytes.fromhex(pdu))


@pytest.mark.parametrize(
    ("pdu", "meaning"),
    [
        ("03040001FFFF", "read holding registers, 2 registers: 1 65535"),
        ("010105", "read coils, bits from the first on: 10100000"),
        ("8302", "read holding registers: exception 2, illegal data address"),
        ("83F0", "read holding registers: exception 240, not a standard code"),
        ("0600100102", "write one register: done"),
    ],
)
def test_answers_in_words(pdu: str, meaning: str) -> None:
    assert meaning == answer_meaning(bytes.fromhex(pdu))
