"""Removes what has been kept long enough, a small piece at a time, and tells it when the day's removals are done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.history.domain.chain import Mark
from services.history.domain.retention import Retention
from services.history.journal import chain
from services.history.journal.chain import AUDITED
from services.history.journal.tables import RETENTION, lock_state, set_state, trimmed_table
from services.history.storage import journal_table
from shared.contracts.history import JournalTrimmed

ROWS_MAX = 100
"""Entries that one piece removes: some 20 ms."""

_journal, _trimmed = journal_table.c, trimmed_table.c
_next_event = sa.select(sa.func.min(_journal.event)).where(_journal.event > sa.bindparam("after"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trimmer:
    retention: Retention
    zone: ZoneInfo
    city: str

    def piece(self, session: Session, now: datetime) -> list[JournalTrimmed] | None:
        """One piece of upkeep. None while more remains; at the end of a day's removals, what is to be told of them."""
        today = now.astimezone(self.zone).date().isoformat()
        if lock_state(session, RETENTION).text == today:
            return []
        if self._trim_audit(session, now) or any(self._trim(session, event, now) for event in _events(session)):
            return None
        told = self._told(session)
        set_state(session, RETENTION, 0, today)
        return told

    def _trim_audit(self, session: Session, now: datetime) -> bool:
        def is_due(event: str, time: datetime) -> bool:
            return time < self.retention.due_before(event, now, self.zone)

        removed = chain.trim(session, is_due, ROWS_MAX)
        by_kind: dict[str, list[datetime]] = {}
        for event, time in removed.events:
            by_kind.setdefault(self.retention.kind_of(event).name, []).append(time)
        for kind, times in by_kind.items():
            self._note(session, kind, times, removed.anchor)
        return bool(removed.events)

    def _trim(self, session: Session, event: str, now: datetime) -> bool:
        """The oldest entries of one event; of the audit only what the chain lets go may go."""
        oldest = (
            sa.select(_journal.position, _journal.time, _journal.service)
            .where(_journal.event == event)
            .order_by(_journal.position)
            .limit(ROWS_MAX)
        )
        due_before = self.retention.due_before(event, now, self.zone)
        due = [row for row in session.execute(oldest) if row.time < due_before and row.service != AUDITED]
        if due:
            chain.remove_entries(session, [row.position for row in due])
            self._note(session, self.retention.kind_of(event).name, [row.time for row in due], None)
        return bool(due)

    def _note(self, session: Session, kind: str, times: list[datetime], anchor: Mark | None) -> None:
        """Told at the end of the day's removals, not with each piece."""
        row = session.execute(sa.select(trimmed_table).where(_trimmed.kind == kind)).one_or_none()
        number, found = (anchor.number, anchor.hash) if anchor else (row.number, row.hash) if row else (0, "")
        values = {"until": max([*times, *([row.until] if row else [])]), "number": number, "hash": found}
        if row is None:
            session.execute(sa.insert(trimmed_table).values(kind=kind, rows=len(times), **values))
        else:
            change = sa.update(trimmed_table).where(_trimmed.kind == kind)
            session.execute(change.values(rows=row.rows + len(times), **values))

    def _told(self, session: Session) -> list[JournalTrimmed]:
        rows = session.execute(sa.select(trimmed_table).order_by(_trimmed.kind)).all()
        session.execute(sa.delete(trimmed_table))
        days = {kind.name: kind.days for kind in (*self.retention.kinds.values(), self.retention.default)}
        return [
            JournalTrimmed(
                area=self.city,
                kind=row.kind,
                rows=row.rows,
                days=days.get(row.kind, 0),
                until=row.until,
                number=row.number,
                hash=row.hash,
            )
            for row in rows
        ]


def _events(session: Session) -> Iterator[str]:
    """The name of every event in the journal, found by its index alone."""
    event = session.scalar(_next_event, {"after": ""})
    while event is not None:
        yield event
        event = session.scalar(_next_event, {"after": event})
