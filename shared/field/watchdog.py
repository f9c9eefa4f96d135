"""The master watchdog: the counter by which a device knows that its master lives, and two masters notice each other.

Pure. A new master only reads at first, and begins to write when the counter has stood still for `quiet_s`. A counter
that moved by another hand stops the writing until it has stood still for as long again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class MasterWatchdog:
    """State of one device's counter. Times are seconds of city time."""

    every_s: float
    quiet_s: float
    seen: int | None = None
    still_since_s: float | None = None
    written: int | None = None
    written_at_s: float | None = None
    previous: int | None = None
    attempted: int | None = None
    """Written without an answer: the device may hold it."""
    foreign: bool = False
    """True while another hand was on the counter and it has not stood still for `quiet_s` since."""

    def saw(self, value: int, now_s: float) -> None:
        """The counter was read."""
        if value == self.attempted:
            self.wrote(value, self.written_at_s if self.written_at_s is not None else now_s)
        if self.written is not None:
            if value in (self.written, self.previous):
                return
            self.foreign, self.written, self.previous = True, None, None
        if value != self.seen or self.still_since_s is None:
            self.seen, self.still_since_s = value, now_s

    def lost_sight(self) -> None:
        """The counter could not be read: stillness that nobody saw does not count, but what we wrote still stands."""
        if self.written is None:
            self.still_since_s = None

    def is_master(self) -> bool:
        """True when we may write to the device at all."""
        return self.written is not None

    def next_value(self, now_s: float) -> int | None:
        """The value to write now, or None when it is not yet time."""
        if self.written is not None:
            assert self.written_at_s is not None
            due = now_s - self.written_at_s >= self.every_s
            return (self.written + 1) % 65536 if due else None
        if self.seen is None or self.still_since_s is None or now_s - self.still_since_s < self.quiet_s:
            return None
        return (self.seen + 1) % 65536

    def wrote(self, value: int, now_s: float) -> None:
        """The device confirmed the write."""
        self.previous = self.written if self.written is not None else self.seen
        self.written, self.written_at_s, self.foreign, self.attempted = value, now_s, False, None

    def could_not_write(self, value: int, now_s: float) -> None:
        """The device refused or did not answer: try again after `every_s`, and keep what is known."""
        self.written_at_s, self.attempted = now_s, value
        if self.written is None:
            self.still_since_s = now_s - self.quiet_s + self.every_s
