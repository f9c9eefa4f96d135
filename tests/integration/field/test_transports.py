"""Transports against a device that does what it is told, and then against each fault by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import pytest

from shared.field.address import parse_address
from shared.field.profile import Table
from shared.field.transports import (
    DeviceException,
    EagerTransport,
    LinkDown,
    NoAnswer,
    Transport,
    TransportError,
    WriteFunction,
    open_line,
    open_transport,
)
from shared.site import LineEntry
from tests.faults.device import Fault, FaultyDevice, Timing
from tests.faults.rig import FAULTS, FRAMINGS, Faulty, outcome_of, rig
from tests.faults.values import bits, registers
from tests.waiting import eventually

TIMEOUT_S = 0.08
QUIET_MS = 150
TIMING = Timing(late_s=0.1, very_late_s=0.2)
"""A machine that is busy makes a late answer later: it has 130 ms until the unit is asked again."""

Pair = tuple[FaultyDevice, Transport]


@pytest.fixture(params=FRAMINGS)
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with rig(request.param, TIMING, quiet_ms=QUIET_MS) as found:
        yield found


@pytest.mark.parametrize("table", ["holding", "input"])
def test_registers_are_read(pair: Pair, table: Table) -> None:
    _, transport = pair
    assert registers(3, table, 40, 100) == transport.read(3, table, 40, 100, 1.0)


@pytest.mark.parametrize("table", ["coil", "discrete"])
@pytest.mark.parametrize("count", [1, 8, 13, 200])
def test_bits_are_read(pair: Pair, table: Table, count: int) -> None:
    _, transport = pair
    assert bits(3, table, 5, count) == transport.read(3, table, 5, count, 1.0)


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
    assert registers(3, "holding", 40, 2) == transport.read_write(3, 40, 2, 9, b"\x12\x34\x56\x78\x9a\xbc", 1.0)
    assert ["170028000200090003" + "06" + "123456789abc"] == [pdu.hex() for pdu in device.writes]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_every_failure_has_its_quality_and_the_line_is_good_again_after_it(framing: Faulty) -> None:
    faults: tuple[Fault, ...] = ("none", *FAULTS[framing])
    with rig(framing, TIMING, quiet_ms=QUIET_MS) as (device, transport):
        found = {}
        for at, fault in enumerate(faults):
            for _ in range(3):  # a busy machine turns an answer into a timeout; not three times
                device.script.append(fault)
                found[fault] = _outcome(transport, 1, 100 + at, TIMEOUT_S)
                assert "good" == _outcome(transport, 1, 200 + at, 1.0), f"the read after {fault}"
                if found[fault] == outcome_of(framing, fault):
                    break
    assert {fault: outcome_of(framing, fault) for fault in faults} == found


def _outcome(transport: Transport, unit: int, address: int, timeout_s: float) -> str:
    try:
        assert registers(unit, "holding", address, 3) == transport.read(unit, "holding", address, 3, timeout_s)
    except TransportError as error:
        return error.quality
    return "good"


@pytest.mark.parametrize("fault", ["drop", "late", "garbage", "wrong_unit", "truncated"])
def test_a_write_without_its_answer_is_not_sent_again(pair: Pair, fault: Fault) -> None:
    device, transport = pair
    device.script.append(fault)
    with pytest.raises(TransportError):
        transport.write(1, 6, 9, b"\x12\x34", TIMEOUT_S)
    assert "good" == _outcome(transport, 1, 9, 1.0)
    assert ["0600091234"] == [pdu.hex() for pdu in device.writes]


def test_the_late_answer_to_a_write_confirms_no_later_one(pair: Pair) -> None:
    """Not even when the later one writes the same."""
    device, transport = pair
    device.script.append("late")
    with pytest.raises(NoAnswer):
        transport.write(1, 6, 9, b"\x00\x01", TIMEOUT_S)
    device.script.append("drop")
    with pytest.raises(NoAnswer):
        transport.write(1, 6, 9, b"\x00\x01", TIMEOUT_S)


def test_the_code_of_an_exception_is_told(pair: Pair) -> None:
    device, transport = pair
    device.exception_code = 6
    device.script.append("exception")
    with pytest.raises(DeviceException) as raised:
        transport.write(1, 6, 9, b"\x00\x01", 1.0)
    assert (6, "bad.exception(6)") == (raised.value.code, raised.value.quality)


@pytest.mark.parametrize("framing", ["tcp", "rtu+tcp", "ascii+tcp"])
def test_a_connection_that_closed_while_idle_costs_no_poll_and_no_write(framing: Faulty) -> None:
    """Many devices hang up after some seconds without a question."""
    with rig(framing) as (device, transport):
        for ask in (
            lambda: transport.read(1, "holding", 5, 2, 1.0),
            lambda: transport.write(1, 6, 9, b"\x00\x07", 1.0),
            lambda: transport.mask_write(1, 9, 1, 2, 1.0),
        ):
            connections = device.connections
            device.hang_up()
            ask()
            assert connections + 1 == device.connections
        assert 2 == len(device.writes)


@pytest.mark.parametrize("framing", ["tcp", "rtu+tcp"])
def test_a_write_under_which_the_connection_closed_is_not_sent_again(framing: Faulty) -> None:
    with rig(framing) as (device, transport):
        transport.read(1, "holding", 5, 2, 1.0)
        device.script.append("close")
        with pytest.raises(LinkDown):
            transport.write(1, 6, 9, b"\x00\x07", 1.0)
        assert 1 == len(device.writes)


def test_a_closed_connection_fails_at_once() -> None:
    with rig("tcp") as (device, transport):
        device.script += ["close", "close"]
        began = time.monotonic()
        with pytest.raises(LinkDown):
            transport.read(1, "holding", 100, 1, 5.0)
        assert time.monotonic() - began < 2.0


@pytest.mark.parametrize(
    "address",
    [
        "tcp://127.0.0.1:1",
        "rtu+tcp://127.0.0.1:1",
        "ascii+tcp://127.0.0.1:1",
        "rtu:///dev/none-such",
        "ascii:///dev/none-such",
        "rtu:///dev/null",
    ],
)
def test_a_line_that_leads_nowhere_is_down(address: str) -> None:
    transport = open_transport(parse_address(address))
    with pytest.raises(LinkDown):
        transport.read(1, "holding", 0, 1, 0.2)


def test_a_driver_that_cannot_switch_rs485_says_so() -> None:
    """A pseudo-terminal has no transmitter to switch on."""
    options = ("rs485=1", "rts_before_ms=1", "rts_after_ms=2")
    with rig("rtu", options=options) as (_, transport), pytest.raises(LinkDown, match="RS485"):
        transport.read(1, "holding", 0, 1, 0.2)


def test_a_serial_line_is_silent_between_two_frames() -> None:
    """1.75 ms above 19200 baud (V1.02, 2.5.1.1): thirty polls cannot take less than thirty gaps."""
    with rig("rtu") as (_, transport):
        transport.read(1, "holding", 0, 1, 1.0)
        began = time.monotonic()
        for address in range(30):
            transport.read(1, "holding", address, 1, 1.0)
        assert time.monotonic() - began >= 30 * 0.00175


def test_another_unit_is_asked_while_one_is_left_alone() -> None:
    """Only the silent unit waits out its late answer; its neighbours on the line do not pay for it."""
    with rig("rtu", quiet_ms=2000) as (device, transport):
        device.script.append("drop")
        with pytest.raises(NoAnswer):
            transport.read(1, "holding", 5, 2, TIMEOUT_S)
        began = time.monotonic()
        assert registers(2, "holding", 5, 2) == transport.read(2, "holding", 5, 2, 1.0)
        assert time.monotonic() - began < 1.0


def test_a_line_that_never_falls_silent_is_given_up_and_nothing_is_sent_into_it() -> None:
    with rig("rtu", quiet_ms=20, options=("baud=1200",)) as (device, transport):  # a gap of 32 ms
        device.script.append("babble")
        with pytest.raises(TransportError):
            transport.read(1, "holding", 5, 2, 0.02)
        with pytest.raises(TransportError, match="never quiet"):
            transport.write(1, 6, 9, b"\x00\x07", 0.02)
        assert [] == device.writes
        device.silent.set()
        eventually(lambda: "good" == _outcome(transport, 1, 5, 0.5), 5)


def test_a_line_with_a_backup_goes_over_and_comes_back() -> None:
    with rig("tcp") as (primary, _), rig("rtu+tcp") as (backup, _):
        entry = LineEntry(id="river", address=primary.address, backup=backup.address, switch_after=2, probe_every="1ms")
        line = open_line(entry)
        read = partial(line.read, 1, "holding", 5, 2)
        assert registers(1, "holding", 5, 2) == read(1.0)
        primary.script += ["drop", "drop"]
        for _ in range(2):
            with pytest.raises(NoAnswer):
                read(TIMEOUT_S)
        primary.script.append("drop")  # of the probe
        assert registers(1, "holding", 5, 2) == read(0.5)
        assert 1 == len(backup.heard)
        line.write(1, 6, 9, b"\x00\x07", 1.0)
        assert ["060009" + "0007"] == [pdu.hex() for pdu in backup.writes]
        assert registers(1, "holding", 5, 2) == read(TIMEOUT_S)
        assert ([], 1) == (primary.writes, len(backup.writes))
        line.close()


@pytest.mark.parametrize(("fault", "quality"), [("drop", "bad.timeout"), ("truncated", "bad.decode")])
def test_a_read_that_was_begun_and_not_answered_in_time_is_not_asked_again(fault: Fault, quality: str) -> None:
    with rig("tcp") as (device, transport):
        assert isinstance(transport, EagerTransport)
        transport.read(1, "holding", 5, 2, 1.0)
        device.script.append(fault)
        assert transport.begin_read(1, "holding", 7, 2, TIMEOUT_S)
        began = time.monotonic()
        eventually(lambda: not transport.is_answered() and time.monotonic() - began > TIMEOUT_S, 5)
        with pytest.raises(TransportError) as raised:
            transport.end_read()
        assert (quality, 2) == (raised.value.quality, len(device.heard))
        assert "good" == _outcome(transport, 1, 9, 1.0)


def test_a_read_that_was_begun_on_a_connection_that_had_closed_is_answered_all_the_same() -> None:
    with rig("tcp") as (device, transport):
        assert isinstance(transport, EagerTransport)
        transport.read(1, "holding", 5, 2, 1.0)
        device.hang_up()
        if transport.begin_read(1, "holding", 7, 2, 1.0):
            assert registers(1, "holding", 7, 2) == transport.end_read()
        assert "good" == _outcome(transport, 1, 9, 1.0)
