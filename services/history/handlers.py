"""Every event goes into the journal, whatever it is."""

from __future__ import annotations

from typing import Any

import orjson

from services.history import storage
from services.history.archive.catalogue import Gap, add_gap
from services.history.domain.entry import entry_of
from services.history.storage import Filters
from shared.contracts.codec import Letter, decode
from shared.contracts.decoding import format_time
from shared.contracts.field import TelemetryGap
from shared.contracts.message import message_name
from shared.database import Session

PAGE_BYTES_MAX = 800_000
"""Of the data in one answer; what stands around it stays well below the limit of 1 MB."""
ROWS_MAX = 500
_GAP = message_name(TelemetryGap)


def on_event(letter: Letter, session: Session) -> None:
    storage.append(session, entry_of(letter))
    if letter.envelope.type.name == _GAP:
        add_gap(session, _gap_of(letter))


def page(session: Session, filters: Filters, rows_max: int) -> dict[str, Any]:
    """`items`, the newest first, and `next`: where the page after this one begins, None at the end."""
    rows_max = max(1, min(rows_max, ROWS_MAX))
    rows = storage.list_rows(session, filters, rows_max + 1)
    items: list[dict[str, Any]] = []
    size = 0
    for row in rows[:rows_max]:
        size += len(row["data"].encode())
        if items and size > PAGE_BYTES_MAX:
            break
        items.append(_item(row))
    more = len(items) < len(rows)
    return {"items": items, "next": str(items[-1]["id"]) if more else None}


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
