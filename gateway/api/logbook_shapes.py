"""Shapes of the logbook."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from gateway.api.moments import Moment
from gateway.api.shapes import Shape
from shared.contracts.gateway import LogbookEntryWritten

TEXT_CHARS_MAX = 2000
WRITTEN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$"
"""Of several lines, without other control characters."""
EntryText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_CHARS_MAX, pattern=WRITTEN)
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class LogbookWish(Shape):
    """`about`: the moment that it is about, which has come; without it, now. `area`: the city's or one of its areas;
    without it that of the asset, of the entry that it corrects, or the city's.
    """

    text: EntryText
    about: Moment | None = None
    area: Name | None = None
    asset: Name | None = None
    corrects: Annotated[str | None, Field(pattern=r"^[0-9a-f]{32}$", description="id of an entry")] = None


class LogbookWritten(Shape):
    id: str


class LogbookEntry(Shape):
    id: str
    written_at: datetime
    about: datetime
    area: str
    asset: str | None
    username: str
    text: str
    corrects: str | None


class LogbookPage(Shape):
    """`related`: entries that one of `items` corrects, or that correct one of them."""

    items: list[LogbookEntry]
    related: list[LogbookEntry]
    next: str | None


def entry_shape(event: LogbookEntryWritten, written_at: datetime) -> LogbookEntry:
    return LogbookEntry(
        id=event.entry_id,
        written_at=written_at,
        about=event.about,
        area=event.area,
        asset=event.asset,
        username=event.username,
        text=event.text,
        corrects=event.corrects,
    )
