"""Transports against a device that misbehaves: no value is ever given to another address, no write is sent twice."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shared.field.address import parse_address
from shared.field.profile import Table
from shared.field.transports import (
    DeviceException,
    Garbled,
    LinkDown,
    NoAnswer,
    Transport,
    TransportError,
    WriteFunction,
    open_transport,
)
from tests.integration.field.faulty import Fault, FaultyDevice, bit_value, on_tcp, on_terminal, register_value

TIMEOUT_S = 0.06
KINDS = ("tcp", "rtu+tcp", "rtu")
POLLS = 250


@contextmanager
def rig(kind: str) -> Iterator[tuple[FaultyDevice, Transport]]:
    device = FaultyDevice("tcp" if kind == "tcp" else "rtu")
    if kind == "rtu":
        with on_terminal(device) as path:
            transport = open_transport(parse_address(f"rtu://{path}?baud=115200"))
            yield device, transport
            transport.close()
    else:
        with on_tcp(device) as port:
            transport = open_transport(parse_address(f"{kind}://127.0.0.1:{port}"))
            yield device, transport
            transport.close()


@pytest.fixture(params=KINDS)
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[FaultyDevice, Transport]]:
    with rig(request.param) as found:
        yield found


Pair = tuple[FaultyDevice, Transport]


def registers(unit: int, address: int, count: int) -> bytes:
    return b"".join(struct.pack(">H", register_value(unit, address + at)) for at in range(count))


def bits(unit: int, address: int, count: int) -> bytes:
    packed = sum(1 << at for at in range(count) if bit_value(unit, address + at))
    return packed.to_bytes((count + 7) // 8, "little")


@pytest.mark.parametrize("table", ["holding", "input"])
def test_registers_are_read(pair: Pair, table: Table) -> None:
    _, transport = pair
    assert registers(3, 40, 100) == transport.read(3, table, 40, 100, 1.0)


@pytest.mark.parametrize("table", ["coil", "discrete"])
@pytest.mark.parametrize("count", [1, 8, 13, 200])
def test_bits_are_read(pair: Pair, table: Table, count: int) -> None:
    _, transport = pair
    assert bits(3, 5, count) == transport.read(3, table, 5, count, 1.0)


WRITES: list[tuple[WriteFunction, bytes, str]] = [
    (5, b"\x01", "050009ff00"),
    (5, b"\x00", "0500090000"),
    (6, b"\x12\x34", "0600091234"),
    (15, b"\x01\x00\x01", "0f00090003" + "01" + "05"),
    (16, b"\x12\x34\x56\x78", "1000090002" + "04" + "12345678"),
]


@pytest.mark.parametrize(("function", "data", "sent"), WRITES)
def test_writes_are_sent_once_and_confirmed(pair: Pair, function: WriteFunction, data: bytes, sent: str) -> None:
    device, transport = pair
    transport.write(1, function, 9, data, 1.0)
    assert [sent] == [pdu.hex() for pdu in device.writes]


def test_a_mask_write_is_sent_once_and_confirmed(pair: Pair) -> None:
    device, transport = pair
    transport.mask_write(1, 9, 0x00F2, 0x0025, 1.0)
    assert ["16000900f20025"] == [pdu.hex() for pdu in device.writes]


def test_registers_are_written_and_read_in_one_go(pair: Pair) -> None:
    device, transport = pair
    assert registers(3, 40, 2) == transport.read_write(3, 40, 2, 9, b"\x12\x34\x56\x78\x9a\xbc", 1.0)
    assert ["170028000200090003" + "06" + "123456789abc"] == [pdu.hex() for pdu in device.writes]


@pytest.mark.parametrize("function", [5, 6, 15, 16])
def test_a_write_without_an_answer_is_not_sent_again(pair: Pair, function: WriteFunction) -> None:
    device, transport = pair
    device.faults.append("drop")
    with pytest.raises(NoAnswer):
        transport.write(1, function, 9, b"\x01\x00"[: 1 if function in (5, 15) else 2], TIMEOUT_S)
    assert 1 == len(device.writes)


def test_a_late_answer_never_answers_a_later_question(pair: Pair) -> None:
    """With a library's defaults, each of the later reads would get the answer of the one before it."""
    device, transport = pair
    device.faults.append("late")
    with pytest.raises(TransportError):
        transport.read(1, "holding", 100, 1, TIMEOUT_S)
    for address in (200, 300, 400):
        assert registers(1, address, 1) == transport.read(1, "holding", address, 1, 0.5)


def test_an_exception_is_told_with_its_code(pair: Pair) -> None:
    device, transport = pair
    device.faults.append("exception")
    with pytest.raises(DeviceException) as raised:
        transport.read(1, "holding", 100, 1, 1.0)
    assert (2, "bad.exception(2)") == (raised.value.code, raised.value.quality)
    assert registers(1, 100, 1) == transport.read(1, "holding", 100, 1, 1.0)


def test_a_closed_connection_fails_at_once() -> None:
    with rig("tcp") as (device, transport):
        device.faults.append("close")
        began = time.monotonic()
        with pytest.raises(LinkDown):
            transport.read(1, "holding", 100, 1, 5.0)
        assert time.monotonic() - began < 2.0
        assert registers(1, 100, 1) == transport.read(1, "holding", 100, 1, 1.0)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "rtu+tcp://127.0.0.1:1", "rtu:///dev/none-such"])
def test_a_line_that_leads_nowhere_is_down(address: str) -> None:
    transport = open_transport(parse_address(address))
    with pytest.raises(LinkDown):
        transport.read(1, "holding", 0, 1, 0.2)


FAULTS: dict[str, tuple[Fault, ...]] = {
    "tcp": ("late", "drop", "duplicate", "wrong_unit", "wrong_transaction", "split", "truncated", "garbage", "close",
            "exception"),
    "rtu+tcp": ("late", "drop", "wrong_unit", "split", "truncated", "bad_crc", "garbage", "close", "exception"),
    "rtu": ("late", "drop", "wrong_unit", "split", "truncated", "bad_crc", "garbage", "exception"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_goes_wrong_no_value_is_given_to_another_address(kind: str) -> None:
    """Some hundred polls and writes with a fault in each third; a poll is right or an error, never wrong."""
    chance: Any = random.Random(20260729)
    right = failed = written = 0
    with rig(kind) as (device, transport):
        for _ in range(POLLS):
            fault = chance.choice(FAULTS[kind]) if chance.random() < 0.33 else "none"
            device.faults.clear()
            device.faults.append(fault)
            unit, address, count = chance.randint(1, 20), chance.randint(0, 900), chance.randint(1, 60)
            try:
                if chance.random() < 0.1:
                    written += 1
                    transport.write(unit, 6, address, struct.pack(">H", chance.randint(0, 65535)), TIMEOUT_S)
                elif chance.random() < 0.2:
                    assert bits(unit, address, count) == transport.read(unit, "coil", address, count, TIMEOUT_S)
                else:
                    assert registers(unit, address, count) == transport.read(unit, "holding", address, count, TIMEOUT_S)
                right += 1
            except (NoAnswer, LinkDown, Garbled, DeviceException):
                failed += 1
                assert fault != "none" or kind != "tcp"
        assert len(device.writes) <= written
    assert right > POLLS // 2
    assert failed > POLLS // 10
