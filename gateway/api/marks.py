"""Points set by hand: wished here, set by the owner of the area, told to everybody with the next readings."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter

from gateway.api import shapes
from gateway.api.asking import ask_owner
from gateway.api.deps import TheCaller, TheGateway, viewed_asset
from gateway.api.errors import READS, WRITES
from gateway.auth import Caller
from gateway.wiring import Gateway
from shared.contracts.decoding import decode_as
from shared.contracts.field import PointMarked, PointMarkEvent, PointMarkRefused
from shared.contracts.gateway import MarkPoint, PointMarkSubmitted, UnmarkPoint
from shared.errors import Malformed, Missing, Refused
from shared.field.marks import UNTIL_S_MAX, value_refusal
from shared.site import AssetEntry

router = APIRouter(prefix="/api/assets", tags=["marks"])


@router.get("/{asset}/marks", responses=READS)
def list_marks(asset: str, gateway: TheGateway, caller: TheCaller) -> list[shapes.MarkShape]:
    """What people have set of the asset's points, until it ends."""
    entry = viewed_asset(gateway, caller, asset)
    found = gateway.query(entry.trade, "list_marks", asset=asset)
    marks = [decode_as(PointMarked, {**item, "area": entry.area}, "mark") for item in found]
    return [
        shapes.MarkShape(
            asset=mark.asset,
            point=mark.point,
            kind=mark.kind,
            value=mark.value,
            by=mark.by,
            reason=mark.reason,
            since=mark.since,
            until=mark.until,
        )
        for mark in marks
    ]


@router.post("/{asset}/points/{point}/mark", status_code=204, responses=WRITES)
def mark(asset: str, point: str, wish: shapes.MarkWish, gateway: TheGateway, caller: TheCaller) -> None:
    """Take a value for what the point is worth, or take the point out of service, for some minutes of city time."""
    entry = _operated(gateway, caller, asset, point)
    found = gateway.city.find_point(asset, point)
    spec = found.profile.device_point(point) if found else None
    refused = value_refusal(spec, wish.value) if spec is not None and wish.kind == "substituted" else None
    if refused is not None:
        raise Malformed(refused.code, **refused.params)
    command = MarkPoint(
        area=entry.area,
        trade=entry.trade,
        asset=asset,
        point=point,
        kind=wish.kind,
        value=wish.value if wish.kind == "substituted" else None,
        reason=wish.reason,
        until=gateway.clock.now() + timedelta(seconds=min(wish.minutes * 60, UNTIL_S_MAX)),
        actor=caller.actor,
    )
    _send(gateway, caller, entry, command, wish.kind, wish.reason)


@router.post("/{asset}/points/{point}/unmark", status_code=204, responses=WRITES)
def unmark(asset: str, point: str, gateway: TheGateway, caller: TheCaller) -> None:
    """Let the point be worth what is read of it again."""
    entry = _operated(gateway, caller, asset, point)
    command = UnmarkPoint(area=entry.area, trade=entry.trade, asset=asset, point=point, actor=caller.actor)
    _send(gateway, caller, entry, command, "", "")


def _operated(gateway: Gateway, caller: Caller, asset: str, point: str) -> AssetEntry:
    entry = viewed_asset(gateway, caller, asset)
    caller.require("operate", entry.trade, entry.area)
    if gateway.city.find_point(asset, point) is None:
        raise Missing("point_missing", asset=asset, point=point)
    return entry


def _send(
    gateway: Gateway, caller: Caller, entry: AssetEntry, command: MarkPoint | UnmarkPoint, kind: str, reason: str
) -> None:
    """Audited, sent, and waited for. Raises Refused with the owner's reason, Unavailable when nobody answers."""
    audit = PointMarkSubmitted(
        area=entry.area,
        username=caller.user.username,
        address=caller.address,
        asset=entry.id,
        point=command.point,
        kind=kind,
        value=command.value if isinstance(command, MarkPoint) else None,
        reason=reason,
    )
    event = ask_owner(gateway, entry.trade, command, audit)
    if isinstance(event, PointMarkRefused):
        raise Refused(event.reason.code, **event.reason.params)
    assert isinstance(event, PointMarkEvent)
