"""What the archive asks of a database for its big tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.history.archive.postgres import PostgresReadings
from services.history.archive.sqlite import SqliteReadings
from services.history.archive.tables import Level
from services.history.domain.buckets import Buckets
from services.history.domain.rows import Rows
from shared.database import Session


class Readings(Protocol):
    """Readings and rollups; every call within the caller's transaction."""

    def add(self, session: Session, rows: Rows) -> None: ...

    def put(self, session: Session, rows: Rows) -> None: ...

    def make_room(self, session: Session, level: Level, from_us: int, to_us: int) -> None: ...

    def read(self, session: Session, series: int, from_us: int, to_us: int, rows_max: int, *, worded: bool) -> Rows: ...

    def read_before(self, session: Session, series: int, from_us: int, to_us: int) -> Rows: ...

    def last_us(self, session: Session, series: Sequence[int]) -> dict[int, int]: ...

    def first_us(self, session: Session, series: int) -> int | None: ...

    def put_rollup(self, session: Session, level: Level, series: int, buckets: Buckets) -> None: ...

    def read_rollup(self, session: Session, level: Level, series: int, from_us: int, to_us: int) -> Buckets: ...

    def forget(self, session: Session, level: Level, before_us: int) -> bool: ...

    def sizes(self, session: Session) -> dict[str, tuple[int, int]]: ...


def readings_for(dialect: str) -> Readings:
    """By the name of the database's dialect."""
    return SqliteReadings() if dialect == "sqlite" else PostgresReadings()
