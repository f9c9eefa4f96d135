"""The port that an adapter fills: one protocol, by which field devices are asked or by which they report.

An adapter is an object that an entry point of the group `urbanops.adapters` names. `docs/guides/adapters.md` tells how
to write one; `urbanops adapter check NAME` puts it to the test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal, Protocol

from shared.contracts.field import Report
from shared.errors import Malformed
from shared.field.address import Address
from shared.field.transports.port import Transport
from shared.field.transports.tap import Tap

Registers = Callable[[int, int], int]
"""(unit id, address) -> what the holding register holds, 0-65535."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A report that a connection brought. `answer` is sent when it is safely kept, and not before; often an
    acknowledgement upon which the device forgets it. Empty: the device waits for none."""

    report: Report
    answer: bytes


@dataclass(frozen=True, slots=True)
class Unread:
    """Something whole and sound that is no report this adapter reads. It is logged, and not answered."""

    station: str
    error: Malformed


class Session(Protocol):
    """One connection of a device. No sockets, no clock, no threads: bytes in, reports out."""

    @property
    def waiting(self) -> int:
        """Bytes held of what is not whole yet. Bounded, whatever comes."""
        ...

    @property
    def dropped(self) -> int:
        """Bytes that belonged to nothing, since the connection began."""
        ...

    def feed(self, data: bytes) -> Sequence[Arrival | Unread]:
        """What is whole by these bytes, in order. Never raises for what a device sent."""
        ...


class PushingAdapter(Protocol):
    """A protocol in which the device speaks first. A line of it listens: `<name of the entry point>://host:port`."""

    kind: Literal["pushing"]
    stations: tuple[str, str]
    """Two addresses that devices may have, as the site file writes them; for the conformance kit."""
    elements: tuple[str, ...]
    """Names of numbers that `specimen` can put into a report."""

    def session(self, zone: tzinfo) -> Session:
        """For a connection of a device whose clock shows `zone`'s time."""
        ...

    def is_station(self, text: str) -> bool:
        """Can a device have this address?"""
        ...

    def is_element(self, text: str) -> bool:
        """Can a value have this name? Profiles name their points by it."""
        ...

    def specimen(self, station: str, number: int, observed_at: datetime, values: Mapping[str, float]) -> bytes:
        """What a device at `station` sends for these values, by name of element; `number` tells reports apart.

        For the conformance kit. `observed_at` is a whole minute.
        """
        ...


class PollingAdapter(Protocol):
    """A protocol in which the device is asked for registers. A line of it connects or opens a serial device."""

    kind: Literal["polling"]

    def open(self, address: Address, tap: Tap | None = None) -> Transport:
        """Nothing is connected until the first request. `tap` is told every byte."""
        ...

    def address(self, host: str, port: int) -> Address:
        """Where a device listens on TCP; for the conformance kit."""
        ...

    def answer(self, request: bytes, registers: Registers, answering_unit: int | None = None) -> bytes | None:
        """The device's side, for the conformance kit: the answer to a request that reads holding registers or writes
        one of them; None while the request is not whole.

        With `answering_unit` it answers in that unit's name, as a mixed-up bus does.
        """
        ...


Adapter = PollingAdapter | PushingAdapter
