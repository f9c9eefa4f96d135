"""Every event goes into the journal, whatever it is."""

from __future__ import annotations

from typing import Any

import orjson

from services.history import storage
from services.history.archive.catalogue import Gap, add_gap
from services.history.domain.entry import entry_of
from services.history.domain.words import Search
from services.history.journal import chain, search
from services.history.journal.chain import AUDITED
from services.history.journal.tables import HEAD
from services.history.storage import Filters, Told
from shared.contracts.codec import Letter, decode
from shared.contracts.decoding import format_time
from shared.contracts.field import TelemetryGap
from shared.contracts.message import message_name
from shared.database import Session

PAGE_BYTES_MAX = 800_000
"""Of the data in one answer; what stands around it stays well below the limit of 1 MB."""
ROWS_MAX = 500
CHAINED_AT_ONCE_MAX = 20
"""Entries of the audit that are chained with a new one: itself, and a few of those that upkeep has not come to yet."""

_GAP = message_name(TelemetryGap)


def on_event(letter: Letter, session: Session, told: Told) -> None:
    """An event of the audit is chained in the same transaction, once all before it are."""
    audited = letter.envelope.service == AUDITED
    if audited:
        chain.find_mark(session, HEAD, locked=True)
    row = storage.append(session, entry_of(letter))
    if row is None:
        return
    search.add(session, row["position"], told(row))
    if audited:
        chain.extend(session, CHAINED_AT_ONCE_MAX)
    if letter.envelope.type.name == _GAP:
        add_gap(session, _gap_of(letter))


def page(session: Session, filters: Filters, wish: Search | None, rows_max: int) -> dict[str, Any]:
    """`items`, the newest first, and `next`: where the page after this one begins, None at the end. `head` is the
    newest row of the audit's chain, when the audit is asked for.
    """
    rows_max = max(1, min(rows_max, ROWS_MAX))
    rows, after = _rows(session, filters, wish, rows_max)
    places = chain.places(session, [row["position"] for row in rows if row["service"] == AUDITED])
    items: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        size += len(row["data"].encode())
        if items and size > PAGE_BYTES_MAX:
            after = items[-1]["id"]
            break
        number, hash_ = places.get(row["position"], (None, None))
        items.append({**_item(row), "number": number, "hash": hash_})
    return {"items": items, "next": None if after is None else str(after), "head": _head(session, filters)}


def _rows(
    session: Session, filters: Filters, wish: Search | None, rows_max: int
) -> tuple[list[dict[str, Any]], int | None]:
    if wish is not None:
        return search.find(session, filters, wish, rows_max)
    rows = storage.list_rows(session, filters, rows_max + 1)
    more = len(rows) > rows_max
    return rows[:rows_max], rows[rows_max - 1]["position"] if more else None


def _head(session: Session, filters: Filters) -> dict[str, Any] | None:
    head = chain.find_mark(session, HEAD) if filters.service == AUDITED else None
    return {"number": head.number, "hash": head.hash} if head is not None and head.number else None


def _gap_of(letter: Letter) -> Gap:
    event = decode(letter)
    assert isinstance(event, TelemetryGap)
    return Gap(
        event_id=letter.envelope.id,
        area=event.area,
        trade=event.trade,
        controller=event.controller,
        cause=event.cause,
        from_us=round(event.from_time.timestamp() * 1e6),
        to_us=round(event.to_time.timestamp() * 1e6),
        batches_lost=event.batches_lost,
    )


def _item(row: dict[str, Any]) -> dict[str, Any]:
    shown = ("event", "service", "area", "asset", "actor", "event_id", "correlation_id", "causation_id")
    return {
        "id": row["position"],
        "time": format_time(row["time"], "time"),
        **{name: row[name] for name in shown},
        "data": orjson.loads(row["data"]),
    }
