"""No value is ever given to another address or unit and no write is sent twice, whatever goes wrong on the wire."""

from __future__ import annotations

import pytest
from pymodbus import FramerType, ModbusException
from pymodbus.client import ModbusTcpClient

from shared.field.address import parse_address
from shared.field.transports import NoAnswer, TransportError, open_transport
from tests.faults.device import FaultyDevice, Timing, on_tcp
from tests.faults.polls import run_polls
from tests.faults.rig import FAULTS, FRAMINGS, Faulty, outcome_of, rig
from tests.faults.values import registers

POLLS = 3000
TRAP = Timing(late_s=0.07, very_late_s=0.07)
TIMEOUT_S = 0.06
QUIET_MS = 300
"""Long, so that an answer that a busy machine makes later still comes within it."""


@pytest.mark.parametrize("framing", FRAMINGS)
def test_trap_one_late_reply_shifts_no_later_answer(framing: Faulty) -> None:
    """Asked 100 -> timeout; then 200, 300 and 400 get their own answers, never that of the question before."""
    with rig(framing, TRAP, quiet_ms=QUIET_MS) as (device, transport):
        device.script.append("late")
        with pytest.raises(NoAnswer):
            transport.read(1, "holding", 100, 1, TIMEOUT_S)
        for address in (200, 300, 400):
            assert registers(1, "holding", address, 1) == transport.read(1, "holding", address, 1, 1.0)


def test_trap_the_library_by_itself_falls_into_it() -> None:
    """What the tests of ours prove is worth something: the same device deceives a client that only waits."""
    device = FaultyDevice("rtu", TRAP)
    with on_tcp(device) as port:
        client = ModbusTcpClient("127.0.0.1", port=port, framer=FramerType.RTU, timeout=TIMEOUT_S, retries=0)
        device.script.append("late")
        with pytest.raises(ModbusException):
            client.read_holding_registers(100, device_id=1)
        assert device.sent_late.wait(5)
        answered = client.read_holding_registers(200, device_id=1).registers
        client.close()
    assert [1 << 12 | 100] == answered


@pytest.mark.parametrize("framing", FRAMINGS)
def test_trap_a_coil_is_written_by_one_frame_though_its_answer_is_late(framing: Faulty) -> None:
    """A library's three retries put four FC 5 frames on the wire: a pump would be started four times."""
    with rig(framing, TRAP, quiet_ms=QUIET_MS) as (device, transport):
        device.script.append("late")
        with pytest.raises(NoAnswer):
            transport.write(1, 5, 7, b"\x01", TIMEOUT_S)
        assert registers(1, "holding", 200, 1) == transport.read(1, "holding", 200, 1, 1.0)
        assert ["050007ff00"] == [pdu.hex() for pdu in device.writes]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_thousands_of_faulty_polls_deceive_nobody(framing: Faulty) -> None:
    """A fault in each third of them. A busy machine turns an answer into a timeout, never into a lie."""
    tally = run_polls(framing, POLLS, seed=20260801)
    assert ([], [], []) == (tally.misassigned, tally.sent_twice, tally.confirmed_unheard)
    assert {outcome for _, outcome in tally.outcomes} <= {
        "good", "void", "bad.timeout", "bad.decode", "bad.not_connected", "bad.exception(2)"
    }  # fmt: skip
    for fault in FAULTS[framing]:
        if outcome_of(framing, fault) != "good" and fault != "late":
            assert 0 == tally.outcomes[fault, "good"], fault
    assert tally.share("none", "good") > 0.9
    assert tally.longest_outage < 20, "after a fault the line is good again"


def test_a_late_answer_over_a_converter_is_not_given_to_the_next_connection() -> None:
    """A serial converter sends what comes from its bus to whoever is connected then: closing alone is no cure."""
    device = FaultyDevice("rtu", TRAP)
    with on_tcp(device) as port:
        transport = open_transport(parse_address(f"rtu+tcp://127.0.0.1:{port}?quiet_ms={QUIET_MS}"))
        device.to_newest_connection = True
        device.script.append("late")
        with pytest.raises(TransportError):
            transport.read(1, "holding", 100, 1, TIMEOUT_S)
        for address in (200, 300):
            assert registers(1, "holding", address, 1) == transport.read(1, "holding", address, 1, 1.0)
        transport.close()
