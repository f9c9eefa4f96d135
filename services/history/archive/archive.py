"""The archive as the service has it: who writes, who rolls up and forgets, and who reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from services.history.archive import catalogue
from services.history.archive.answers import page_answer, rollup_page_answer, trend_answer
from services.history.archive.collector import WORDS
from services.history.archive.completeness import Completeness, DaysQuestion
from services.history.archive.readings import Readings
from services.history.archive.retention import Retention
from services.history.archive.rollup import Roller
from services.history.archive.tables import LEVELS, READING
from services.history.archive.trend import Question, Trends
from services.history.archive.writer import ArchiveWriter
from services.history.domain.expectation import Expectation
from services.history.domain.rows import NO_ROWS
from shared.bus.health import Check
from shared.database import DatabaseThread, Session
from shared.errors import Malformed

PAGE_ROWS_MAX = 8000
"""About half of what one answer may hold."""
LATE_S = 300.0
"""So far the archive may be behind the stream, city time, before the health page says so."""


class Archive:
    """`database` writes; `reader` is one more connection, which holds nobody up."""

    def __init__(
        self,
        database: DatabaseThread,
        reader: DatabaseThread,
        readings: Readings,
        expected: Callable[[str, str], Expectation],
        *,
        city: str,
        days: dict[str, int],
        now_us: Callable[[], int],
    ) -> None:
        self._reader = reader
        self._readings = readings
        self._expected = expected
        self._now_us = now_us
        self.writer = ArchiveWriter(database, readings, expected, city)
        self._retention = Retention(database, readings, days, now_us)
        self._roller = Roller(database, readings, expected)
        self._trends = Trends(readings, self._retention.kept_from_us)
        self._completeness = Completeness(readings, self._trends, expected)
        self.tasks = (self._roller.roll_some, self._retention.forget_some)

    def close(self) -> None:
        self._reader.close()

    def read_trend(self, **asked: Any) -> dict[str, Any]:
        """See Question. Raises Unavailable."""
        question = Question(now_us=self._now_us(), **asked)
        expected = self._expected(question.asset, question.point)
        trend = self._reader.run(lambda session: self._trends.read(session, question, expected))
        return trend_answer(trend)

    def read_completeness(self, **asked: Any) -> dict[str, list[dict[str, Any]]]:
        """See DaysQuestion: by point, a day each. Raises Unavailable."""
        question = DaysQuestion(now_us=self._now_us(), **asked)
        found = self._reader.run(lambda session: self._completeness.read(session, question))
        return {point: [asdict(day) for day in days] for point, days in found.items()}

    def read_page(
        self, asset: str, point: str, resolution: str, from_us: int, to_us: int, rows_max: int
    ) -> dict[str, Any]:
        """Readings, or rollups of a resolution, by column; `next_us`: where the next page begins, None at the end.

        Raises Malformed for a resolution that there is not.
        """
        level = next((each for each in LEVELS if each.name == resolution), None)
        if level is None:
            expected = " or ".join(each.name for each in LEVELS)
            raise Malformed("message_malformed", path="resolution", expected=expected)
        rows_max = max(1, min(rows_max, PAGE_ROWS_MAX))

        def read(session: Session) -> dict[str, Any]:
            series = catalogue.find_series(session, (asset, point))
            if series is None:
                return page_answer(NO_ROWS, "f", (), rows_max)
            if level is not READING:
                # a page is a stretch of time: pieces of which nothing is known are left out
                end_us = min(to_us, from_us + rows_max * level.width_us)
                found = self._readings.read_rollup(session, level, series.id, from_us, end_us)
                return rollup_page_answer(found, None if end_us == to_us else end_us)
            worded = series.kind == WORDS
            rows = self._readings.read(session, series.id, from_us, to_us, rows_max, worded=worded)
            words = catalogue.load_words(session)
            return page_answer(rows, series.kind, [words[code] for code in rows.quality.tolist()], rows_max)

        return self._reader.run(read)

    def describe(self) -> dict[str, Any]:
        """How much there is and what it costs: rows and bytes of each table, and readings since ever."""

        def read(session: Session) -> dict[str, Any]:
            sizes = self._readings.sizes(session)
            position = catalogue.load_position(session)
            series = catalogue.count_series(session)
            tables = [{"table": name, "rows": rows, "bytes": size} for name, (rows, size) in sorted(sizes.items())]
            return {"tables": tables, "series": series, "readings": position.rows, "head_us": position.head_us}

        return self._reader.run(read)

    def check(self) -> Check:
        """For the health page."""
        if self.writer.outage is not None:
            return Check(ok=False, code="archive_waits", params={"cause": self.writer.outage})
        head_us = self.writer.committed.head_us
        behind_s = 0 if self.writer.has_written_all else round((self._now_us() - head_us) / 1e6)
        return Check(ok=behind_s <= LATE_S, code="archive_behind", params={"behind_s": behind_s})
