"""A controller that reports by itself: from its reports to its image. What a Scanner is for one that is asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.bus.frames import Readings, Row
from shared.clock import Clock
from shared.contracts.field import Report, ReportedValue
from shared.contracts.message import Scalar
from shared.field.coverage import Coverage
from shared.field.image import ControllerImage
from shared.field.profile import Reported
from shared.field.quality import BACKFILL, GOOD, OUT_OF_RANGE
from shared.field.telling import microseconds
from shared.field.watchdog import MasterWatchdog

REPORTS_KNOWN_MAX = 512
"""Reports of which it is known that they were taken: five days of hourly ones and some."""
VALUES_KNOWN_MAX = 512
"""The same of a point's values: the timed reports and the twelve of an hour tell some twice."""
FUTURE_S_MAX = 120.0
"""A value from later than this has a wrong time, and must not keep the right ones that follow from being the newest."""


@dataclass(slots=True)
class Taken:
    """What came of a report: points whose value or quality changed by poll group, what is only worth keeping, how far
    the clock is ahead when that could be seen, and between which moments nothing was observed (seconds)."""

    changed: dict[str, list[int]] = field(default_factory=dict)
    backfill: list[Row] = field(default_factory=list)
    drift_s: float | None = None
    gaps: list[tuple[float, float]] = field(default_factory=list)


@dataclass(slots=True)
class ReportCounts:
    reports: int = 0
    duplicates: int = 0
    backfilled: int = 0
    """Values that came too late to say anything of now."""


class Station:
    """One controller. Only whoever has its line's turn calls it."""

    wrong_device = False
    watchdog: MasterWatchdog | None = None

    def __init__(self, image: ControllerImage, clock: Clock) -> None:
        profile = image.profile
        self.image = image
        self.counts = ReportCounts()
        self.silent = False
        """While it is being commissioned."""
        self._clock = clock
        self._heard_at_s = clock.now_s()
        self._patience_s = min(group.stale_after for group in profile.poll_groups.values())
        self._coverage = Coverage(self._patience_s)
        self._stale_after_s = {name: profile.poll_groups[each.poll].stale_after for name, each in self._reported()}
        self._named: dict[str, list[str]] = {}
        for name, each in self._reported():
            for element in each.elements:
                self._named.setdefault(element, []).append(name)
        self._reports = _Known(REPORTS_KNOWN_MAX)
        self._values = {name: _Known(VALUES_KNOWN_MAX) for name, _ in self._reported()}

    @property
    def online(self) -> bool:
        """False when it has said nothing for longer than any of its poll groups may be silent."""
        return self.overdue_s <= 0

    @property
    def overdue_s(self) -> float:
        """For how long it should have reported; negative while it is in time."""
        return self._clock.now_s() - self._heard_at_s - self._patience_s

    def take(self, report: Report, arrived_at_s: float) -> Taken:
        """A report that was taken before changes nothing. It may have waited for us since it arrived."""
        now_s = self._clock.now_s()
        self._heard_at_s = max(self._heard_at_s, arrived_at_s)
        self.counts.reports += 1
        taken = Taken()
        if not self._reports.add(report.identity):
            self.counts.duplicates += 1
            return taken
        found: dict[str, list[ReportedValue]] = {}
        for value in report.values:
            for name in self._named.get(value.element, ()):
                found.setdefault(name, []).append(value)
        for name, values in found.items():
            self._put(name, sorted(values, key=lambda value: value.taken_at), now_s, taken)
        self.counts.backfilled += len(taken.backfill)
        if taken.changed:  # it speaks of now again: what it kept has come before
            taken.gaps = self._coverage.holes()
        if report.sent_at is not None and (taken.changed or not report.values):
            taken.drift_s = round(report.sent_at.timestamp() - arrived_at_s, 1)
        return taken

    def _put(self, name: str, values: list[ReportedValue], now_s: float, taken: Taken) -> None:
        """Only the newest of them can say how things are now; the others are kept with their times."""
        image, at, point = self.image, self.image.index[name], self.image.profile.reported[name]
        new = [value for value in values if self._values[name].add(value.taken_at.timestamp())]
        if not new:
            return
        for observed_at_s in (each.taken_at.timestamp() for each in new):
            if observed_at_s - now_s <= FUTURE_S_MAX:
                self._coverage.note(observed_at_s)
        taken_at_s = new[-1].taken_at.timestamp()
        newest_s, age_s = image.taken_s(at), now_s - taken_at_s
        if (newest_s is None or taken_at_s > newest_s) and -FUTURE_S_MAX <= age_s <= self._stale_after_s[name]:
            value, quality = judged(new.pop(), point)
            image.put(at, value, quality, taken_at_s)
            image.requalified.append(at)  # it is told whatever its deadband: it has a new time
            group = taken.changed.setdefault(point.poll, [])
            group.append(at)
            image.last_good_s[point.poll] = max(taken_at_s, image.last_good_s[point.poll] or 0.0)
        taken.backfill += [self._row(at, each, point) for each in new]

    def _row(self, at: int, reported: ReportedValue, point: Reported) -> Row:
        value, quality = judged(reported, point)
        at_us = microseconds(reported.taken_at.timestamp())
        return Row(
            self.image.assets[at], self.image.names[at], value, BACKFILL if quality == GOOD else quality, at_us, at_us
        )

    def _reported(self) -> Iterable[tuple[str, Reported]]:
        return self.image.profile.reported.items()


def judged(reported: ReportedValue, point: Reported) -> tuple[Scalar, str]:
    """The value with its quality by what the profile says is valid."""
    value = reported.value
    if reported.quality != GOOD or point.valid is None or isinstance(value, str | bool) or value is None:
        return value, reported.quality
    low, high = point.valid
    return value, GOOD if low <= value <= high else OUT_OF_RANGE


def in_columns(rows: list[Row]) -> Readings:
    assets, names, values, qualities, taken_us, changed_us = map(list, zip(*rows, strict=True))
    return Readings(assets, names, values, qualities, taken_us, changed_us)


class _Known:
    """The last so many of something."""

    def __init__(self, count_max: int) -> None:
        self._order: deque[object] = deque()
        self._all: set[object] = set()
        self._count_max = count_max

    def add(self, each: object) -> bool:
        """False when it is known."""
        if each in self._all:
            return False
        if len(self._order) == self._count_max:
            self._all.discard(self._order.popleft())
        self._order.append(each)
        self._all.add(each)
        return True
