"""Frames by themselves: whatever bytes come, in whatever pieces, there is an answer or a TransportError."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.field.transports import TransportError
from shared.field.transports.framed import FramedTransport
from shared.field.transports.mbap import encode_frame, first_frame
from shared.field.transports.port import DeviceException, Garbled
from shared.field.transports.pymodbus_framing import BUFFER_MAX, Ascii, Framing, Rtu
from shared.field.transports.question import (
    Question,
    exchange_question,
    mask_question,
    read_question,
    write_question,
)
from shared.field.transports.tcp import TcpTransport
from tests.faults.device import respond
from tests.faults.wire import FrameKind, frame, split

FRAMINGS: dict[FrameKind, Framing] = {"rtu": Rtu(), "ascii": Ascii()}
QUESTIONS: tuple[Question, ...] = (
    read_question("holding", 40, 10),
    read_question("input", 0, 125),
    read_question("coil", 3, 13),
    read_question("discrete", 0, 2000),
    write_question(5, 9, b"\x01"),
    write_question(6, 9, b"\x12\x34"),
    write_question(15, 9, b"\x01\x00\x01"),
    write_question(16, 9, b"\x12\x34\x56\x78"),
    mask_question(9, 0xF0F0, 0x0101),
    exchange_question(40, 2, 9, b"\x12\x34"),
)
questions = st.sampled_from(QUESTIONS)
units = st.integers(1, 15)
noise = st.binary(max_size=300)
pieces = st.lists(st.integers(1, 40), max_size=20)


class FedChannel:
    """Gives the bytes it was fed, in pieces of its own choosing, and then says that the time is up."""

    byte_s = gap_s = 0.0
    is_open = True

    def __init__(self, data: bytes, sizes: Sequence[int]) -> None:
        self._left, self._sizes = data, list(sizes)
        self.closed = False

    def open(self, timeout_s: float) -> None: ...

    def send(self, data: bytes, timeout_s: float) -> None: ...

    def receive(self, deadline: float) -> bytes:
        size = self._sizes.pop(0) if self._sizes else 4096
        piece, self._left = self._left[:size], self._left[size:]
        return piece

    def waiting(self) -> bytes:
        return b""

    def close(self) -> None:
        self.closed = True


@given(units, questions, st.sampled_from(sorted(FRAMINGS)))
def test_what_we_send_is_a_frame_to_the_device(unit: int, question: Question, kind: FrameKind) -> None:
    found = split(kind, FRAMINGS[kind].encode(unit, question.pdu))
    assert found is not None
    assert (0, unit, question.pdu, b"") == (*found[0], found[1])


@given(st.integers(1, 65535), units, questions)
def test_what_we_send_is_a_modbus_tcp_frame_to_the_device(transaction: int, unit: int, question: Question) -> None:
    found = split("mbap", encode_frame(transaction, unit, question.pdu))
    assert found is not None
    assert (transaction, unit, question.pdu, b"") == (*found[0], found[1])


@given(units, questions, st.sampled_from(sorted(FRAMINGS)), noise, noise, pieces)
@example(11, QUESTIONS[0], "rtu", b"\x0b\x03", b"", [1])
def test_a_serial_answer_is_found_in_noise_however_it_is_cut(
    unit: int, question: Question, kind: FrameKind, before: bytes, after: bytes, sizes: list[int]
) -> None:
    right = respond(unit, question.pdu)
    if kind == "ascii":
        before, after = before.replace(b"\n", b""), after.replace(b"\n", b"")  # noise that ends no frame
    channel = FedChannel(before + frame(kind, 0, unit, right) + after, sizes)
    transport = FramedTransport(channel, FRAMINGS[kind], quiet_s=0.0, resets=False)
    assert question.answer(right) == transport._asked(unit, question, 0.5)


@given(units, questions, st.sampled_from(sorted(FRAMINGS)), noise, pieces)
def test_a_serial_answer_with_a_wrong_checksum_or_of_another_unit_is_none(
    unit: int, question: Question, kind: FrameKind, before: bytes, sizes: list[int]
) -> None:
    stranger = unit % 15 + 1
    data = (
        frame(kind, 0, unit, respond(unit, question.pdu), spoilt=True)
        + frame(kind, 0, stranger, respond(stranger, question.pdu))
        + frame(kind, 0, unit, bytes([question.function ^ 1, 0]))
    )
    transport = FramedTransport(FedChannel(data, sizes), FRAMINGS[kind], quiet_s=0.0, resets=False)
    with pytest.raises(Garbled):
        transport._asked(unit, question, 0.5)


@given(units, questions, st.sampled_from(sorted(FRAMINGS)), st.binary(max_size=3000), pieces)
def test_arbitrary_bytes_on_a_serial_line_end_in_an_error_and_a_small_buffer(
    unit: int, question: Question, kind: FrameKind, data: bytes, sizes: list[int]
) -> None:
    transport = FramedTransport(FedChannel(data, sizes), FRAMINGS[kind], quiet_s=0.0, resets=False)
    with pytest.raises(TransportError):
        transport._asked(unit, question, 0.5)


@given(units, questions, st.binary(max_size=3000), pieces)
@example(1, QUESTIONS[0], b"\x00\x01\x00\x00\x00\x03\x01\x83\x02", [1] * 9)
@example(1, QUESTIONS[0], b"\x00\x07\x00\x00\x00\x02\x01\x03" * 300, [])
def test_arbitrary_bytes_over_tcp_end_in_an_error_and_a_closed_connection(
    unit: int, question: Question, data: bytes, sizes: list[int]
) -> None:
    channel = FedChannel(data, sizes)
    transport = TcpTransport(channel)
    with pytest.raises(TransportError) as raised:
        transport._ask(unit, question, 0.5)
    assert channel.closed == (not isinstance(raised.value, DeviceException))
    assert len(transport._buffer) <= 4096 + 260


@given(units, questions, st.lists(st.integers(2, 65535), max_size=5), pieces)
def test_answers_of_other_transactions_are_passed_over(
    unit: int, question: Question, others: list[int], sizes: list[int]
) -> None:
    late = b"".join(encode_frame(other, unit, respond(unit, QUESTIONS[0].pdu)) for other in others)
    right = respond(unit, question.pdu)
    transport = TcpTransport(FedChannel(late + encode_frame(1, unit, right), sizes))
    assert question.answer(right) == transport._ask(unit, question, 0.5)


@given(st.binary(max_size=600))
def test_the_first_frame_is_whole_or_not_there(data: bytes) -> None:
    try:
        found = first_frame(data)
    except Garbled:
        return
    assert found is None or data.startswith(encode_frame(found[0], found[1], found[2]))


@pytest.mark.parametrize("kind", sorted(FRAMINGS))
def test_noise_without_end_costs_no_memory_and_little_time(kind: FrameKind) -> None:
    """The worst noise there is: each few bytes could begin the answer of the unit that was asked."""
    unit, question = 3, read_question("holding", 0, 2)
    bad = b"\x03\x03\x04" if kind == "rtu" else b":03\r\n"
    data = bad * (100_000 // len(bad))
    transport = FramedTransport(FedChannel(data, [200] * 500), FRAMINGS[kind], quiet_s=0.0, resets=False)
    began = time.process_time()
    with pytest.raises(Garbled):
        transport._asked(unit, question, 60.0)
    assert time.process_time() - began < 10.0
    assert BUFFER_MAX <= 2 * 520


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.pdu.hex()[:12])
@pytest.mark.parametrize("wrong", [b"", b"\x00", b"\x03", b"\x83", b"\x83\x02\x00", b"\x90"])
def test_an_answer_of_another_form_answers_nothing(question: Question, wrong: bytes) -> None:
    with pytest.raises(Garbled):
        question.answer(wrong)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.pdu.hex()[:12])
def test_an_exception_answers_every_question(question: Question) -> None:
    with pytest.raises(DeviceException) as raised:
        question.answer(bytes([question.function | 0x80, 6]))
    assert 6 == raised.value.code


def test_the_echo_of_another_write_confirms_nothing() -> None:
    with pytest.raises(Garbled, match="0600091234"):
        write_question(6, 9, b"\x12\x34").answer(b"\x06\x00\x09\x12\x35")
