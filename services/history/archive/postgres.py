"""Readings and rollups in PostgreSQL: partitioned by time, written by binary COPY and read in packed columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg

from services.history.archive.tables import DAY_US, Level
from services.history.domain.buckets import COLUMNS, Buckets, buckets_of, records_of
from services.history.domain.rows import NO_ROWS, Rows
from shared.database import Session, driver_of

_Cursor = psycopg.Cursor[tuple[Any, ...]]

DROP_WAIT_MS = 200

_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TAIL = b"\xff\xff"
_NUMBER = np.dtype(
    [
        ("fields", ">i2"),
        ("at_bytes", ">i4"),
        ("at_us", ">i8"),
        ("value_bytes", ">i4"),
        ("value", ">f8"),
        ("series_bytes", ">i4"),
        ("series", ">i4"),
        ("quality_bytes", ">i4"),
        ("quality", ">i2"),
    ]
)
_NOTHING = np.dtype([field for field in _NUMBER.descr if field[0] != "value"])
"""A row whose value is null: its length is -1 and nothing follows."""
_PUT = (
    "insert into reading (series, at_us, value, quality, words) values (%s, %s, %s, %s, %s) on conflict "
    "(series, at_us) do update set value = excluded.value, quality = excluded.quality, words = excluded.words"
)
_OUT = (
    "select string_agg(int8send(at_us), ''::bytea), string_agg(float8send(coalesce(value, 'NaN')), ''::bytea), "
    "string_agg(int2send(quality), ''::bytea) from (select at_us, value, quality from reading "
    "where series = %s and at_us >= %s and at_us < %s order by at_us limit %s) rows"
)
"""Three packed columns: the driver makes no object of a number."""
_BEFORE = "select at_us from reading where series = %s and at_us >= %s and at_us < %s order by at_us desc limit 1"
_WORDS = "select at_us, words from reading where series = %s and at_us >= %s and at_us < %s and words is not null"
_FIRST = (
    "select least((select at_us from reading where series = %s order by at_us limit 1), "
    "(select start_us from rollup_1h where series = %s order by start_us limit 1))"
)
_ROLLED = ("series", *COLUMNS)
_PUT_ROLLUP = (
    f"insert into {{table}} ({', '.join(_ROLLED)}) values ({', '.join(['%s'] * len(_ROLLED))}) "
    f"on conflict (series, start_us) do update set {', '.join(f'{name} = excluded.{name}' for name in COLUMNS[1:])}"
)
_READ_ROLLUP = (
    f"select {', '.join(COLUMNS)} from {{table}} where series = %s and start_us >= %s and start_us < %s "
    "order by start_us"
)
_PARTITIONS = (
    "select child.relname from pg_inherits join pg_class child on child.oid = inhrelid "
    "where inhparent = to_regclass(%s)"
)
_SIZES = (
    "select parent.relname, sum(n_live_tup)::bigint, sum(pg_total_relation_size(child.oid))::bigint "
    "from pg_inherits join pg_class child on child.oid = inhrelid join pg_class parent on parent.oid = inhparent "
    "join pg_stat_user_tables on relid = child.oid "
    "where parent.relnamespace = current_schema()::regnamespace and child.relkind = 'r' group by 1"
)
_LAST = (
    "select id, last.at_us from unnest(%s::int[]) id cross join lateral "
    "(select at_us from reading where series = id order by at_us desc limit 1) last"
)


class PostgresReadings:
    """The archive's big tables as PostgreSQL keeps them; every call within the caller's transaction."""

    def add(self, session: Session, rows: Rows) -> None:
        """Rows of which none is there yet."""
        told = np.zeros(len(rows), np.bool_)
        told[list(rows.texts)] = True
        if told.any():
            self.put(session, rows.where(told))
            rows = rows.where(~told)
        nothing = np.isnan(rows.value)
        with (
            _cursor(session) as cursor,
            cursor.copy("copy reading (at_us, value, series, quality) from stdin (format binary)") as copy,
        ):
            copy.write(_HEAD)
            copy.write(_packed(rows.where(~nothing) if nothing.any() else rows, _NUMBER))
            if nothing.any():
                copy.write(_packed(rows.where(nothing), _NOTHING))
            copy.write(_TAIL)

    def put(self, session: Session, rows: Rows) -> None:
        """Rows in the place of what is there of the same series and moment."""
        records = [
            (series, at_us, None if np.isnan(value) else value, quality, rows.texts.get(at))
            for at, (series, at_us, value, quality) in enumerate(
                zip(rows.series.tolist(), rows.at_us.tolist(), rows.value.tolist(), rows.quality.tolist(), strict=True)
            )
        ]
        with _cursor(session) as cursor:
            cursor.executemany(_PUT, records)

    def make_room(self, session: Session, level: Level, from_us: int, to_us: int) -> None:
        """Partitions for [from, to). Attached, not created in place: that would wait for whoever reads the table."""
        with _cursor(session) as cursor:
            for start_us in range(from_us - from_us % level.partition_us, to_us, level.partition_us):
                name = _partition(level, start_us)
                if _is_there(cursor, name):
                    continue
                bound = f"from ({start_us}) to ({start_us + level.partition_us})"
                _run(cursor, f"create table {name} (like {level.table} including all)")
                _run(cursor, f"alter table {level.table} attach partition {name} for values {bound}")

    def read(self, session: Session, series: int, from_us: int, to_us: int, rows_max: int, *, worded: bool) -> Rows:
        """[from, to) of one series, in the order of time; `worded`: it is told in words."""
        with _cursor(session) as cursor:
            cursor.execute(_OUT, (series, from_us, to_us, rows_max), binary=True)
            found = cursor.fetchone()
            if found is None or found[0] is None:
                return NO_ROWS
            at_us = np.frombuffer(found[0], ">i8").astype(np.int64)
            texts: dict[int, str] = {}
            if worded:
                words: dict[int, str] = dict(cursor.execute(_WORDS, (series, from_us, int(at_us[-1]) + 1)).fetchall())
                texts = {at: words[us] for at, us in enumerate(at_us.tolist()) if us in words}
        return Rows(
            np.full(len(at_us), series, np.int32),
            at_us,
            np.frombuffer(found[1], ">f8").astype(np.float64),
            np.frombuffer(found[2], ">i2").astype(np.int16),
            texts,
        )

    def read_before(self, session: Session, series: int, from_us: int, to_us: int) -> Rows:
        """The last row in [from, to), if there is one."""
        with _cursor(session) as cursor:
            found = cursor.execute(_BEFORE, (series, from_us, to_us)).fetchone()
        return NO_ROWS if found is None else self.read(session, series, found[0], found[0] + 1, 1, worded=True)

    def last_us(self, session: Session, series: Sequence[int]) -> dict[int, int]:
        """The newest moment of each series that has one."""
        with _cursor(session) as cursor:
            return dict(cursor.execute(_LAST, (list(series),)).fetchall())

    def first_us(self, session: Session, series: int) -> int | None:
        """Since when something is kept of a series, be it a rollup."""
        with _cursor(session) as cursor:
            found = cursor.execute(_FIRST, (series, series)).fetchone()
        return None if found is None or found[0] is None else int(found[0])

    def put_rollup(self, session: Session, level: Level, series: int, buckets: Buckets) -> None:
        """Pieces in the place of what is there of the same series and start."""
        with _cursor(session) as cursor:
            cursor.executemany(_PUT_ROLLUP.format(table=level.table).encode(), records_of(series, buckets))

    def read_rollup(self, session: Session, level: Level, series: int, from_us: int, to_us: int) -> Buckets:
        """Pieces that begin in [from, to), in their order."""
        with _cursor(session) as cursor:
            statement = _READ_ROLLUP.format(table=level.table)
            return buckets_of(cursor.execute(statement.encode(), (series, from_us, to_us)).fetchall())

    def forget(self, session: Session, level: Level, before_us: int) -> bool:
        """Remove one partition of which everything is older; False when there is none.

        Gives up, as an outage, when somebody reads the table for long: nobody who writes is to wait behind us.
        """
        with _cursor(session) as cursor:
            for name, end_us in _partitions(cursor, level):
                if end_us <= before_us:
                    _run(cursor, f"set local lock_timeout = {DROP_WAIT_MS}")
                    _run(cursor, f"drop table {name}")
                    return True
        return False

    def sizes(self, session: Session) -> dict[str, tuple[int, int]]:
        """Rows (as PostgreSQL counts them, a moment late) and bytes of each table, the bytes with their indices."""
        with _cursor(session) as cursor:
            return {name: (rows, size) for name, rows, size in cursor.execute(_SIZES).fetchall()}


def _packed(rows: Rows, shape: np.dtype[np.void]) -> bytes:
    packed = np.empty(len(rows), shape)
    packed["fields"] = 4
    packed["at_bytes"] = 8
    packed["at_us"] = rows.at_us
    packed["value_bytes"] = -1
    if "value" in (shape.names or ()):
        packed["value_bytes"] = 8
        packed["value"] = rows.value
    packed["series_bytes"] = 4
    packed["series"] = rows.series
    packed["quality_bytes"] = 2
    packed["quality"] = rows.quality
    return packed.tobytes()


def _partition(level: Level, start_us: int) -> str:
    return f"{level.table}_{start_us // DAY_US}"


def _partitions(cursor: _Cursor, level: Level) -> list[tuple[str, int]]:
    """Name and end of each, the oldest first."""
    names = [name for (name,) in cursor.execute(_PARTITIONS, (level.table,)).fetchall()]
    starts = sorted((int(name.rpartition("_")[2]) * DAY_US, name) for name in names)
    return [(name, start_us + level.partition_us) for start_us, name in starts]


def _is_there(cursor: _Cursor, table: str) -> bool:
    return cursor.execute("select 1 where to_regclass(%s) is not null", (table,)).fetchone() is not None


def _run(cursor: _Cursor, statement: str) -> None:
    cursor.execute(statement.encode())  # of names and numbers of our own; psycopg wants text of others as parameters


def _cursor(session: Session) -> _Cursor:
    connection: psycopg.Connection[tuple[Any, ...]] = driver_of(session)
    return connection.cursor()
