"""What a point was worth over a period, in at most so many samples or pieces, and when nobody knows.

A period of few readings is given as it was told. Of many, equal pieces are given with all that stood in them between
their min and max: from rollups where they are made, from the readings where not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.history.archive import catalogue
from services.history.archive.catalogue import CLOSING, OPEN, Gap
from services.history.archive.collector import Series
from services.history.archive.readings import Readings
from services.history.archive.rollup import flags, with_carry
from services.history.archive.tables import HOUR_US, READING, ROLLUPS, Level
from services.history.domain.buckets import Buckets, bucketed, joined, regrouped, width_s
from services.history.domain.expectation import Expectation
from services.history.domain.rows import NO_ROWS, Ints, Rows
from services.history.domain.stretches import Span, gaps, stretches
from shared.database import Session

READINGS_MAX = 1_000_000
"""Of one point that are looked at for one answer; more are given from rollups."""
UNKNOWN = "unknown"
OTHER = "other"
"""No event explains it: nothing good was read, or nothing at all."""
BEFORE = "before"
"""Nothing was kept of the point yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`trade`, `area` and `controller` tell which gaps concern the point; `zone_us` is the site's offset from UTC, by
    which days begin; `now_us`: nothing is missing of what is still to come."""

    asset: str
    point: str
    trade: str
    area: str
    controller: str
    from_us: int
    to_us: int
    points_max: int
    zone_us: int = 0
    now_us: int


@dataclass(frozen=True, slots=True)
class KnownGap:
    from_us: int
    to_us: int
    cause: str


@dataclass(frozen=True, slots=True)
class Trend:
    """Either rows, with the word of each one's quality, or pieces of `width_us`."""

    kind: str
    rows: Rows | None
    words: Sequence[str]
    buckets: Buckets | None
    width_us: int
    gaps: Sequence[KnownGap]


class Trends:
    """Reads, within the caller's transaction."""

    def __init__(self, readings: Readings, kept_from_us: Callable[[], Mapping[str, int]]) -> None:
        """`kept_from_us`: by table, from when on it is whole."""
        self._readings = readings
        self._kept_from_us = kept_from_us

    def read(self, session: Session, asked: Question, expected: Expectation) -> Trend:
        events = catalogue.list_gaps(
            session, asked.area, asked.trade, asked.controller, asked.from_us, min(asked.to_us, asked.now_us)
        )
        series = catalogue.find_series(session, (asked.asset, asked.point))
        if series is None:
            return Trend("f", NO_ROWS, (), None, 0, [KnownGap(*span, BEFORE) for span in _whole(asked)])
        if asked.from_us >= self._kept_from_us()[READING.table]:
            rows = with_carry(session, self._readings, series, asked.from_us, asked.to_us, asked.points_max + 1)
            if len(rows) <= asked.points_max:
                return self._samples(session, asked, series, rows, expected, events)
        return self._pieces(session, asked, series, expected, events)

    def days(self, session: Session, series: Series, edges: Ints, expected: Expectation, now_us: int) -> Buckets:
        """Pieces between midnights, which may be of different lengths where clocks are changed."""
        whole = all(int(edge) % HOUR_US == 0 for edge in edges)
        level = ROLLUPS[-1] if whole else ROLLUPS[0]
        return regrouped(self._fine(session, series, level, edges, expected, now_us), edges)

    def _samples(
        self,
        session: Session,
        asked: Question,
        series: Series,
        rows: Rows,
        expected: Expectation,
        events: Sequence[Gap],
    ) -> Trend:
        good, manual = flags(session, rows)
        words = catalogue.load_words(session)
        told = [words[code] for code in rows.quality.tolist()]
        end_us = min(asked.to_us, asked.now_us)
        known = stretches(rows, good, manual, asked.from_us, end_us, expected.hold_s, _spans(events))
        missing = gaps(known, asked.from_us, end_us) if end_us > asked.from_us else []
        caused = self._since_ever(session, series, _caused(missing, events, rows, told))
        return Trend(series.kind, rows, told, None, 0, caused)

    def _pieces(
        self, session: Session, asked: Question, series: Series, expected: Expectation, events: Sequence[Gap]
    ) -> Trend:
        width = width_s((asked.to_us - asked.from_us) / 1e6, asked.points_max) * 1_000_000
        level = self._level(width, asked)
        if level is not None:
            width = max(width, level.width_us)
        edges = _edges(asked, width)
        if level is None:
            found = self._bucketed(session, series, int(edges[0]), int(edges[-1]), edges, expected, asked.now_us)
        else:
            found = regrouped(self._fine(session, series, level, edges, expected, asked.now_us), edges)
        end_us = min(asked.to_us, asked.now_us)
        missing = _merged([*_missing(found, edges, asked.from_us, end_us), *_spans(events)], asked.from_us, end_us)
        caused = self._since_ever(session, series, _caused(missing, events, None, ()))
        return Trend(series.kind, None, (), found, width, caused)

    def _since_ever(self, session: Session, series: Series, found: list[KnownGap]) -> list[KnownGap]:
        """What was not kept yet is not missing for any other cause."""
        first_us = self._readings.first_us(session, series.id)
        if not found or first_us is None or found[0].from_us >= first_us:
            return found
        gap, later = found[0], found[1:]
        before = KnownGap(gap.from_us, min(gap.to_us, first_us), BEFORE)
        return [before, *([KnownGap(first_us, gap.to_us, gap.cause)] if gap.to_us > first_us else []), *later]

    def _fine(
        self, session: Session, series: Series, level: Level, edges: Ints, expected: Expectation, now_us: int
    ) -> Buckets:
        """From rollups, and from the readings of hours that are not rolled up yet."""
        from_us, to_us = int(edges[0]), int(edges[-1])
        rolled = self._readings.read_rollup(session, level, series.id, from_us, to_us)
        unrolled = catalogue.hours_between(session, from_us, to_us, (OPEN, CLOSING))
        parts = [rolled.where(~np.isin(rolled.start_us // HOUR_US * HOUR_US, unrolled))]
        for first_us, end_us in _runs(unrolled):
            begin_us, stop_us = max(first_us, from_us), min(end_us, to_us)
            fine = np.arange(begin_us, stop_us + level.width_us, level.width_us)
            parts.append(self._bucketed(session, series, begin_us, stop_us, fine, expected, now_us))
        return joined(parts).in_order()

    def _bucketed(
        self,
        session: Session,
        series: Series,
        from_us: int,
        to_us: int,
        edges: Ints,
        expected: Expectation,
        now_us: int,
    ) -> Buckets:
        rows = with_carry(session, self._readings, series, from_us, to_us, READINGS_MAX)
        good, manual = flags(session, rows)
        return bucketed(rows, good, manual, edges, expected, now_us=now_us)

    def _level(self, width_us: int, asked: Question) -> Level | None:
        """The widest whose pieces make up ours, among those that are still kept; None: the readings themselves."""
        for level in reversed(ROLLUPS):
            fits = width_us % level.width_us == 0 and asked.zone_us % level.width_us == 0
            if fits and asked.from_us >= self._kept_from_us()[level.table]:
                return level
        if asked.from_us >= self._kept_from_us()[READING.table]:
            return None
        return next((each for each in ROLLUPS if asked.from_us >= self._kept_from_us()[each.table]), ROLLUPS[-1])


def _edges(asked: Question, width_us: int) -> Ints:
    """Whole pieces around the period; days begin at midnight of the site."""
    first_us = (asked.from_us + asked.zone_us) // width_us * width_us - asked.zone_us
    return np.arange(first_us, asked.to_us + width_us, width_us, dtype=np.int64)


def _missing(found: Buckets, edges: Ints, from_us: int, end_us: int) -> list[Span]:
    """Pieces of which nothing good is known."""
    known = found.start_us[found.good_s > 0]
    nothing = ~np.isin(edges[:-1], known)
    spans = zip(edges[:-1][nothing].tolist(), edges[1:][nothing].tolist(), strict=True)
    # what is not over yet is not missing
    return [span for span in spans if span[1] <= end_us and span[1] > from_us]


def _spans(events: Sequence[Gap]) -> list[Span]:
    return [(event.from_us, event.to_us) for event in events]


def _whole(asked: Question) -> list[Span]:
    end_us = min(asked.to_us, asked.now_us)
    return [(asked.from_us, end_us)] if end_us > asked.from_us else []


def _merged(spans: Sequence[Span], from_us: int, to_us: int) -> list[Span]:
    """In their order, within the period, those that touch as one."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        begin, end = max(begin, from_us), min(end, to_us)  # noqa: PLW2901 - within the period
        if end <= begin:
            continue
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def _runs(hours: Sequence[int]) -> list[Span]:
    """Hours that follow each other as one period."""
    return _merged([(start_us, start_us + HOUR_US) for start_us in hours], 0, 1 << 62)


def _caused(spans: Sequence[Span], events: Sequence[Gap], rows: Rows | None, words: Sequence[str]) -> list[KnownGap]:
    """Each gap with the cause that covers most of it; else the quality that was told when it began."""
    return [KnownGap(begin, end, _cause(begin, end, events, rows, words)) for begin, end in spans]


def _cause(begin: int, end: int, events: Sequence[Gap], rows: Rows | None, words: Sequence[str]) -> str:
    covered = [(min(end, event.to_us) - max(begin, event.from_us), event.cause) for event in events]
    best = max(covered, default=(0, ""))
    if best[0] > 0:
        return best[1]
    if rows is not None and len(rows):
        at = int(np.searchsorted(rows.at_us, begin + 1, "right")) - 1
        if at >= 0 and not words[at].startswith("good"):
            return words[at]
    return UNKNOWN
