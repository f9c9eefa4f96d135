"""A line with two addresses: one is in use at a time, and which one is told by a log line each time it changes.

The backup takes over when `switch_after` requests in a row found nobody at the primary; whoever answers at all, be it
with an exception, is there. A gateway that says it cannot reach its devices (exceptions 10, 11) is not.
While the backup is in use, a read that is due is asked at the primary now and then; if that is answered the primary is
in use again, if not the same read is asked at the backup, so no poll is lost. A write goes to whichever address is
in use, once, and is never repeated on the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

import structlog

from shared.field.profile import Table
from shared.field.transports.port import DeviceException, Transport, TransportError, WriteFunction

Use = Literal["primary", "backup"]
_GATEWAY_EXCEPTIONS = (10, 11)
"""Gateway path unavailable, gateway target failed to respond (V1.1b3, 7)."""

_Result = TypeVar("_Result")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SwitchRule:
    """When the backup takes over, and how often the primary is tried meanwhile (wall seconds)."""

    switch_after: int = 3
    probe_every_s: float = 30.0


class BackupTransport:
    """Fills the port; never has both addresses open."""

    def __init__(
        self,
        line: str,
        primary: Transport,
        backup: Transport,
        rule: SwitchRule,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._line = line
        self._ways: dict[Use, Transport] = {"primary": primary, "backup": backup}
        self._rule = rule
        self._now_s = now_s
        self._failures = 0
        self._probe_at_s = 0.0
        self._answered: int | None = None
        """The unit that answered last: a probe asks it, for another may be dead whichever way it is asked."""
        self.in_use: Use = "primary"

    def read(self, unit: int, table: Table, address: int, count: int, timeout_s: float) -> bytes:
        if self.in_use == "backup" and self._now_s() >= self._probe_at_s and unit == self._answered:
            found = self._probe(lambda way: way.read(unit, table, address, count, timeout_s))
            if found is not None:
                return found
        return self._tell(unit, lambda way: way.read(unit, table, address, count, timeout_s))

    def write(self, unit: int, function: WriteFunction, address: int, data: bytes, timeout_s: float) -> None:
        self._tell(unit, lambda way: way.write(unit, function, address, data, timeout_s))

    def mask_write(self, unit: int, address: int, and_mask: int, or_mask: int, timeout_s: float) -> None:
        self._tell(unit, lambda way: way.mask_write(unit, address, and_mask, or_mask, timeout_s))

    def read_write(
        self, unit: int, read_address: int, count: int, write_address: int, data: bytes, timeout_s: float
    ) -> bytes:
        return self._tell(unit, lambda way: way.read_write(unit, read_address, count, write_address, data, timeout_s))

    def close(self) -> None:
        for way in self._ways.values():
            way.close()

    def _tell(self, unit: int, do: Callable[[Transport], _Result]) -> _Result:
        """Once, on the address in use; what comes of it decides which one the next request takes."""
        try:
            result = do(self._ways[self.in_use])
        except TransportError as error:
            if _is_there(error):
                self._failures, self._answered = 0, unit
            else:
                self._failures += 1
                if self._failures >= self._rule.switch_after:
                    self._use("backup" if self.in_use == "primary" else "primary", str(error))
            raise
        self._failures, self._answered = 0, unit
        return result

    def _probe(self, ask: Callable[[Transport], bytes]) -> bytes | None:
        """One read at the primary; None when nobody was there, and the backup goes on."""
        self._ways["backup"].close()
        try:
            answer = ask(self._ways["primary"])
        except TransportError as error:
            if _is_there(error):
                self._use("primary", "answered")
                raise
            self._ways["primary"].close()
            self._probe_at_s = self._now_s() + self._rule.probe_every_s
            return None
        self._use("primary", "answered")
        return answer

    def _use(self, use: Use, reason: str) -> None:
        self._ways[self.in_use].close()
        self.in_use = use
        self._failures = 0
        self._probe_at_s = self._now_s() + self._rule.probe_every_s
        _log.warning("line_switched", line=self._line, to=use, reason=reason)


def _is_there(error: TransportError) -> bool:
    return isinstance(error, DeviceException) and error.code not in _GATEWAY_EXCEPTIONS
