"""What the history says: what of the journal it no longer keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.message import Event, contract


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class JournalTrimmed(Event):
    """Entries of one kind, the oldest, were removed, for they have been kept for `days`. `until` is when the newest of
    them happened. `number` and `hash` are those of the last that was removed of the audit's chain: what is left is
    proven from there on. 0 and empty where none was.
    """

    kind: str
    rows: int
    days: int
    until: datetime
    number: int = 0
    hash: str = ""
