"""The logbook: what people on duty put on record. Nothing is ever changed; a correction is an entry of its own."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter

from gateway import logbook, storage
from gateway.api.commands import Key
from gateway.api.deps import TheCaller, TheGateway, viewed_asset
from gateway.api.errors import READS, WRITES
from gateway.api.journal import After, Filter, Limit, Words, visible_areas
from gateway.api.logbook_shapes import LogbookEntry, LogbookPage, LogbookWish, LogbookWritten
from gateway.api.moments import From, To
from gateway.auth import Caller
from gateway.wiring import Gateway
from shared.contracts.gateway import LogbookEntryWritten
from shared.database import Session
from shared.errors import Forbidden, Malformed, Missing

router = APIRouter(prefix="/api/logbook", tags=["logbook"])

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@router.get("", responses=READS)
def list_logbook(
    gateway: TheGateway,
    caller: TheCaller,
    area: Filter = None,
    asset: Filter = None,
    q: Words = None,
    from_: From = None,
    to: To = None,
    after: After = None,
    limit: Limit = 50,
) -> LogbookPage:
    """Entries of what the account may see, the last written first. `from` and `to`: when they were written."""
    moments = {"since": from_, "until": to}
    asked: dict[str, Any] = {name: at.isoformat() for name, at in moments.items() if at is not None}
    asked |= {name: value for name, value in {"q": q, "asset": asset, "after": after}.items() if value is not None}
    if area is None:
        asked |= visible_areas(gateway, caller)
    else:
        caller.require("view", None, area)
        asked["area"] = area
    items, following = logbook.page(gateway, **asked, rows_max=limit)
    related = [entry for entry in logbook.related(gateway, items) if caller.may_view(None, entry.area)]
    return LogbookPage(items=items, related=related, next=following)


@router.post("", status_code=201, responses=WRITES)
def write_entry(wish: LogbookWish, key: Key, gateway: TheGateway, caller: TheCaller) -> LogbookWritten:
    """Put something on record. The same key and body again stand for the same entry, which is written once."""
    now = gateway.clock.now()
    about = wish.about or now
    if not EARLIEST <= about <= now:
        raise Malformed("logbook_moment")
    area, asset = _place(gateway, caller, wish)
    body_hash = hashlib.sha256(b"logbook " + orjson.dumps(wish.model_dump(), option=orjson.OPT_SORT_KEYS)).hexdigest()
    fresh_id = uuid.uuid4().hex
    username = caller.user.username

    def work(session: Session) -> str:
        entry_id = storage.claim_key(session, username, key, body_hash, fresh_id, now)
        if entry_id == fresh_id:
            event = LogbookEntryWritten(
                area=area,
                entry_id=entry_id,
                username=username,
                about=about,
                text=wish.text,
                asset=asset,
                corrects=wish.corrects,
            )
            gateway.say(session, event)
        return entry_id

    return LogbookWritten(id=gateway.database.run(work))


def _place(gateway: Gateway, caller: Caller, wish: LogbookWish) -> tuple[str, str | None]:
    """Area and asset of the entry. Raises Missing, Malformed, Forbidden."""
    area, asset = wish.area, wish.asset
    if wish.corrects is not None:
        original = _original(gateway, caller, wish.corrects)
        area, asset = area or original.area, asset or original.asset
    if asset is not None:
        entry = viewed_asset(gateway, caller, asset)
        if area not in (None, entry.area):
            raise Malformed("asset_in_other_area", asset=asset, area=area)
        area = entry.area
    area = area or gateway.site.city
    if area not in (gateway.site.city, *(each.id for each in gateway.site.areas)):
        raise Missing("area_missing", area=area)
    if not (caller.may("operate", None, area) or caller.may("administer", None, area)):
        raise Forbidden("forbidden", verb="operate", trade="*", area=area)
    return area, asset


def _original(gateway: Gateway, caller: Caller, entry_id: str) -> LogbookEntry:
    found = logbook.find(gateway, entry_id)
    if found is None or not caller.may_view(None, found.area):
        raise Missing("logbook_entry_missing", entry=entry_id)
    return found
