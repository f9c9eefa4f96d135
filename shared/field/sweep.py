"""Which units answer on a line: asked one after the other, politely. It only reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from shared.field.profile import Table
from shared.field.transports import DeviceException, Garbled, LinkDown, Transport, TransportError

TABLES: tuple[Table, ...] = ("holding", "input", "coil", "discrete")
"""Asked in this order until one is not an illegal function."""
_ILLEGAL_FUNCTION = 1
_NOBODY = (10, 11)
"""A gateway says that it cannot reach the unit (V1.1b3, 7)."""
ROUND_TRIPS = 3
DOWN_MAX = 3
"""So many connections in a row that fail, or one at the very start, end it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A unit that answered."""

    unit: int
    table: Table
    raw: bytes
    exception: int | None
    round_trips_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Noise:
    """Something came that is no answer: another baud rate or parity, or two units with one id."""

    unit: int
    detail: str


@dataclass(frozen=True, slots=True)
class Sweep:
    address: int
    timeout_s: float
    pause_s: float
    sleep: Callable[[float], None] = time.sleep

    def of(self, transport: Transport, units: Sequence[int]) -> Iterator[Found | Noise]:
        """Raises LinkDown when there is no connection at all. One that is closed instead of an answer is none."""
        down = DOWN_MAX - 1
        for unit in units:
            try:
                found = self._ask(transport, unit)
                down = 0
            except LinkDown:
                down += 1
                if down >= DOWN_MAX:
                    raise
            except Garbled as error:
                down = 0
                yield Noise(unit, str(error))
            except TransportError:
                down = 0
            else:
                if found is not None:
                    yield found
            self.sleep(self.pause_s)

    def _ask(self, transport: Transport, unit: int) -> Found | None:
        """None: a gateway says that nobody is there."""
        found: Found | None = None
        for table in TABLES:
            began_s = time.monotonic()
            try:
                raw, code = transport.read(unit, table, self.address, 1, self.timeout_s), None
            except DeviceException as error:
                raw, code = b"", error.code
            if code in _NOBODY:
                return None
            found = Found(unit, table, raw, code, (time.monotonic() - began_s,))
            if code != _ILLEGAL_FUNCTION:
                return self._timed(transport, found)
            self.sleep(self.pause_s)
        return found

    def _timed(self, transport: Transport, found: Found) -> Found:
        """Ask a few times more for the round trip: the first may have made a connection."""
        trips = list(found.round_trips_s)
        for _ in range(ROUND_TRIPS):
            self.sleep(self.pause_s)
            began_s = time.monotonic()
            try:
                transport.read(found.unit, found.table, self.address, 1, self.timeout_s)
            except TransportError as error:
                if not isinstance(error, DeviceException):  # an exception is an answer too
                    continue
            trips.append(time.monotonic() - began_s)
        return Found(found.unit, found.table, found.raw, found.exception, tuple(trips[1:] or trips))
