"""Faults against an adapter by which devices are asked: over a real socket, before a device that misbehaves.

The first law: no value is ever given to an address it was not read from. The second: no write is sent twice.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from contextlib import suppress

from shared.field.adapters.port import PollingAdapter
from shared.field.conformance.case import Broken, Case
from shared.field.conformance.device import Device, Fault, register
from shared.field.transports import DeviceException, LinkDown, Transport, TransportError

TIMEOUT_S = 0.2
LATE_S = 0.3
SLACK_S = 1.0
"""A request may take its timeout, the reset of its line after it, and what a busy machine adds."""
_UNIT = 3
_RECOVERS_WITHIN = 3
"""Reads after which a healthy device must be read again."""


def polling_cases(adapter: PollingAdapter) -> list[Case]:
    trials: list[tuple[str, Callable[[_Bench], None]]] = [
        ("registers are read where they are", _reads),
        ("an answer a byte at a time", lambda bench: bench.read_right("split")),
        ("an answer twice", lambda bench: bench.read_right("twice")),
        ("answers that come too late", lambda bench: bench.survive("late", rounds=4)),
        ("no answer", lambda bench: bench.survive("drop")),
        ("a connection that closes instead of an answer", lambda bench: bench.survive("close")),
        ("an answer cut off", lambda bench: bench.survive("truncate")),
        ("garbage instead of an answer", lambda bench: bench.survive("garbage")),
        ("a megabyte of garbage instead of an answer", lambda bench: bench.survive("flood")),
        ("an answer in another unit's name", lambda bench: bench.survive("wrong_unit")),
        ("a write without an answer", _writes_once),
        ("nobody there", _nobody),
    ]

    def case(name: str, trial: Callable[[_Bench], None]) -> Case:
        def run() -> None:
            with Device(adapter, LATE_S).listening() as device:
                bench = _Bench(adapter, device)
                try:
                    trial(bench)
                finally:
                    bench.transport.close()

        return Case(name, run)

    return [case(name, trial) for name, trial in trials]


class _Bench:
    def __init__(self, adapter: PollingAdapter, device: Device) -> None:
        self.adapter = adapter
        self.device = device
        self.transport: Transport = adapter.open(adapter.address("127.0.0.1", device.port))

    def read(self, address: int, count: int = 2) -> bool:
        """False when it failed, as it may. Raises Broken for a value of another place, and for a hang."""
        began_s = time.monotonic()
        try:
            raw = self.transport.read(_UNIT, "holding", address, count, TIMEOUT_S)
        except DeviceException as error:
            raise Broken(f"the device raised no exception, but {error} was read") from None
        except TransportError:
            raw = None
        took_s = time.monotonic() - began_s
        if took_s > 2 * TIMEOUT_S + SLACK_S:
            raise Broken(f"a read with a timeout of {TIMEOUT_S} s took {took_s:.1f} s")
        if raw is None:
            return False
        expected = struct.pack(f">{count}H", *(register(_UNIT, address + at) for at in range(count)))
        if raw != expected:
            raise Broken(f"address {address} was given {raw.hex()}, which is not what it holds: {expected.hex()}")
        return True

    def read_right(self, fault: Fault) -> None:
        self.device.fault = fault
        for address in (100, 200, 300, 400):
            if not self.read(address):
                raise Broken(f"address {address} could not be read")

    def survive(self, fault: Fault, rounds: int = 2) -> None:
        """No wrong value while it lasts, and the device is read again when it is over."""
        for turn in range(rounds):
            self.device.fault = fault
            if self.read(100 + turn):
                raise Broken("a value was read where none was answered in time")
            self.device.fault = "none"
            if not any([self.read(200 + 10 * turn + at) for at in range(_RECOVERS_WITHIN)]):  # noqa: C419 - read all
                raise Broken(f"a device in order was not read in {_RECOVERS_WITHIN} attempts")


def _reads(bench: _Bench) -> None:
    for address, count in ((0, 1), (1, 125), (9999, 10), (65535, 1)):
        if not bench.read(address, count):
            raise Broken(f"{count} registers at {address} could not be read")


def _writes_once(bench: _Bench) -> None:
    if not bench.read(0):  # the connection stands
        raise Broken("address 0 could not be read")
    bench.device.requests.clear()
    bench.device.fault = "drop"
    with suppress(TransportError):
        bench.transport.write(_UNIT, 6, 7, b"\x00\x01", TIMEOUT_S)
        raise Broken("a write that nobody answered counts as done")
    bench.device.fault = "none"
    bench.read(100)
    time.sleep(TIMEOUT_S)
    answer = bench.adapter.answer  # what a write is answered with does not depend on what the registers hold
    written = sum(1 for each in bench.device.requests if answer(each, lambda _unit, _at: 0) == answer(each, register))
    if written != 1:
        raise Broken(f"the write was sent {written} times")


def _nobody(bench: _Bench) -> None:
    with Device(bench.adapter, 0).listening() as gone:
        transport = bench.adapter.open(bench.adapter.address("127.0.0.1", gone.port))
    began_s = time.monotonic()
    try:
        transport.read(_UNIT, "holding", 0, 1, TIMEOUT_S)
    except LinkDown:
        pass
    except TransportError as error:
        raise Broken(f"LinkDown is raised where nobody is, not {type(error).__name__}") from None
    else:
        raise Broken("a value was read where nobody is")
    finally:
        transport.close()
    if time.monotonic() - began_s > TIMEOUT_S + SLACK_S:
        raise Broken("it waited for nobody")
