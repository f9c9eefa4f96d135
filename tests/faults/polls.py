"""Polls and writes against the faulty device, by chance but the same each time, and what became of them."""

from __future__ import annotations

import random
import struct
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.field.profile import Table
from shared.field.transports import EagerTransport, Transport, TransportError
from shared.field.transports.framed import FramedTransport
from tests.faults.device import Fault, FaultyDevice, Limit, Timing
from tests.faults.rig import FAULTS, SERIAL, Faulty, rig
from tests.faults.values import bits, registers

TIMEOUT_S = 0.008
TIMING = Timing(late_s=0.011, very_late_s=0.04)
QUIET_MS = {"rtu": 20, "ascii": 20, "rtu+tcp": 4, "ascii+tcp": 4, "tcp": 0}
MARGIN_S = 0.01
UNITS = 4
COUNTS = (5, 5, 5, 40)
TRAP_SHARE = 0.5
"""So often the poll after a fault asks the same unit for as much of the same table: what a late answer would fit."""
FAULT_SHARE = 0.3
WRITE_SHARE = 0.1


@dataclass
class Tally:
    """What became of the polls of one framing."""

    framing: Faulty
    polls: int = 0
    writes: int = 0
    outcomes: Counter[tuple[Fault, str]] = field(default_factory=Counter)
    misassigned: list[str] = field(default_factory=list)
    sent_twice: list[str] = field(default_factory=list)
    confirmed_unheard: list[str] = field(default_factory=list)
    void: int = 0
    """Polls that got an answer later than any master can bear: the machine stood still while it was sent."""
    longest_outage: int = 0
    """The most polls in a row that failed without a fault of their own."""
    seconds: float = 0.0

    def share(self, fault: Fault, outcome: str) -> float:
        total = sum(count for (each, _), count in self.outcomes.items() if each == fault)
        return self.outcomes[fault, outcome] / total if total else 1.0


@dataclass(frozen=True)
class _Poll:
    unit: int
    pdu: bytes
    ask: Callable[[Transport], bytes | None]
    right: bytes | None
    """What a read must bring; None for a write."""
    table: Table = "holding"
    count: int = 0


def run_polls(framing: Faulty, polls: int, seed: int) -> Tally:
    """Every poll is right, or an error with its quality; whatever else happens is in the tally."""
    chance = random.Random(f"{framing}/{seed}")
    tally = Tally(framing)
    began = time.monotonic()
    outage = 0
    with rig(framing, TIMING, quiet_ms=QUIET_MS[framing]) as (device, transport):
        if framing in SERIAL:
            device.limit = Limit(TIMEOUT_S + QUIET_MS[framing] / 1000, MARGIN_S)
            _note_sending(transport, device.limit)
        fault: Fault = "none"
        poll = _read(chance)
        for number in range(polls):
            is_trap = fault != "none" and poll.right is not None and chance.random() < TRAP_SHARE
            fault = chance.choice(FAULTS[framing]) if chance.random() < FAULT_SHARE else "none"
            if is_trap:
                poll = _read_at(chance, poll.unit, poll.table, poll.count)
            else:
                poll = _write(chance, number) if chance.random() < WRITE_SHARE else _read(chance)
            device.plan.clear()
            device.plan[poll.unit, poll.pdu] = fault
            if device.limit is not None:
                device.limit.asking = poll.unit, poll.pdu
            outcome = _outcome(transport, poll, tally, device.limit)
            tally.polls += 1
            tally.writes += poll.right is None
            tally.outcomes[fault, outcome] += 1
            outage = outage + 1 if fault == "none" and outcome != "good" else 0
            tally.longest_outage = max(tally.longest_outage, outage)
            if poll.right is None and outcome == "good" and not device.written[poll.unit, poll.pdu]:
                tally.confirmed_unheard.append(poll.pdu.hex())
    _count_writes(device, tally)
    tally.seconds = time.monotonic() - began
    return tally


def _note_sending(transport: Transport, limit: Limit) -> None:
    assert isinstance(transport, FramedTransport)
    send = transport._channel.send

    def noted(data: bytes, timeout_s: float) -> None:
        limit.sent_at[limit.asking] = time.monotonic()
        send(data, timeout_s)

    transport._channel.send = noted  # type: ignore[method-assign]


def _outcome(transport: Transport, poll: _Poll, tally: Tally, limit: Limit | None) -> str:
    try:
        answer = poll.ask(transport)
    except TransportError as error:
        return error.quality
    if answer != poll.right:
        if limit is not None:
            with limit.sending:
                if limit.overdue > tally.void:
                    tally.void += 1
                    return "void"
        tally.misassigned.append(f"poll {tally.polls}: unit {poll.unit} {poll.pdu.hex()}")
        return "misassigned"
    return "good"


def _count_writes(device: FaultyDevice, tally: Tally) -> None:
    tally.sent_twice += [f"unit {unit} {pdu.hex()}" for (unit, pdu), times in device.written.items() if times > 1]


def _read(chance: random.Random) -> _Poll:
    tables: tuple[Table, ...] = ("holding", "holding", "input", "coil", "discrete")
    table = chance.choice(tables)
    count = 40 if table in ("coil", "discrete") else chance.choice(COUNTS)
    return _read_at(chance, chance.randint(1, UNITS), table, count)


def _read_at(chance: random.Random, unit: int, table: Table, count: int) -> _Poll:
    address = chance.randint(0, 900)
    function = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}[table]
    right = (bits if function <= 2 else registers)(unit, table, address, count)
    pdu = struct.pack(">BHH", function, address, count)

    def ask(via: Transport) -> bytes:
        if address % 2 and isinstance(via, EagerTransport) and via.begin_read(unit, table, address, count, TIMEOUT_S):
            ends_at = time.monotonic() + TIMEOUT_S / 4  # then it is waited for, as the engine does
            while not via.is_answered() and time.monotonic() < ends_at:
                time.sleep(0.0005)
            return via.end_read()
        return via.read(unit, table, address, count, TIMEOUT_S)

    return _Poll(unit, pdu, ask, right, table, count)


def _write(chance: random.Random, number: int) -> _Poll:
    """A write that no other poll of the run sends: `number` is in it; a coil has room for less, and so a unit more."""
    unit, function = chance.randint(1, UNITS), chance.choice((5, 6, 15, 16, 22))
    if function == 5:
        unit = 1 + number // 65536
    if function == 22:
        low, high = number & 0xFFFF, number >> 16
        pdu = struct.pack(">BHHH", 22, 900 + high, 0xF0F0, low)
        return _Poll(unit, pdu, lambda via: via.mask_write(unit, 900 + high, 0xF0F0, low, TIMEOUT_S), None)
    address, data, pdu = {
        5: (number % 65536, b"\x01", struct.pack(">BHH", 5, number % 65536, 0xFF00)),
        6: (number >> 16, struct.pack(">H", number & 0xFFFF), struct.pack(">BHH", 6, number >> 16, number & 0xFFFF)),
        15: (
            7,
            bytes(number >> at & 1 for at in range(32)),
            struct.pack(">BHHB", 15, 7, 32, 4) + number.to_bytes(4, "little"),
        ),
        16: (9, struct.pack(">I", number), struct.pack(">BHHBI", 16, 9, 2, 4, number)),
    }[function]
    return _Poll(unit, pdu, lambda via: via.write(unit, function, address, data, TIMEOUT_S), None)  # type: ignore[arg-type]
