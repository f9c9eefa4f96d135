"""What the screens call events."""

from __future__ import annotations

import json
from pathlib import Path

from shared.contracts.codec import PRODUCERS
from shared.contracts.gateway import AuditEvent
from shared.contracts.message import Event, list_contracts, message_name

WEB = Path("gateway/web/src")


def test_each_event_can_be_chosen_in_the_journal() -> None:
    assert PRODUCERS
    events = {message_name(cls) for cls in list_contracts() if issubclass(cls, Event)}
    for language in ("zh", "en"):
        words = json.loads((WEB / "i18n" / f"{language}.json").read_text(encoding="utf-8"))
        assert events == set(words["journal"]["events"])


def test_the_page_of_the_audit_offers_its_events() -> None:
    audit = [message_name(cls) for cls in list_contracts() if issubclass(cls, AuditEvent)]
    offered = (WEB / "journal" / "events.ts").read_text(encoding="utf-8")
    assert [] == [name for name in audit if f"'{name}'" not in offered]
