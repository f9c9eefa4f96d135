"""Readings and rollups in SQLite: one table each, clustered by series and time."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np

from services.history.archive.tables import LEVELS, READING, Level
from services.history.domain.buckets import COLUMNS, Buckets, buckets_of, records_of
from services.history.domain.rows import NO_ROWS, Rows, with_none
from shared.database import Session, driver_of

FORGOTTEN_MAX = 5000
"""Rows that are removed at a time, so that nobody who writes waits for long."""

_ADD = "insert into reading (series, at_us, value, quality, words) values (?, ?, ?, ?, ?)"
_PUT = f"{_ADD} on conflict do update set value = excluded.value, quality = excluded.quality, words = excluded.words"
_READ = (
    "select at_us, value, quality, words from reading where series = ? and at_us >= ? and at_us < ? "
    "order by at_us limit ?"
)
_READ_NUMBERS = _READ.replace(", words", "")
_BEFORE = (
    "select at_us, value, quality, words from reading where series = ? and at_us >= ? and at_us < ? "
    "order by at_us desc limit 1"
)
_LAST = "select series, max(at_us) from reading where series = ?"
_FIRST = (
    "select min(at_us) from (select min(at_us) as at_us from reading where series = ? "
    "union all select min(start_us) from rollup_1h where series = ?)"
)
_ROLLED = ("series", *COLUMNS)
_PUT_ROLLUP = f"insert or replace into {{table}} ({', '.join(_ROLLED)}) values ({', '.join('?' * len(_ROLLED))})"
_READ_ROLLUP = (
    f"select {', '.join(COLUMNS)} from {{table}} where series = ? and start_us >= ? and start_us < ? order by start_us"
)
_FORGET = (
    "delete from {table} where series = ? and {at} in "
    "(select {at} from {table} where series = ? and {at} < ? order by {at} limit ?)"
)


class SqliteReadings:
    """The archive's big tables as SQLite keeps them; every call within the caller's transaction."""

    def add(self, session: Session, rows: Rows) -> None:
        """Rows of which none is there yet."""
        _cursor(session).executemany(_ADD, _records(rows))

    def put(self, session: Session, rows: Rows) -> None:
        """Rows in the place of what is there of the same series and moment."""
        _cursor(session).executemany(_PUT, _records(rows))

    def make_room(self, session: Session, level: Level, from_us: int, to_us: int) -> None:
        """Nothing to do: all rows lie in one table."""

    def read(self, session: Session, series: int, from_us: int, to_us: int, rows_max: int, *, worded: bool) -> Rows:
        """[from, to) of one series, in the order of time; `worded`: it is told in words."""
        statement = _READ if worded else _READ_NUMBERS
        return _rows(series, _cursor(session).execute(statement, (series, from_us, to_us, rows_max)).fetchall())

    def read_before(self, session: Session, series: int, from_us: int, to_us: int) -> Rows:
        """The last row in [from, to), if there is one."""
        return _rows(series, _cursor(session).execute(_BEFORE, (series, from_us, to_us)).fetchall())

    def last_us(self, session: Session, series: Sequence[int]) -> dict[int, int]:
        """The newest moment of each series that has one."""
        cursor = _cursor(session)
        found = (cursor.execute(_LAST, (each,)).fetchone() for each in series)
        return {each: at_us for each, at_us in found if each is not None}

    def first_us(self, session: Session, series: int) -> int | None:
        """Since when something is kept of a series, be it a rollup."""
        (found,) = _cursor(session).execute(_FIRST, (series, series)).fetchone()
        return found if found is None else int(found)

    def put_rollup(self, session: Session, level: Level, series: int, buckets: Buckets) -> None:
        """Pieces in the place of what is there of the same series and start."""
        _cursor(session).executemany(_PUT_ROLLUP.format(table=level.table), records_of(series, buckets))

    def read_rollup(self, session: Session, level: Level, series: int, from_us: int, to_us: int) -> Buckets:
        """Pieces that begin in [from, to), in their order."""
        found = _cursor(session).execute(_READ_ROLLUP.format(table=level.table), (series, from_us, to_us)).fetchall()
        return buckets_of(found)

    def forget(self, session: Session, level: Level, before_us: int) -> bool:
        """Remove some of what is older; False when nothing was."""
        column = "at_us" if level is READING else "start_us"
        cursor, removed = _cursor(session), 0
        for (series,) in cursor.execute("select id from series").fetchall():
            cursor.execute(
                _FORGET.format(table=level.table, at=column), (series, series, before_us, FORGOTTEN_MAX - removed)
            )
            removed += cursor.rowcount
            if removed >= FORGOTTEN_MAX:
                break
        return removed > 0

    def sizes(self, session: Session) -> dict[str, tuple[int, int]]:
        """Rows and bytes of each table, which is its own index."""
        cursor = _cursor(session)
        sizes = dict(cursor.execute("select name, sum(pgsize) from dbstat group by name").fetchall())
        found = {}
        for level in LEVELS:
            (rows,) = cursor.execute(f"select count(*) from {level.table}").fetchone()
            found[level.table] = (rows, sizes.get(level.table, 0))
        return found


def _cursor(session: Session) -> sqlite3.Cursor:
    connection: sqlite3.Connection = driver_of(session)
    return connection.cursor()


def _records(rows: Rows) -> Any:
    words: Sequence[str | None] = [None] * len(rows)
    if rows.texts:
        words = [rows.texts.get(at) for at in range(len(rows))]
    return zip(
        rows.series.tolist(), rows.at_us.tolist(), with_none(rows.value), rows.quality.tolist(), words, strict=True
    )


def _rows(series: int, found: Sequence[tuple[Any, ...]]) -> Rows:
    if not found:
        return NO_ROWS
    at_us, value, quality, *words = zip(*found, strict=True)
    return Rows(
        np.full(len(found), series, np.int32),
        np.array(at_us, np.int64),
        np.array(value, np.float64),  # None becomes not a number
        np.array(quality, np.int16),
        {at: text for at, text in enumerate(words[0]) if text is not None} if words else {},
    )
