"""The archive as the service has it: who writes, who rolls up and forgets, and who reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.history.archive import catalogue
from services.history.archive.answers import trend_answer
from services.history.archive.readings import Readings
from services.history.archive.retention import Retention
from services.history.archive.rollup import Roller
from services.history.archive.trend import Question, Trends
from services.history.archive.writer import ArchiveWriter
from services.history.domain.expectation import Expectation
from shared.bus.health import Check
from shared.database import DatabaseThread, Session

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
        self.tasks = (self._roller.roll_some, self._retention.forget_some)

    def close(self) -> None:
        self._reader.close()

    def read_trend(self, **asked: Any) -> dict[str, Any]:
        """See Question. Raises Unavailable."""
        question = Question(now_us=self._now_us(), **asked)
        expected = self._expected(question.asset, question.point)
        trend = self._reader.run(lambda session: self._trends.read(session, question, expected))
        return trend_answer(trend)

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
        behind_s = round((self._now_us() - head_us) / 1e6) if head_us else 0
        return Check(ok=behind_s <= LATE_S, code="archive_behind", params={"behind_s": behind_s})
