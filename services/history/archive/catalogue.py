"""The archive's small tables: its series and words, how far the stream is read, gaps, and hours to roll up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from services.history.archive.collector import Key, Series
from services.history.archive.tables import (
    HOUR_US,
    due_table,
    gap_table,
    hour_table,
    position_table,
    quality_table,
    seen_table,
    series_table,
)
from shared.bus.telemetry import BatchIdentity
from shared.database import Session

STREAM = "city.telemetry"
HISTORY = "history"
"""The cause of a gap that is our own: the stream was removed before we had read it. It concerns everything."""
SEEN_DAYS = 30
"""Epochs of which nothing came for so long are forgotten; no spool lasts that long."""

OPEN, CLOSING, ROLLED = range(3)
"""States of an hour: readings come in; it is being rolled up, and what comes late is noted; its rollups are there."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far the stream is in the archive. `taken`: the last offset; -1: nothing yet."""

    taken: int = -1
    head_us: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """Of one controller, or of all of a trade in an area when that is empty; of everything when we are its cause."""

    event_id: str
    area: str
    trade: str
    controller: str
    cause: str
    from_us: int
    to_us: int
    batches_lost: int


def load_series(session: Session) -> dict[Key, Series]:
    found = session.execute(sa.select(series_table)).all()
    return {(row.asset, row.point): Series(row.id, (row.asset, row.point), row.kind) for row in found}


def find_series(session: Session, key: Key) -> Series | None:
    table = series_table.c
    row = session.execute(sa.select(series_table).where(table.asset == key[0], table.point == key[1])).one_or_none()
    return None if row is None else Series(row.id, key, row.kind)


def list_series(session: Session, asset: str) -> list[Series]:
    found = session.execute(sa.select(series_table).where(series_table.c.asset == asset))
    return [Series(row.id, (row.asset, row.point), row.kind) for row in found]


def count_series(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(series_table)) or 0


def load_qualities(session: Session) -> dict[str, int]:
    return {row.word: row.code for row in session.execute(sa.select(quality_table))}


def load_words(session: Session) -> dict[int, str]:
    return {code: word for word, code in load_qualities(session).items()}


def load_last_seq(session: Session) -> dict[BatchIdentity, int]:
    return {(row.source, row.area, row.epoch): row.seq for row in session.execute(sa.select(seen_table))}


def load_position(session: Session) -> Position:
    row = session.execute(sa.select(position_table).where(position_table.c.stream == STREAM)).one_or_none()
    return Position() if row is None else Position(row.taken, row.head_us, row.rows)


def move_position(session: Session, before: Position, after: Position) -> bool:
    """False when it is not where we left it: somebody else writes, or a commit that seemed lost was none."""
    values = {"taken": after.taken, "head_us": after.head_us, "rows": after.rows}
    if before == Position():
        added = _insert(session, position_table).values(stream=STREAM, **values).on_conflict_do_nothing()
        return session.execute(added.returning(position_table.c.stream)).first() is not None
    table = position_table.c
    where = (table.stream == STREAM) & (table.taken == before.taken) & (table.rows == before.rows)
    return _count(session.execute(sa.update(position_table).where(where).values(values))) == 1


def add_series(session: Session, series: Iterable[Series]) -> None:
    """New ones, and those that are told in another way than before."""
    records = [{"id": each.id, "asset": each.key[0], "point": each.key[1], "kind": each.kind} for each in series]
    _upsert(session, series_table, records, {"kind"})


def add_qualities(session: Session, words: dict[str, int]) -> None:
    if words:
        session.execute(sa.insert(quality_table), [{"code": code, "word": word} for word, code in words.items()])


def note_seen(session: Session, seen: dict[BatchIdentity, int], now_us: int) -> None:
    records = [
        {"source": source, "area": area, "epoch": epoch, "seq": seq, "seen_us": now_us}
        for (source, area, epoch), seq in seen.items()
    ]
    _upsert(session, seen_table, records, {"seq", "seen_us"})


def forget_seen(session: Session, before_us: int) -> None:
    session.execute(sa.delete(seen_table).where(seen_table.c.seen_us < before_us))


def add_gap(session: Session, gap: Gap) -> None:
    record = {name: getattr(gap, name) for name in Gap.__slots__}
    session.execute(_insert(session, gap_table).on_conflict_do_nothing(), [record])


def list_gaps(session: Session, area: str, trade: str, controller: str, from_us: int, to_us: int) -> list[Gap]:
    """Those that concern a controller, in part or as a whole within the period."""
    table = gap_table.c
    wanted = (
        sa.select(gap_table)
        .where(
            ((table.area == area) & (table.trade == trade) & table.controller.in_(["", controller]))
            | (table.cause == HISTORY)
        )
        .where(table.to_us > from_us, table.from_us < to_us)
        .order_by(table.from_us)
    )
    return [Gap(**row._mapping) for row in session.execute(wanted)]  # noqa: SLF001 - SQLAlchemy's own name for it


def note_hours(session: Session, hours: Collection[int]) -> set[int]:
    """There are readings in these hours; those of them that are rolled up, or about to be."""
    if not hours:
        return set()
    session.execute(
        _insert(session, hour_table).on_conflict_do_nothing(),
        [{"start_us": start_us, "state": OPEN} for start_us in hours],
    )
    table = hour_table.c
    rolled = sa.select(table.start_us).where(table.start_us.in_(list(hours)), table.state != OPEN)
    return set(session.scalars(rolled))


def hours_between(session: Session, from_us: int, to_us: int, states: Sequence[int]) -> list[int]:
    """The starts of hours in one of these states, of which a part lies in the period."""
    table = hour_table.c
    wanted = sa.select(table.start_us).where(table.start_us > from_us - HOUR_US, table.start_us < to_us)
    return list(session.scalars(wanted.where(table.state.in_(states)).order_by(table.start_us)))


def set_hour(session: Session, start_us: int, state: int) -> None:
    session.execute(sa.update(hour_table).where(hour_table.c.start_us == start_us).values(state=state))


def forget_hours(session: Session, before_us: int) -> None:
    session.execute(sa.delete(hour_table).where(hour_table.c.start_us < before_us))


def note_due(session: Session, pairs: Iterable[tuple[int, int]]) -> None:
    """(hour, series) to roll up again."""
    records = [{"start_us": start_us, "series": series} for start_us, series in pairs]
    if records:
        session.execute(_insert(session, due_table).on_conflict_do_nothing(), records)


def list_due(session: Session, rows_max: int) -> list[tuple[int, int]]:
    return [(row.start_us, row.series) for row in session.execute(sa.select(due_table).limit(rows_max))]


def forget_due(session: Session, pairs: Iterable[tuple[int, int]]) -> None:
    table = due_table.c
    for start_us, series in pairs:
        session.execute(sa.delete(due_table).where(table.start_us == start_us, table.series == series))


def _insert(session: Session, table: sa.Table) -> Any:
    return (sqlite_insert if session.connection().dialect.name == "sqlite" else postgres_insert)(table)


def _upsert(session: Session, table: sa.Table, records: Sequence[dict[str, Any]], changed: Collection[str]) -> None:
    if not records:
        return
    added = _insert(session, table)
    update = {name: added.excluded[name] for name in changed}
    session.execute(added.on_conflict_do_update(index_elements=list(table.primary_key), set_=update), list(records))


def _count(result: Any) -> int:
    count: int = result.rowcount
    return count
