"""The journal: append only, each event once by its id."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.history.domain.entry import Entry
from shared.database import UtcDateTime

metadata = sa.MetaData()
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

journal_table = sa.Table(
    "journal",
    metadata,
    sa.Column("position", _BIG, primary_key=True, autoincrement=True),
    sa.Column("event_id", sa.String(100), nullable=False, unique=True),
    sa.Column("time", UtcDateTime, nullable=False),
    sa.Column("service", sa.String(32), nullable=False),
    sa.Column("event", sa.String(64), nullable=False),
    sa.Column("version", sa.SmallInteger, nullable=False),
    sa.Column("area", sa.String(128), nullable=False),
    sa.Column("asset", sa.String(100)),
    sa.Column("actor", sa.String(100)),
    sa.Column("source", sa.String(200), nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("correlation_id", sa.String(100), nullable=False),
    sa.Column("causation_id", sa.String(100)),
    sa.Column("data", sa.Text, nullable=False),
    sa.Index("journal_by_asset", "asset", "position"),
    sa.Index("journal_by_area", "area", "position"),
    sa.Index("journal_by_service", "service", "position"),
    sa.Index("journal_by_time", "time"),
    sa.Index("journal_by_event", "event", "position"),
    sa.Index("journal_by_actor", "actor", "position"),
)


_find = sa.select(journal_table.c.position).where(journal_table.c.event_id == sa.bindparam("of"))
_next_in_sqlite = sa.text(
    "select max(coalesce((select max(position) from journal), 0),"
    " coalesce((select max(position) from journal_text), 0),"
    " coalesce((select position from audit_mark where name = 'head'), 0)) + 1"
)
"""By itself SQLite would give the newest position again, once that row is gone."""
_add = sa.insert(journal_table).returning(journal_table.c.position)

Told = Callable[[Mapping[str, Any]], str]
"""What a row says, in the words that it is looked for by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What to look for; `area` and whatever lies below it, `before` a position: the page ends there."""

    actor: str | None = None
    event: str | None = None
    asset: str | None = None
    area: str | None = None
    areas: Sequence[str] | None = None
    service: str | None = None
    without_service: str | None = None
    except_events: Sequence[str] = ()
    """Of `without_service`, what is wanted all the same."""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None

    @property
    def narrows(self) -> bool:
        """Much of what the words find may be left out."""
        found = (self.actor, self.event, self.asset, self.area, self.areas, self.service, self.since, self.until)
        return any(each is not None for each in found)


def append(session: Session, entry: Entry) -> dict[str, Any] | None:
    """The row, with its position; None when the journal has it already."""
    envelope = entry.envelope
    if session.scalar(_find, {"of": envelope.id}) is not None:
        return None
    row: dict[str, Any] = {
        "event_id": envelope.id,
        "time": envelope.time,
        "service": envelope.service,
        "event": envelope.type.name,
        "version": envelope.type.version,
        "area": envelope.subject,
        "asset": entry.asset,
        "actor": entry.actor,
        "source": envelope.source,
        "seq": envelope.seq,
        "correlation_id": envelope.correlation_id,
        "causation_id": envelope.causation_id,
        "data": orjson.dumps(entry.data).decode(),
    }
    if session.get_bind().dialect.name == "sqlite":
        row["position"] = session.scalar(_next_in_sqlite)
    return {**row, "position": session.scalar(_add, row)}


def list_rows(
    session: Session, filters: Filters, rows_max: int, *, among: Collection[int] | None = None
) -> list[dict[str, Any]]:
    """The newest first; only those at the positions `among` when they are given."""
    table = journal_table.c
    wanted = sa.select(journal_table).order_by(table.position.desc()).limit(rows_max)
    if filters.before is not None:
        wanted = wanted.where(table.position < filters.before)
    if among is not None:
        wanted = wanted.where(table.position.in_(among))
    if filters.actor is not None:
        wanted = wanted.where(table.actor == filters.actor)
    if filters.event is not None:
        wanted = wanted.where(table.event == filters.event)
    if filters.asset is not None:
        wanted = wanted.where(table.asset == filters.asset)
    if filters.area is not None:
        wanted = wanted.where((table.area == filters.area) | table.area.startswith(f"{filters.area}/", autoescape=True))
    if filters.areas is not None:
        wanted = wanted.where(table.area.in_(filters.areas))
    if filters.service is not None:
        wanted = wanted.where(table.service == filters.service)
    if filters.without_service is not None:
        excepted = table.event.in_(filters.except_events)
        wanted = wanted.where((table.service != filters.without_service) | excepted)
    if filters.since is not None:
        wanted = wanted.where(table.time >= filters.since)
    if filters.until is not None:
        wanted = wanted.where(table.time < filters.until)
    return [dict(row._mapping) for row in session.execute(wanted)]  # noqa: SLF001 - SQLAlchemy's own name for it
