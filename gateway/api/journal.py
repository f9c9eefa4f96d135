"""What happened: the journal of all events, and the audit of what people did."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from gateway.api import shapes
from gateway.api.deps import TheCaller, TheGateway
from gateway.api.errors import READS
from gateway.api.moments import From, To
from gateway.auth import Caller
from gateway.present import words
from gateway.views import texts
from gateway.wiring import Gateway
from shared.contracts.message import Scalar
from shared.messages import sentence

GAP = "telemetry_gap"
CAUSES = {GAP: "gap", "override_ended": "override"}
"""Events whose cause has a sentence of its own, and what its code begins with."""

router = APIRouter(prefix="/api", tags=["journal"])

AUDIT_SERVICE = "gateway"


After = Annotated[str | None, Query(max_length=64, pattern=r"^[0-9]{1,18}$", description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500)]
Filter = Annotated[str | None, Query(max_length=128)]


@router.get("/journal", responses=READS)
def list_journal(
    gateway: TheGateway,
    caller: TheCaller,
    asset: Filter = None,
    area: Filter = None,
    from_: From = None,
    to: To = None,
    after: After = None,
    limit: Limit = 100,
) -> shapes.JournalPage:
    """Events, the newest first, of what the account may see."""
    return _page(gateway, caller, asset=asset, area=area, since=from_, until=to, after=after, rows_max=limit)


@router.get("/audit", responses=READS)
def list_audit(
    gateway: TheGateway,
    caller: TheCaller,
    from_: From = None,
    to: To = None,
    after: After = None,
    limit: Limit = 100,
) -> shapes.JournalPage:
    """Who signed in, acknowledged, commanded, changed accounts. For administrators."""
    caller.require_administration()
    return _page(gateway, None, service=AUDIT_SERVICE, since=from_, until=to, after=after, rows_max=limit)


def _page(gateway: Gateway, caller: Caller | None, **filters: Any) -> shapes.JournalPage:
    asked = {name: _plain(value) for name, value in filters.items() if value is not None}
    if caller is not None and "area" not in asked:
        areas = [gateway.site.city, *(each.id for each in gateway.site.areas)]
        visible = [area for area in areas if any(caller.may("view", trade, area) for trade in gateway.trades)]
        if len(visible) < len(areas):
            asked["areas"] = visible
    elif caller is not None:
        caller.require("view", "*", asked["area"])
    if caller is not None and not caller.administers:
        # Who signed in, and from where, is for administrators, whatever area may be viewed.
        asked["without_service"] = AUDIT_SERVICE
    page = gateway.query("history", "list_journal", **asked)
    items = [_item(gateway, item) for item in page["items"]]
    return shapes.JournalPage(items=items, next=page["next"])


def _item(gateway: Gateway, item: dict[str, Any]) -> shapes.JournalItem:
    data = item["data"]
    condition, asset = data.get("condition"), item.get("asset")
    alarm = data.get("alarm")
    params = {
        name: _listed(value) for name, value in data.items() if isinstance(value, str | int | float | bool | list)
    }
    if isinstance(alarm, dict):
        condition, asset = alarm["condition"], alarm["asset"]
    if condition:
        profile = gateway.city.profile_of(asset, condition) if asset in gateway.site.assets_by_id else None
        title = texts.condition_title(profile, condition)
        params |= {"title_zh": title["zh"], "title_en": title["en"]}
    if data.get("command") and asset in gateway.site.assets_by_id:
        profile = gateway.city.profile_of(asset)
        title = texts.command_title(profile, data["command"])
        params |= {"title_zh": title["zh"], "title_en": title["en"]}
    if item["event"] in CAUSES:
        cause = sentence(f"{CAUSES[item['event']]}.{data['cause']}", {})
        params |= {"cause_zh": cause["zh"], "cause_en": cause["en"]}
    if item["event"] == GAP:
        params |= {each: _clock(gateway, data[each]) for each in ("from_time", "to_time")}
    point = gateway.city.find_point(asset or "", data.get("point") or "")
    if point is not None:
        title = texts.point_title(point.profile, point.name)
        params |= {"point_zh": title["zh"], "point_en": title["en"]}
    entry = gateway.site.assets_by_id.get(asset or "")
    name = entry.name.text() if entry else {"zh": asset or "", "en": asset or ""}
    params |= {"asset_zh": name["zh"], "asset_en": name["en"], "actor": item.get("actor") or ""}
    return shapes.JournalItem(
        id=str(item["id"]),
        time=item["time"],
        event=item["event"],
        area=item["area"],
        asset=asset,
        actor=item.get("actor"),
        text=words(sentence(f"event.{item['event']}", params)),
        data=data,
    )


def _clock(gateway: Gateway, time: str) -> str:
    """A moment in the city's own time."""
    return datetime.fromisoformat(time).astimezone(ZoneInfo(gateway.site.time_zone)).strftime("%m-%d %H:%M:%S")


def _listed(value: Scalar | list[Any]) -> Scalar:
    """What a sentence can carry: of a list, the texts in it; of nothing, a question mark."""
    if value is None:
        return "?"
    return ", ".join(each for each in value if isinstance(each, str)) or "-" if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
