"""Reads the retention file: which kind an event belongs to, and for how many days a kind is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.history.domain.retention import SECURITY, SECURITY_DAYS_MIN, Kind, Retention
from shared.contracts.codec import PRODUCERS
from shared.contracts.gateway import AuditEvent
from shared.contracts.message import Event, list_contracts, message_name
from shared.documents import Document, MalformedDocument, Mistake, read_document, validate

DAYS_MAX = 36_525
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]

assert PRODUCERS, "their import registers the contracts"


class KindEntry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    days: int = Field(ge=1, le=DAYS_MAX)
    events: tuple[str, ...] = ()


class RetentionFile(BaseModel):
    """The whole file. `default` is the kind of events that no kind names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    retention: Literal["retention/v1"]
    default: Name
    kinds: dict[Name, KindEntry]


def load_retention(path: Path) -> Retention:
    """Raises MalformedDocument with file, line and field of every mistake."""
    document = read_document(path)
    file = validate(document, RetentionFile)
    mistakes = sorted([*_kinds(document, file), *_events(document, file)], key=lambda mistake: mistake.line)
    if mistakes:
        raise MalformedDocument(mistakes)
    kinds = {name: Kind(name=name, days=entry.days) for name, entry in file.kinds.items()}
    by_event = {event: kinds[name] for name, entry in file.kinds.items() for event in entry.events}
    return Retention(kinds=by_event, default=kinds[file.default])


def _kinds(document: Document, file: RetentionFile) -> Iterator[Mistake]:
    known = ", ".join(file.kinds)
    if file.default not in file.kinds:
        yield document.mistake(("default",), f"one of the kinds: {known} (given: {file.default!r})")
    security = file.kinds.get(SECURITY)
    if security is None:
        yield document.mistake(("kinds",), f"a kind {SECURITY}, to which the audit belongs (given: {known})")
    elif security.days < SECURITY_DAYS_MIN:
        expected = f"at least {SECURITY_DAYS_MIN}: logs of security are kept for six months (given: {security.days})"
        yield document.mistake(("kinds", SECURITY, "days"), expected)


def _events(document: Document, file: RetentionFile) -> Iterator[Mistake]:
    contracts = {message_name(cls): cls for cls in list_contracts() if issubclass(cls, Event)}
    seen: dict[str, str] = {}
    for kind, entry in file.kinds.items():
        for at, event in enumerate(entry.events):
            where = ("kinds", kind, "events", at)
            if event in seen:
                yield document.mistake(where, f"each event in one kind; {event} stands in {seen[event]} too")
            elif event not in contracts:
                yield document.mistake(where, f"the name of an event (given: {event!r})")
            elif issubclass(contracts[event], AuditEvent) and kind != SECURITY:
                yield document.mistake(where, f"{event} belongs to the audit, which is of the kind {SECURITY}")
            seen.setdefault(event, kind)
    if file.default != SECURITY:
        for event, cls in contracts.items():
            if issubclass(cls, AuditEvent) and event not in seen:
                yield document.mistake(("kinds", SECURITY, "events"), f"{event} too: it belongs to the audit")
