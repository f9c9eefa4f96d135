"""Commands: wished here, carried out by the owner of the area, followed here."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated

import orjson
from fastapi import APIRouter, Header

from gateway import storage
from gateway.api import shapes
from gateway.api.deps import TheCaller, TheGateway, viewed_asset
from gateway.api.errors import READS, WRITES
from gateway.auth import Caller
from gateway.views.commands import CommandRow, row_from_ledger
from gateway.wiring import Gateway
from shared.contracts.gateway import CancelOperate, CommandApproved, CommandSubmitted, Operate, SelectOperate
from shared.contracts.message import Params
from shared.database import Session
from shared.errors import Forbidden, Malformed, Missing, PlatformError, Refused, Unavailable
from shared.field.commands import check_params
from shared.field.profile import CommandSpec
from shared.site import AssetEntry

router = APIRouter(prefix="/api/commands", tags=["commands"])

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key", min_length=8, max_length=128, pattern=r"^[\x21-\x7e]+$", description="A new one a wish"
    ),
]


@router.post("", status_code=202, responses=WRITES)
def operate(wish: shapes.CommandWish, key: Key, gateway: TheGateway, caller: TheCaller) -> shapes.Accepted:
    """Wish a command. The same key and body again stand for the same command; it is carried out once.

    One that is selected before it is operated only locks the asset, and is carried out when it is approved in time.
    """
    asset = viewed_asset(gateway, caller, wish.asset)
    spec = _offered(gateway, caller, asset, wish.command)
    params = _params(wish)
    check_params(spec, params)
    if spec.reason_required and not wish.reason.strip():
        raise Malformed("command_reason_required")
    now = gateway.clock.now()
    body_hash = hashlib.sha256(orjson.dumps(wish.model_dump(), option=orjson.OPT_SORT_KEYS)).hexdigest()
    fresh_id = uuid.uuid4().hex
    command_id = gateway.database.run(
        lambda session: _claim(gateway, session, caller, wish, params, key, body_hash, fresh_id, asset.area, now)
    )
    if command_id == fresh_id:
        _send(gateway, caller, asset, spec, wish, params, command_id, now, key)
    return shapes.Accepted(id=command_id)


@router.get("/{command}", responses=READS)
def get_command(command: str, gateway: TheGateway, caller: TheCaller) -> shapes.LedgerRow:
    return gateway.presenter.ledger_row(_find(gateway, caller, command))


@router.post("/{command}/select", status_code=202, responses=WRITES)
def select(command: str, gateway: TheGateway, caller: TheCaller) -> shapes.Accepted:
    """Is the command selected, or about to be? Wishing it has asked for that already; 409 when it is over."""
    row = _find(gateway, caller, command)
    caller.require("operate", row.trade, row.area)
    if row.state not in ("requested", "selected") or row.actor != caller.user.username:
        raise Refused("command_not_selected", state=row.state)
    return shapes.Accepted(id=row.id)


@router.post("/{command}/approve", status_code=202, responses=WRITES)
def approve(command: str, gateway: TheGateway, caller: TheCaller) -> shapes.Accepted:
    """Carry out what was selected; 409 when it is not selected by the caller any more."""
    row = _find(gateway, caller, command)
    caller.require("operate", row.trade, row.area)
    if row.state != "selected" or row.actor != caller.user.username:
        raise Refused("command_not_selected", state=row.state)
    spec = _offered(gateway, caller, viewed_asset(gateway, caller, row.asset), row.command)
    audit = CommandApproved(
        area=row.area,
        username=caller.user.username,
        address=caller.address,
        command_id=row.id,
        asset=row.asset,
        command=row.command,
    )
    gateway.database.run(lambda session: gateway.audit(session, audit))
    now = gateway.clock.now()
    _to_owner(gateway, caller, Operate, replace(row, requested_at=now), "", now + timedelta(seconds=spec.ttl))
    gateway.commands.request(replace(row, state="requested", updated_at=now))
    return shapes.Accepted(id=row.id)


@router.post("/{command}/cancel", status_code=202, responses=WRITES)
def cancel(command: str, gateway: TheGateway, caller: TheCaller) -> shapes.Accepted:
    """Withdraw a command that is not on the wire yet; 409 when it is."""
    row = _find(gateway, caller, command)
    caller.require("operate", row.trade, row.area)
    if row.state not in ("requested", "selected"):
        raise Refused("command_not_cancellable", state=row.state)
    wish = CancelOperate(area=row.area, trade=row.trade, command_id=row.id, actor=caller.actor)
    deadline = gateway.clock.now() + timedelta(seconds=60 * gateway.clock.rate)
    gateway.sender.send(row.trade, wish, deadline)
    return shapes.Accepted(id=row.id)


def _claim(
    gateway: Gateway,
    session: Session,
    caller: Caller,
    wish: shapes.CommandWish,
    params: Params,
    key: str,
    body_hash: str,
    fresh_id: str,
    area: str,
    now: datetime,
) -> str:
    """The id this key stands for; a new one is audited in the same transaction."""
    command_id = storage.claim_key(session, caller.user.username, key, body_hash, fresh_id, now)
    if command_id == fresh_id:
        audit = CommandSubmitted(
            area=area,
            username=caller.user.username,
            address=caller.address,
            command_id=command_id,
            asset=wish.asset,
            command=wish.command,
            params=params,
            reason=wish.reason,
        )
        gateway.audit(session, audit)
    return command_id


def _send(
    gateway: Gateway,
    caller: Caller,
    asset: AssetEntry,
    spec: CommandSpec,
    wish: shapes.CommandWish,
    params: Params,
    command_id: str,
    now: datetime,
    key: str,
) -> None:
    """Raises Unavailable: then the key is free again."""
    row = CommandRow(
        id=command_id,
        trade=asset.trade,
        area=asset.area,
        asset=asset.id,
        command=wish.command,
        params=params,
        origin="operator",
        actor=caller.user.username,
        requested_at=now,
        state="requested",
        updated_at=now,
    )
    kind = Operate if spec.select is None else SelectOperate
    try:
        _to_owner(gateway, caller, kind, row, wish.reason, now + timedelta(seconds=spec.ttl))
    except PlatformError:
        gateway.database.run(lambda session: storage.release_key(session, caller.user.username, key))
        raise
    gateway.commands.request(row)


def _to_owner(
    gateway: Gateway,
    caller: Caller,
    kind: type[Operate | SelectOperate],
    row: CommandRow,
    reason: str,
    deadline: datetime,
) -> None:
    """Raises Unavailable."""
    message = kind(
        area=row.area,
        trade=row.trade,
        command_id=row.id,
        asset=row.asset,
        command=row.command,
        params=row.params,
        reason=reason,
        actor=caller.actor,
        requested_at=row.requested_at,
    )
    message_id = row.id if kind is not SelectOperate else f"{row.id}.select"
    gateway.sender.send(row.trade, message, deadline, message_id=message_id, correlation_id=row.id)


def _offered(gateway: Gateway, caller: Caller, asset: AssetEntry, command: str) -> CommandSpec:
    """Raises Missing when the asset has no such command, Forbidden when it is not for the caller."""
    for _, name, spec, _ in gateway.city.commands(asset.id):
        if name == command:
            caller.require("operate", asset.trade, asset.area)
            if caller.user.role not in spec.roles:
                raise Forbidden("command_role", roles=", ".join(spec.roles))
            return spec
    raise Missing("command_unknown", asset=asset.id, command=command)


def _params(wish: shapes.CommandWish) -> Params:
    return {} if wish.params.param is None else {"param": wish.params.param}


def _find(gateway: Gateway, caller: Caller, command_id: str) -> CommandRow:
    """From the view, or from the owners' ledgers. Raises Missing, Forbidden, Unavailable."""
    row = gateway.commands.find(command_id)
    away: Unavailable | None = None
    for trade in gateway.trades if row is None else []:
        try:
            row = row_from_ledger(trade, gateway.query(trade, "get_command", command_id=command_id))
        except Missing:
            continue
        except Unavailable as error:
            away = error
    if row is None:
        raise away or Missing("command_missing", command_id=command_id)
    caller.require("view", row.trade, row.area)
    return row
