"""Loop tests: a controller is read and silent until every point of it was checked and somebody has signed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from gateway.api import shapes
from gateway.api.asking import ask_owner
from gateway.api.deps import TheCaller, TheGateway
from gateway.api.errors import READS, WRITES
from gateway.auth import Caller
from gateway.present import words
from gateway.wiring import Gateway
from shared.contracts.field import LoopTestEvent, LoopTestRefused
from shared.contracts.gateway import CheckPoint, LoopTestSubmitted, SignLoopTest
from shared.errors import Missing, Refused
from shared.field import texts
from shared.field.profile import Point
from shared.site import AssetEntry, ControllerEntry

router = APIRouter(prefix="/api/controllers", tags=["commissioning"])


@router.get("/{controller}/loop-test", responses=READS)
def get_loop_test(controller: str, gateway: TheGateway, caller: TheCaller) -> shapes.LoopTest:
    """Every point of the device with its reading now and its check, and who has signed."""
    entry, asset = _found(gateway, controller)
    caller.require("view", asset.trade, asset.area)
    record = gateway.query(asset.trade, "get_loop_test", controller=controller)
    checks = {check["point"]: check for check in record["checks"]}
    profile = gateway.city.profile_by_controller(controller)
    signed = record["signed"]
    return shapes.LoopTest(
        controller=entry.id,
        line=entry.line,
        unit=entry.place,
        asset=words(asset.name.text()),
        area=asset.area,
        profile=record["profile"],
        silent=record["silent"],
        points=[_point(gateway, entry, name, checks.get(name)) for name in profile.device_names],
        signed=None if signed is None else shapes.LoopSignature.model_validate(_some(signed, "by", "at", "remark")),
    )


@router.post("/{controller}/loop-test/points/{point}", status_code=204, responses=WRITES)
def check_point(
    controller: str, point: str, wish: shapes.LoopCheckWish, gateway: TheGateway, caller: TheCaller
) -> None:
    """The point was compared with what the device, or a meter beside it, shows."""
    _, asset = _found(gateway, controller)
    command = CheckPoint(
        area=asset.area,
        trade=asset.trade,
        controller=controller,
        point=point,
        expected=wish.expected,
        passed=wish.passed,
        remark=wish.remark,
        actor=caller.actor,
    )
    _send(gateway, caller, asset, command)


@router.post("/{controller}/loop-test/sign", status_code=204, responses=WRITES)
def sign(controller: str, wish: shapes.LoopSignWish, gateway: TheGateway, caller: TheCaller) -> None:
    """All points have passed: from now on the controller alarms and obeys."""
    _, asset = _found(gateway, controller)
    command = SignLoopTest(
        area=asset.area, trade=asset.trade, controller=controller, remark=wish.remark, actor=caller.actor
    )
    _send(gateway, caller, asset, command)


def _found(gateway: Gateway, controller: str) -> tuple[ControllerEntry, AssetEntry]:
    entry = gateway.city.controllers.get(controller)
    if entry is None:
        raise Missing("controller_missing", controller=controller)
    return entry, gateway.site.assets_by_id[entry.asset]


def _point(gateway: Gateway, entry: ControllerEntry, name: str, check: dict[str, Any] | None) -> shapes.LoopPoint:
    profile = gateway.city.profile_by_controller(entry.id)
    asset = entry.points.get(name, entry.asset)
    reading = next(each for each in gateway.city.readings(asset) if each.point.name == name)
    point = profile.device_point(name)
    assert point is not None
    kept = ("value", "quality", "expected", "passed", "remark", "by", "at")
    return shapes.LoopPoint(
        point=name,
        title=words(texts.point_title(profile, name)),
        place=f"{point.table} {point.address}" if isinstance(point, Point) else ", ".join(point.elements),
        reading=gateway.presenter.reading(reading),
        check=None if check is None else shapes.LoopCheckShape.model_validate(_some(check, *kept)),
    )


def _send(gateway: Gateway, caller: Caller, asset: AssetEntry, command: CheckPoint | SignLoopTest) -> None:
    """Raises Refused with the owner's reason, Unavailable when nobody answers."""
    caller.require("configure", asset.trade, asset.area)
    audit = LoopTestSubmitted(
        area=asset.area,
        username=caller.user.username,
        address=caller.address,
        controller=command.controller,
        point=command.point if isinstance(command, CheckPoint) else "",
        passed=command.passed if isinstance(command, CheckPoint) else True,
        expected=command.expected if isinstance(command, CheckPoint) else "",
        remark=command.remark,
    )
    event = ask_owner(gateway, asset.trade, command, audit)
    if isinstance(event, LoopTestRefused):
        raise Refused(event.reason.code, **event.reason.params)
    assert isinstance(event, LoopTestEvent)


def _some(found: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: found[name] for name in names}
