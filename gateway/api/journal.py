"""What happened: the journal of all events, and the audit of what people did."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from gateway.api import shapes
from gateway.api.deps import TheCaller, TheGateway
from gateway.api.errors import READS
from gateway.api.moments import From, To
from gateway.auth import Caller
from gateway.present import words
from gateway.wiring import Gateway
from shared.contracts.gateway import LogbookEntryWritten
from shared.contracts.message import message_name
from shared.field.narration import narrate

router = APIRouter(prefix="/api", tags=["journal"])

AUDIT_SERVICE = "gateway"
SHOWN_OF_AUDIT = (message_name(LogbookEntryWritten),)
"""Written to be read by everybody who may view the area."""


After = Annotated[str | None, Query(max_length=64, pattern=r"^[0-9]{1,18}$", description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500)]
Filter = Annotated[str | None, Query(max_length=128)]
Words = Annotated[
    str | None,
    Query(
        max_length=100,
        description="words, all of them: Chinese characters, or beginnings of Latin words or numbers",
    ),
]


@router.get("/journal", responses=READS)
def list_journal(
    gateway: TheGateway,
    caller: TheCaller,
    q: Words = None,
    actor: Filter = None,
    event: Filter = None,
    asset: Filter = None,
    area: Filter = None,
    from_: From = None,
    to: To = None,
    after: After = None,
    limit: Limit = 100,
) -> shapes.JournalPage:
    """Events, the newest first, of what the account may see. With `q`, a page may hold few rows, or none, though more
    are behind its `next`: so much is looked through at a time.
    """
    where = {"asset": asset, "area": area, "since": from_, "until": to}
    return _page(gateway, caller, q=q, actor=actor, event=event, **where, after=after, rows_max=limit)


@router.get("/audit", responses=READS)
def list_audit(
    gateway: TheGateway,
    caller: TheCaller,
    q: Words = None,
    actor: Filter = None,
    event: Filter = None,
    from_: From = None,
    to: To = None,
    after: After = None,
    limit: Limit = 100,
) -> shapes.JournalPage:
    """Who signed in, acknowledged, commanded, changed accounts; each row with its number and hash in the chain, and the
    chain's head. For administrators.
    """
    caller.require_administration()
    wish = {"q": q, "actor": actor, "event": event, "since": from_, "until": to, "after": after, "rows_max": limit}
    return _page(gateway, None, service=AUDIT_SERVICE, **wish)


def _page(gateway: Gateway, caller: Caller | None, **filters: Any) -> shapes.JournalPage:
    asked = {name: _plain(value) for name, value in filters.items() if value is not None}
    if caller is not None and "area" not in asked:
        asked |= visible_areas(gateway, caller)
    elif caller is not None:
        caller.require("view", "*", asked["area"])
    if caller is not None and not caller.administers:
        # Who signed in, and from where, is for administrators, whatever area may be viewed.
        asked["without_service"], asked["except_events"] = AUDIT_SERVICE, list(SHOWN_OF_AUDIT)
    page = gateway.query("history", "list_journal", **asked)
    items = [journal_item(gateway, item) for item in page["items"]]
    head = page.get("head")
    return shapes.JournalPage(items=items, next=page["next"], head=None if head is None else shapes.ChainHead(**head))


def visible_areas(gateway: Gateway, caller: Caller) -> dict[str, list[str]]:
    """The filter `areas` of the history, for what the caller may view; nothing when that is everything."""
    areas = [gateway.site.city, *(each.id for each in gateway.site.areas)]
    visible = [area for area in areas if any(caller.may("view", trade, area) for trade in gateway.trades)]
    return {"areas": visible} if len(visible) < len(areas) else {}


def journal_item(gateway: Gateway, item: dict[str, Any]) -> shapes.JournalItem:
    asset, actor, data = item.get("asset"), item.get("actor"), item["data"]
    alarm = data.get("alarm")
    return shapes.JournalItem(
        id=str(item["id"]),
        time=item["time"],
        event=item["event"],
        area=item["area"],
        asset=alarm["asset"] if isinstance(alarm, dict) else asset,
        actor=actor,
        text=words(narrate(gateway.city.catalogue, item["event"], asset, actor, data)),
        data=data,
        number=item.get("number"),
        hash=item.get("hash"),
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
