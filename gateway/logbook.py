"""The entries of the logbook, as the history has them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from gateway.api.logbook_shapes import LogbookEntry, entry_shape
from gateway.wiring import Gateway
from shared.contracts.decoding import decode_as, parse_time
from shared.contracts.gateway import LogbookEntryWritten
from shared.contracts.message import message_name
from shared.messages import sentence

EVENT = message_name(LogbookEntryWritten)
RELATED_MAX = 500


def page(gateway: Gateway, **asked: Any) -> tuple[list[LogbookEntry], str | None]:
    """The newest first, and where the next page begins. `asked`: the filters of the history's journal."""
    told = gateway.query("history", "list_journal", event=EVENT, **asked)
    return [_entry(item) for item in told["items"]], told["next"]


def find(gateway: Gateway, entry_id: str) -> LogbookEntry | None:
    found, _ = page(gateway, q=entry_id, rows_max=RELATED_MAX)
    return next((entry for entry in found if entry.id == entry_id), None)


def related(gateway: Gateway, entries: Iterable[LogbookEntry]) -> list[LogbookEntry]:
    """Of these entries, those that they correct and those that correct them, without those that are given."""
    shown = {entry.id: entry for entry in entries}
    if not shown:
        return []
    since = min(entry.written_at for entry in shown.values()).isoformat()
    corrections, _ = page(gateway, q=sentence("logbook_correction", {})["en"], since=since, rows_max=RELATED_MAX)
    found = {entry.id: entry for entry in corrections if entry.corrects in shown}
    for wanted in {entry.corrects for entry in shown.values() if entry.corrects} - shown.keys():
        original = find(gateway, wanted)
        if original is not None:
            found[original.id] = original
    return [entry for entry in found.values() if entry.id not in shown]


def _entry(item: dict[str, Any]) -> LogbookEntry:
    event = decode_as(LogbookEntryWritten, {**item["data"], "area": item["area"]}, "entry")
    written_at: datetime = parse_time(item["time"], "time")
    return entry_shape(event, written_at)
