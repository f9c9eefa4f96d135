"""One line of the journal: an event as it was said, with what people look for picked out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.contracts.codec import Letter
from shared.contracts.envelope import Envelope

_ACTORS = ("actor", "username")
"""Where events name who did it: an operator, or the person an audit event is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    envelope: Envelope
    asset: str | None
    actor: str | None
    data: dict[str, Any]


def entry_of(letter: Letter) -> Entry:
    """Every event has a place in the journal, also one that this build does not know."""
    data = letter.data
    alarm = data.get("alarm")
    asset = data.get("asset") or (alarm.get("asset") if isinstance(alarm, dict) else None)
    actor = next((data[name] for name in _ACTORS if isinstance(data.get(name), str)), None)
    return Entry(envelope=letter.envelope, asset=asset if isinstance(asset, str) else None, actor=actor, data=data)
