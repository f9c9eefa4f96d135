"""City time: the one clock of a process.

Normally the wall's. A site marked `demonstration: true` may run its clock at a rate; the simulator then writes a clock
file and every process follows it. Durations of the trade (poll periods, delays, starts per hour) are city time; those
of the wire (timeouts, gaps, heartbeats) are wall time.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Tells city time. `now`, `now_s` and `monotonic` move together, `rate` city seconds per wall second.

    `monotonic` never goes back, which a wall's clock may: it is what polls are due by.
    """

    @property
    def rate(self) -> float: ...

    def now(self) -> datetime: ...

    def now_s(self) -> float:
        """`now` as seconds since 1970: what a hot path takes."""
        ...

    def monotonic(self) -> float: ...

    def wall_seconds(self, city_s: float) -> float:
        """How long a duration of the trade lasts on the wall, right now."""
        ...


class WallClock:
    """City time is the wall's."""

    rate = 1.0

    def now(self) -> datetime:
        return datetime.now(UTC)

    def now_s(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def wall_seconds(self, city_s: float) -> float:
        return city_s


@dataclass(frozen=True, slots=True)
class Anchor:
    """At the wall's moment `wall_s` (Unix time) the city's was `city_s`, and runs at `rate` since."""

    wall_s: float
    city_s: float
    rate: float


def write_anchor(path: Path, anchor: Anchor) -> None:
    """Replace the clock file in one step, so that no reader ever sees half of it."""
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps({"wall": anchor.wall_s, "city": anchor.city_s, "rate": anchor.rate}))
    beside.replace(path)


def find_anchor(path: Path) -> Anchor | None:
    """The anchor in the clock file, or None while there is no file."""
    try:
        fields = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return Anchor(wall_s=fields["wall"], city_s=fields["city"], rate=fields["rate"])


class CityClock:
    """Follows the clock file of a demonstration; looks at it again at most ten times a second.

    A change of rate starts a new anchor that meets the old one, so time never jumps back.
    """

    _look_every_s = 0.1

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = (0, 0)
        self._looked_at = float("-inf")
        self._anchor = Anchor(wall_s=0.0, city_s=0.0, rate=1.0)

    @property
    def rate(self) -> float:
        return self._current().rate

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.monotonic(), UTC)

    def now_s(self) -> float:
        return self.monotonic()

    def monotonic(self) -> float:
        anchor = self._current()
        return anchor.city_s + (time.time() - anchor.wall_s) * anchor.rate

    def wall_seconds(self, city_s: float) -> float:
        return city_s / self.rate

    def _current(self) -> Anchor:
        moment = time.monotonic()
        if moment - self._looked_at >= self._look_every_s:
            self._looked_at = moment
            self._look()
        return self._anchor

    def _look(self) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            anchor = find_anchor(self._path)
            if anchor is not None:
                self._anchor, self._stamp = anchor, stamp


class FakeClock:
    """Stands still until a test moves it."""

    rate = 1.0

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 7, 29, 10, 0, tzinfo=UTC)
        self._start = self._now

    def now(self) -> datetime:
        return self._now

    def now_s(self) -> float:
        return self._now.timestamp()

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def wall_seconds(self, city_s: float) -> float:
        return city_s

    def advance(self, seconds: float) -> None:
        assert seconds >= 0
        self._now += timedelta(seconds=seconds)


def clock_at(path: Path | None) -> Clock:
    """The clock of this process: the city's where a clock file is named, else the wall's."""
    return WallClock() if path is None else CityClock(path)
