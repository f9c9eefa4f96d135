"""Of each point and day: for how much of it something good was known, and what the rest is due to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from services.history.archive import catalogue
from services.history.archive.catalogue import Gap
from services.history.archive.collector import Series
from services.history.archive.readings import Readings
from services.history.archive.trend import OTHER, Trends
from services.history.domain.expectation import Expectation
from services.history.domain.rows import Ints
from services.history.domain.stretches import Span
from shared.database import Session

SLACK_S = 1.0
"""Less than that is between two polls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysQuestion:
    """Of one asset; `controllers` by point: which gaps concern it. `edges_us`: the midnights around the days."""

    asset: str
    trade: str
    area: str
    controllers: dict[str, str]
    edges_us: Sequence[int]
    now_us: int


@dataclass(frozen=True, slots=True)
class PointDay:
    """`span_s`: for how long of the day something could be kept: since the point's first reading, and up to now.

    `missing`: seconds by cause, which add up to the rest of it.
    """

    span_s: float
    good_s: float
    count: int
    missing: dict[str, float]


class Completeness:
    """Reads, within the caller's transaction."""

    def __init__(self, readings: Readings, trends: Trends, expected: Callable[[str, str], Expectation]) -> None:
        self._readings = readings
        self._trends = trends
        self._expected = expected

    def read(self, session: Session, asked: DaysQuestion) -> dict[str, list[PointDay]]:
        """By point, a day each."""
        edges = np.array(asked.edges_us, np.int64)
        known = {series.key[1]: series for series in catalogue.list_series(session, asked.asset)}
        return {
            point: self._days(session, asked, edges, known.get(point), point, controller)
            for point, controller in asked.controllers.items()
        }

    def _days(
        self, session: Session, asked: DaysQuestion, edges: Ints, series: Series | None, point: str, controller: str
    ) -> list[PointDay]:
        begin_us, end_us = int(edges[0]), min(int(edges[-1]), asked.now_us)
        events = catalogue.list_gaps(session, asked.area, asked.trade, controller, begin_us, end_us)
        known: dict[int, tuple[float, int]] = {}
        since_us = None if series is None else self._readings.first_us(session, series.id)
        if series is not None:
            found = self._trends.days(session, series, edges, self._expected(asked.asset, point), asked.now_us)
            columns = zip(found.start_us.tolist(), found.good_s.tolist(), found.count.tolist(), strict=True)
            known = {start_us: (good_s, count) for start_us, good_s, count in columns}
        days = []
        for start_us, stop_us in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            since = max(start_us, end_us if since_us is None else since_us)
            span_s = max(0, min(stop_us, end_us) - since) / 1e6
            good_s, count = known.get(start_us, (0.0, 0))
            good_s = min(good_s, span_s)
            days.append(PointDay(span_s, good_s, count, _causes((since, stop_us), span_s - good_s, events)))
        return days


def _causes(day: Span, missing_s: float, events: Sequence[Gap]) -> dict[str, float]:
    """Seconds by cause, the earliest first, no more than are missing; what no event explains is OTHER."""
    found: dict[str, float] = {}
    left_s, reached_us = missing_s, day[0]
    for event in events:
        begin_us, end_us = max(event.from_us, reached_us), min(event.to_us, day[1])
        seconds = min(left_s, (end_us - begin_us) / 1e6)
        if seconds > 0:
            found[event.cause] = found.get(event.cause, 0.0) + seconds
            left_s, reached_us = left_s - seconds, end_us
    if left_s > SLACK_S:
        found[OTHER] = left_s
    return found
