"""Alarms and their journal: a row is what its lines lead to; both are written with the events in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.alarms.domain.alarm import Alarm, Key, Line, evolve
from services.alarms.domain.announcements import announcement
from shared.bus.outbox import Cause, Outbox
from shared.contracts.message import Event
from shared.database import UtcDateTime

metadata = sa.MetaData()

alarms_table = sa.Table(
    "alarm",
    metadata,
    sa.Column("id", sa.String(250), primary_key=True),
    sa.Column("area", sa.String(128), nullable=False),
    sa.Column("trade", sa.String(32), nullable=False),
    sa.Column("asset", sa.String(100), nullable=False),
    sa.Column("condition", sa.String(150), nullable=False),
    sa.Column("state", sa.String(5), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("known", sa.Boolean, nullable=False),
    sa.Column("acknowledged", sa.Boolean, nullable=False),
    sa.Column("latched", sa.Boolean, nullable=False),
    sa.Column("ack_required", sa.Boolean, nullable=False),
    sa.Column("shelved", sa.Boolean, nullable=False),
    sa.Column("suppressed_by", sa.JSON, nullable=False),
    sa.Column("out_of_service", sa.Boolean, nullable=False),
    sa.Column("news_inside", sa.Boolean, nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("params", sa.JSON, nullable=False),
    sa.Column("occurrence", sa.Integer, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("raised_at", UtcDateTime),
    sa.Column("cleared_at", UtcDateTime),
    sa.Column("acknowledged_at", UtcDateTime),
    sa.Column("acknowledged_by", sa.String(100)),
    sa.Column("comment", sa.Text),
    sa.Index("alarm_by_state", "state", "area"),
    sa.Index("alarm_by_trade", "area", "trade", "active"),
)
journal_table = sa.Table(
    "journal",
    metadata,
    sa.Column("alarm_id", sa.String(250), sa.ForeignKey("alarm.id"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("time", UtcDateTime, nullable=False),
    sa.Column("event", sa.String(20), nullable=False),
    sa.Column("actor", sa.String(100)),
    sa.Column("comment", sa.Text),
    sa.Column("priority", sa.SmallInteger),
    sa.Column("params", sa.JSON, nullable=False),
    sa.Column("latching", sa.Boolean, nullable=False),
    sa.Column("ack_required", sa.Boolean, nullable=False),
    sa.Column("state", sa.String(5), nullable=False),
)

_KEYS = ("area", "trade", "asset", "condition")
_FACTS = (
    "active", "known", "acknowledged", "latched", "ack_required", "shelved", "out_of_service", "news_inside",
    "priority", "params", "occurrence", "seq", "raised_at", "cleared_at", "acknowledged_at", "acknowledged_by",
    "comment",
)  # fmt: skip
_LINE = ("seq", "time", "event", "actor", "comment", "priority", "params", "latching", "ack_required")


_find = sa.select(alarms_table).where(alarms_table.c.id == sa.bindparam("of"))
_find_to_decide = _find.with_for_update()
_add_alarm = sa.insert(alarms_table)
_add_lines = sa.insert(journal_table)
_change = (
    sa.update(alarms_table)
    .where(alarms_table.c.id == sa.bindparam("of"))
    .values({name: sa.bindparam(f"new_{name}") for name in (*_FACTS, "state", "suppressed_by")})
)


class Alarms:
    """The repository, within one transaction."""

    def __init__(self, session: Session, outbox: Outbox) -> None:
        self._session = session
        self._outbox = outbox

    def find(self, alarm_id: str) -> Alarm | None:
        """To be decided upon: nobody else changes it until the transaction ends."""
        row = self._session.execute(_find_to_decide, {"of": alarm_id}).one_or_none()
        return None if row is None else _alarm(row)

    def get_or_new(self, key: Key) -> Alarm:
        """The alarm of a condition, or one that never was."""
        return self.find(key.id) or Alarm(key=key)

    def list_active(self, area: str, trade: str) -> list[Alarm]:
        """Alarms whose condition is true (or was, when it was last known)."""
        where = (alarms_table.c.area == area) & (alarms_table.c.trade == trade) & alarms_table.c.active
        return [_alarm(row) for row in self._session.execute(_select().where(where).order_by(alarms_table.c.id))]

    def list_active_of_trade(self, trade: str) -> list[Alarm]:
        where = (alarms_table.c.trade == trade) & alarms_table.c.active
        return [_alarm(row) for row in self._session.execute(_select().where(where).order_by(alarms_table.c.id))]

    def save(self, alarm: Alarm, lines: Iterable[Line], cause: Cause | None) -> Alarm:
        """Write the lines, what the alarm becomes by them, and the events that tell it."""
        before = alarm
        states: list[tuple[Line, Alarm]] = []
        for line in lines:
            alarm = evolve(alarm, line)
            states.append((line, alarm))
        if not states:
            return alarm
        self._write_row(before, alarm)
        self._session.execute(_add_lines, [_journal_row(line, after) for line, after in states])
        for line, after in states:
            event = announcement(after, line)
            if event is not None:
                self._outbox.add(self._session, event, cause, time=line.time)
        return alarm

    def say(self, event: Event, cause: Cause | None) -> None:
        """Tell something that changes no alarm."""
        self._outbox.add(self._session, event, cause)

    def _write_row(self, before: Alarm, alarm: Alarm) -> None:
        values: dict[str, Any] = {name: getattr(alarm, name) for name in _FACTS}
        values |= {"state": alarm.state, "suppressed_by": sorted(alarm.suppressed_by)}
        if before.seq == 0:
            keys = {name: getattr(alarm.key, name) for name in _KEYS}
            self._session.execute(_add_alarm, {"id": alarm.key.id, **keys, **values})
        else:
            changed = {f"new_{name}": value for name, value in values.items()}
            self._session.execute(_change, {"of": alarm.key.id, **changed})


def list_displayed(
    session: Session,
    *,
    states: Sequence[str] | None,
    area: str | None,
    priorities: Sequence[int] | None,
    after: str,
    rows_max: int,
) -> list[Alarm]:
    """Alarms as operators see them, by id; without `states`, everything that is not normal."""
    table = alarms_table.c
    wanted = _select().where(table.id > after).order_by(table.id).limit(rows_max)
    wanted = wanted.where(table.state != "NORM" if states is None else table.state.in_(states))
    if area is not None:
        wanted = wanted.where((table.area == area) | table.area.startswith(f"{area}/", autoescape=True))
    if priorities is not None:
        wanted = wanted.where(table.priority.in_(priorities))
    return [_alarm(row) for row in session.execute(wanted)]


def find_displayed(session: Session, alarm_id: str) -> Alarm | None:
    row = session.execute(_find, {"of": alarm_id}).one_or_none()
    return None if row is None else _alarm(row)


def list_lines(session: Session, alarm_id: str, after: int, rows_max: int) -> list[tuple[Line, str]]:
    """Journal lines behind the one numbered `after`, each with the state that it led to."""
    journal = journal_table.c
    wanted = sa.select(journal_table).where((journal.alarm_id == alarm_id) & (journal.seq > after))
    rows = session.execute(wanted.order_by(journal.seq).limit(rows_max))
    return [(Line(**{name: getattr(row, name) for name in _LINE}), row.state) for row in rows]


def _select() -> sa.Select[Any]:
    return sa.select(alarms_table)


def _alarm(row: Any) -> Alarm:
    facts = {name: getattr(row, name) for name in _FACTS}
    key = Key(**{name: getattr(row, name) for name in _KEYS})
    return Alarm(key=key, suppressed_by=frozenset(row.suppressed_by), **facts)


def _journal_row(line: Line, after: Alarm) -> dict[str, Any]:
    return {"alarm_id": after.key.id, "state": after.state, **{name: getattr(line, name) for name in _LINE}}
