"""The port every transport fills."""

from __future__ import annotations

from typing import ClassVar, Literal, Protocol, runtime_checkable

from shared.field.profile import Table

WriteFunction = Literal[5, 6, 15, 16]
"""Modbus function codes that write: one coil, one register, coils, registers (V1.1b3, 6.5, 6.6, 6.11, 6.12)."""

READ_FUNCTION: dict[Table, int] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}


class TransportError(Exception):
    """Base of everything that can happen to one request. `quality` is what its points become."""

    quality: ClassVar[str] = "bad.timeout"


class LinkDown(TransportError):
    """There is no connection, or it closed under the request."""

    quality = "bad.not_connected"


class NoAnswer(TransportError):
    """The time was up; whether the device heard the request is not known."""

    quality = "bad.timeout"


class Garbled(TransportError):
    """Something came back that answers no question of ours."""

    quality = "bad.decode"


class DeviceException(TransportError):
    """The device answered with an exception code (V1.1b3, 7): it heard us and did not act."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code

    @property
    def quality(self) -> str:  # type: ignore[override]
        return f"bad.exception({self.code})"


class Transport(Protocol):
    """One request at a time; no retries of its own. Times are wall seconds.

    After NoAnswer or Garbled the transport has made sure that a late reply cannot answer the next request.
    """

    def read(self, unit: int, table: Table, address: int, count: int, timeout_s: float) -> bytes:
        """The bytes as they came from the wire: two a register, or bits packed eight a byte, first in bit 0."""
        ...

    def write(self, unit: int, function: WriteFunction, address: int, data: bytes, timeout_s: float) -> None:
        """Returns when the device has confirmed. `data`: two bytes a register; for coils one byte, 0 or 1, a coil."""
        ...

    def mask_write(self, unit: int, address: int, and_mask: int, or_mask: int, timeout_s: float) -> None:
        """FC 22 on one holding register: new = (old AND and_mask) OR (or_mask AND NOT and_mask), V1.1b3, 6.16.

        The device does it in one step, so other bits of the register cannot be lost to another writer. Masks 0-0xFFFF.
        """
        ...

    def read_write(
        self, unit: int, read_address: int, count: int, write_address: int, data: bytes, timeout_s: float
    ) -> bytes:
        """FC 23 on holding registers: writes `data` (1-121 registers), then reads `count` (1-125), V1.1b3, 6.17.

        A write like any other: it is sent once.
        """
        ...

    def close(self) -> None: ...


@runtime_checkable
class EagerTransport(Transport, Protocol):
    """One that can send a question now and take its answer later, so that one thread keeps many lines busy."""

    def begin_read(self, unit: int, table: Table, address: int, count: int, timeout_s: float) -> bool:
        """Send the question of a `read`. False when that would wait: nothing was sent."""
        ...

    def is_answered(self) -> bool:
        """Would `end_read` return, or raise, without waiting?"""
        ...

    def end_read(self) -> bytes:
        """What `read` returns or raises, the timeout counted from `begin_read`. Called once for each that was begun."""
        ...
