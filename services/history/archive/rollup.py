"""Rollups: min, max, mean, last, count and good seconds of each series by the minute, ten minutes and hour.

An hour is rolled up when the stream is well past its end, a few series at a time; what comes late is noted, and its
series and hour are done again. Mean and good seconds are weighted by time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from services.history.archive import catalogue
from services.history.archive.catalogue import CLOSING, OPEN, ROLLED
from services.history.archive.collector import WORDS, Series
from services.history.archive.readings import Readings
from services.history.archive.tables import HOUR_US, ROLLUPS
from services.history.domain.buckets import bucketed, regrouped
from services.history.domain.expectation import Expectation
from services.history.domain.rows import Flags, Rows, joined
from services.history.domain.stretches import MANUAL_HOLD_S
from shared.database import DatabaseThread, Session
from shared.errors import Unavailable
from shared.field.quality import MANUAL, is_good

LAG_US = 90_000_000
"""So far the stream must be past the end of an hour, city time."""
SERIES_AT_ONCE = 4
"""That many series are rolled up in one transaction: nobody who writes waits for long."""
READINGS_MAX = 200_000
CARRY_US = int(MANUAL_HOLD_S * 1e6)
"""So long a value may stand that was told before."""


@dataclass(slots=True)
class _Hour:
    """One that is being rolled up; the series that are still to be done."""

    start_us: int
    waiting: list[Series] = field(default_factory=list)


class Roller:
    """Does a small piece of work at each call; `expected` tells of a point how long its values stand."""

    def __init__(
        self, database: DatabaseThread, readings: Readings, expected: Callable[[str, str], Expectation]
    ) -> None:
        self._database = database
        self._readings = readings
        self._expected = expected
        self._hour: _Hour | None = None

    def roll_some(self) -> bool:
        """True while more remains. Raises Unavailable; then nothing is done, and is done at a later call."""
        try:
            more = self._database.run(self._roll_some)
        except Unavailable:
            self._hour = None
            raise
        if self._hour is not None:
            del self._hour.waiting[:SERIES_AT_ONCE]
            if not self._hour.waiting:
                self._hour = None
        return more

    def _roll_some(self, session: Session) -> bool:
        due = catalogue.list_due(session, SERIES_AT_ONCE) if self._hour is None else []
        if due:
            series = {each.id: each for each in catalogue.load_series(session).values()}
            for start_us, identity in due:
                self._roll(session, series[identity], start_us)
            catalogue.forget_due(session, due)
            return True
        hour = self._hour = self._hour or self._next(session)
        if hour is None:
            return False
        for series_of in hour.waiting[:SERIES_AT_ONCE]:
            self._roll(session, series_of, hour.start_us)
        if len(hour.waiting) <= SERIES_AT_ONCE:
            catalogue.set_hour(session, hour.start_us, ROLLED)
        return True

    def _next(self, session: Session) -> _Hour | None:
        end_us = catalogue.load_position(session).head_us - LAG_US - HOUR_US + 1
        hours = catalogue.hours_between(session, 0, end_us, (CLOSING, OPEN))
        if not hours:
            return None
        catalogue.set_hour(session, hours[0], CLOSING)
        for level in ROLLUPS:
            self._readings.make_room(session, level, hours[0], hours[0] + 1)
        return _Hour(hours[0], list(catalogue.load_series(session).values()))

    def _roll(self, session: Session, series: Series, start_us: int) -> None:
        expected = self._expected(*series.key)
        rows = with_carry(session, self._readings, series, start_us, start_us + HOUR_US, READINGS_MAX)
        good, manual = flags(session, rows)
        edges = np.arange(start_us, start_us + HOUR_US + 1, ROLLUPS[0].width_us)
        buckets = bucketed(rows, good, manual, edges, expected)
        for level in ROLLUPS:
            if level is not ROLLUPS[0]:
                buckets = regrouped(buckets, np.arange(start_us, start_us + HOUR_US + 1, level.width_us))
            if len(buckets):
                self._readings.put_rollup(session, level, series.id, buckets)


def with_carry(session: Session, readings: Readings, series: Series, from_us: int, to_us: int, rows_max: int) -> Rows:
    """The readings of a series in a period, behind the last one before it."""
    before = readings.read_before(session, series.id, from_us - CARRY_US, from_us)
    return joined([before, readings.read(session, series.id, from_us, to_us, rows_max, worded=series.kind == WORDS)])


def flags(session: Session, rows: Rows) -> tuple[Flags, Flags]:
    """Which rows are good, and which a person has set."""
    words = catalogue.load_words(session)
    size = max(words, default=-1) + 1
    good = np.array([is_good(words[code]) for code in range(size)], np.bool_)
    manual = np.array([words[code] == MANUAL for code in range(size)], np.bool_)
    return good[rows.quality], manual[rows.quality]
