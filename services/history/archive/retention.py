"""How long readings and rollups are kept; the oldest go in small pieces, and never before their rollups are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from services.history.archive import catalogue
from services.history.archive.catalogue import CLOSING, OPEN
from services.history.archive.readings import Readings
from services.history.archive.tables import DAY_US, LEVELS, READING, Level
from shared.database import DatabaseThread, Session


class Retention:
    """`days`: of each table. Days are of city time."""

    def __init__(
        self, database: DatabaseThread, readings: Readings, days: Mapping[str, int], now_us: Callable[[], int]
    ) -> None:
        self._database = database
        self._readings = readings
        self._days = days
        self._now_us = now_us
        self._done_until_us: dict[str, int] = {}

    def kept_from_us(self) -> dict[str, int]:
        """From when on each table is whole."""
        now_us = self._now_us()
        return {name: (now_us // DAY_US - days) * DAY_US for name, days in self._days.items()}

    def forget_some(self) -> bool:
        """True while more remains. Raises Unavailable."""
        kept_from_us = self.kept_from_us()
        for level in LEVELS:
            until_us = kept_from_us[level.table]
            if self._done_until_us.get(level.table) == until_us:
                continue
            if self._database.run(partial(self._forget, level=level, until_us=until_us)):
                return True
            self._done_until_us[level.table] = until_us
        return False

    def _forget(self, session: Session, level: Level, until_us: int) -> bool:
        waiting = catalogue.hours_between(session, 0, until_us, (OPEN, CLOSING))
        if level is READING and waiting:
            until_us = waiting[0]
        more = self._readings.forget(session, level, until_us)
        if not more and level is LEVELS[-1]:
            catalogue.forget_hours(session, until_us)
            catalogue.forget_seen(session, self._now_us() - catalogue.SEEN_DAYS * DAY_US)
        return more
