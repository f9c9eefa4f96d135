"""The chain of the audit in the database: who writes its head holds its row, so that two instances cannot fork it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.history.domain.chain import COLUMNS, Finding, Link, Mark, Walk, hash_of
from services.history.journal import search
from services.history.journal.tables import (
    ANCHOR,
    HEAD,
    TRIM,
    chain_table,
    lock_state,
    mark_table,
    set_state,
)
from services.history.storage import journal_table

AUDITED = "gateway"
"""The service whose words are the audit."""
LINKS_MAX = 200
"""Rows that one piece of upkeep chains: some 20 ms."""
PAGE_ROWS = 500

_chain, _journal, _marks = chain_table.c, journal_table.c, mark_table.c
_journal_columns = [_journal[name].label(f"journal_{name}") for name in COLUMNS]
_find_mark = sa.select(_marks.number, _marks.position, _marks.hash).where(_marks.name == sa.bindparam("of"))
_find_locked_mark = _find_mark.with_for_update()
_unchained = (
    sa.select(journal_table)
    .where((_journal.service == AUDITED) & (_journal.position > sa.bindparam("after")))
    .order_by(_journal.position)
    .limit(sa.bindparam("rows_max"))
)
_links = (
    sa.select(_chain.number, _chain.position, _chain.event_id, _chain.time, _chain.hash, *_journal_columns)
    .select_from(chain_table.outerjoin(journal_table, _journal.position == _chain.position))
    .order_by(_chain.position)
)


def find_mark(session: Session, name: str, *, locked: bool = False) -> Mark | None:
    """`locked`: it is this transaction's alone from now on. Whoever adds to the audit takes the head so before anything
    else: positions in the journal then follow each other as the transactions do.
    """
    row = session.execute(_find_locked_mark if locked else _find_mark, {"of": name}).one_or_none()
    return None if row is None else Mark(number=row.number, position=row.position, hash=row.hash)


def extend(session: Session, rows_max: int = LINKS_MAX) -> bool:
    """Chain the oldest entries of the audit that are not chained yet. True while more remains."""
    head = find_mark(session, HEAD, locked=True)
    assert head is not None, "the migration put it in"
    rows = session.execute(_unchained, {"after": head.position, "rows_max": rows_max}).all()
    links: list[dict[str, Any]] = []
    number, previous = head.number, head.hash
    for each in rows:
        row = dict(each._mapping)  # noqa: SLF001 - SQLAlchemy's own name for it
        number, previous = number + 1, hash_of(previous, row)
        named = {name: row[name] for name in ("position", "event_id", "time")}
        links.append({"number": number, "hash": previous, **named})
    if links:
        session.execute(sa.insert(chain_table), links)
        _set_mark(session, HEAD, Mark(number=number, position=links[-1]["position"], hash=previous))
    return len(rows) == rows_max


def places(session: Session, positions: Collection[int]) -> dict[int, tuple[int, str]]:
    """Number and hash of those of these entries that are chained, by position."""
    asked = sa.select(_chain.position, _chain.number, _chain.hash).where(_chain.position.in_(positions))
    return {row.position: (row.number, row.hash) for row in session.execute(asked)}


@dataclass(frozen=True, slots=True)
class Trimmed:
    events: list[tuple[str, datetime]]
    """Name and time of what was removed."""
    anchor: Mark | None = None


def trim(session: Session, is_due: Callable[[str, datetime], bool], rows_max: int) -> Trimmed:
    """Remove the oldest entries of the audit, no more than `rows_max`, up to the first that is not due.

    What cannot be proven any more is evidence, and stays with all that follows it.
    """
    find_mark(session, HEAD, locked=True)
    anchor = find_mark(session, ANCHOR)
    assert anchor is not None, "the migration put it in"
    removed: list[Link] = []
    last = anchor
    for link in _read(session, _links.limit(rows_max)):
        proven = link.row is not None and link.hash == hash_of(last.hash, link.row)
        if not proven or link.number != last.number + 1 or link.row is None:
            break
        if not is_due(link.row["event"], link.time):
            break
        removed.append(link)
        last = Mark(number=link.number, position=link.position, hash=link.hash)
    if not removed:
        return Trimmed([])
    remove_entries(session, [link.position for link in removed], chained=True)
    _set_mark(session, ANCHOR, last)
    return Trimmed([(str(link.row["event"]), link.time) for link in removed if link.row], last)


def remove_entries(session: Session, positions: list[int], *, chained: bool = False) -> None:
    """The one way by which anything leaves the journal: the triggers let pass what lies at or below the position that
    is named in this transaction, and nothing after it.
    """
    lock_state(session, TRIM)
    set_state(session, TRIM, max(positions), "")
    search.remove(session, positions)
    if chained:
        session.execute(sa.delete(chain_table).where(_chain.position.in_(positions)))
    session.execute(sa.delete(journal_table).where(_journal.position.in_(positions)))
    set_state(session, TRIM, 0, "")


@dataclass(slots=True)
class Verification:
    """What a walk over the chain found; complete when `findings` has been read to its end."""

    first: int
    head: Mark | None
    anchor: Mark
    well: int = 0
    waiting: int = 0
    """Entries that are not chained yet."""


def verify(session: Session, number_from: int, expected_head: str | None) -> Iterator[Finding | Verification]:
    """Every finding, then what was verified. One transaction that reads: it sees the journal as it was at first."""
    head = find_mark(session, HEAD)
    anchor = find_mark(session, ANCHOR) or Mark(number=0, position=0, hash="")
    before = _before(session, number_from, anchor)
    walk = Walk(before, head, _Known(session))
    after = before.position
    while links := list(_read(session, _links.where(_chain.position > after).limit(PAGE_ROWS))):
        yield from walk.over(links)
        after = links[-1].position
    yield from walk.end()
    end = max(after, head.position if head else 0)
    yield from _unknown_rows(session, before.position, end)
    if expected_head is not None and not _has_hash(session, expected_head, anchor):
        yield Finding(fault="head_unknown")
    waiting = sa.select(sa.func.count()).where((_journal.service == AUDITED) & (_journal.position > end))
    yield Verification(
        first=before.number + 1, head=head, anchor=anchor, well=walk.well, waiting=session.scalar(waiting) or 0
    )


def _before(session: Session, number_from: int, anchor: Mark) -> Mark:
    """What stands before the first row that is to be looked at: the nearest one that there is."""
    asked = (
        sa.select(_chain.number, _chain.position, _chain.hash)
        .where((_chain.number < number_from) & (_chain.number > anchor.number))
        .order_by(_chain.number.desc())
        .limit(1)
    )
    row = session.execute(asked).one_or_none()
    return anchor if row is None else Mark(number=row.number, position=row.position, hash=row.hash)


def _unknown_rows(session: Session, after: int, until: int) -> Iterator[Finding]:
    """Entries of the audit that the chain has never seen, though it has passed them."""
    start = after
    while True:
        asked = (
            sa.select(_journal.position, _journal.event_id, _journal.time)
            .select_from(journal_table.outerjoin(chain_table, _journal.position == _chain.position))
            .where((_journal.service == AUDITED) & (_journal.position > start) & (_journal.position <= until))
            .where(_chain.position.is_(None))
            .order_by(_journal.position)
            .limit(PAGE_ROWS)
        )
        rows = session.execute(asked).all()
        for row in rows:
            yield Finding(fault="inserted", time=row.time, event_id=row.event_id)
        if len(rows) < PAGE_ROWS:
            return
        start = rows[-1].position


def _has_hash(session: Session, wanted: str, anchor: Mark) -> bool:
    asked = sa.select(_chain.number).where(_chain.hash == wanted).limit(1)
    return wanted == anchor.hash or session.scalar(asked) is not None


@dataclass(frozen=True, slots=True)
class _Known:
    session: Session

    def has_number(self, first: int, last: int) -> bool:
        asked = sa.select(_chain.number).where(_chain.number.between(first, last)).limit(1)
        return self.session.scalar(asked) is not None

    def has_event(self, event_id: str) -> bool:
        asked = sa.select(_chain.number).where(_chain.event_id == event_id).limit(1)
        return self.session.scalar(asked) is not None


def _read(session: Session, asked: sa.Select[Any]) -> Iterator[Link]:
    for row in session.execute(asked).mappings():
        there = row["journal_position"] is not None
        yield Link(
            number=row["number"],
            position=row["position"],
            event_id=row["event_id"],
            time=row["time"],
            hash=row["hash"],
            row={name: row[f"journal_{name}"] for name in COLUMNS} if there else None,
        )


def _set_mark(session: Session, name: str, mark: Mark) -> None:
    values = {"number": mark.number, "position": mark.position, "hash": mark.hash}
    session.execute(sa.update(mark_table).where(_marks.name == name).values(values))
