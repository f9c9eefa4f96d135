"""Accounts and bearer tokens."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter

from gateway import storage
from gateway.api import shapes
from gateway.api.deps import TheCaller, TheGateway
from gateway.api.errors import READS, WRITES
from gateway.storage import Token, User
from gateway.wiring import Gateway
from shared.contracts.gateway import TokenChanged, UserChanged
from shared.database import Session
from shared.errors import Missing, Refused

router = APIRouter(prefix="/api", tags=["accounts"])


@router.get("/users", responses=READS)
def list_users(gateway: TheGateway, caller: TheCaller) -> list[shapes.UserShape]:
    caller.require_administration()
    return [_shape(user) for user in gateway.database.run(storage.list_users)]


@router.post("/users", status_code=201, responses=WRITES)
def create_user(wish: shapes.NewUser, gateway: TheGateway, caller: TheCaller) -> shapes.UserShape:
    caller.require_administration()
    _check_areas(gateway, wish.areas)
    user = User(
        username=wish.username,
        role=wish.role,
        language=wish.language,
        trades=tuple(wish.trades),
        areas=tuple(wish.areas),
        active=True,
        created_at=datetime.now(UTC),
    )
    hashed = gateway.accounts.hash(wish.password)

    def work(session: Session) -> None:
        storage.add_user(session, user, hashed)
        _audit_user(gateway, session, caller.user.username, caller.address, user.username, "created")

    gateway.database.run(work)
    return _shape(user)


@router.patch("/users/{username}", responses=WRITES)
def change_user(username: str, wish: shapes.UserChange, gateway: TheGateway, caller: TheCaller) -> shapes.UserShape:
    """An administrator may change everything, everybody their own password and language.

    A new password ends the account's sessions and revokes its tokens; it takes a session to set one.
    """
    changes: dict[str, Any] = wish.model_dump(exclude_none=True)
    if "password" in changes:
        caller.require_session()
    if username != caller.user.username or set(changes) - {"password", "language"}:
        caller.require_administration()
    _check_areas(gateway, wish.areas or [])
    told = ", ".join(sorted(changes)) or "nothing"
    if "password" in changes:
        changes["password_hash"] = gateway.accounts.hash(changes.pop("password"))

    def work(session: Session) -> User:
        user = storage.find_user(session, username)
        if user is None:
            raise Missing("account_missing", username=username)
        unseated = wish.active is False or wish.role not in (None, "admin")
        if user.role == "admin" and user.active and unseated and not storage.count_other_admins(session, username):
            raise Refused("last_administrator")
        _audit_user(gateway, session, caller.user.username, caller.address, username, told)
        return storage.change_user(session, username, changes)

    changed = gateway.database.run(work)
    gateway.accounts.changed(username)
    return _shape(changed)


@router.get("/tokens", responses=READS)
def list_tokens(gateway: TheGateway, caller: TheCaller) -> list[shapes.TokenShape]:
    """One's own; an administrator sees all."""
    username = None if caller.user.role == "admin" else caller.user.username
    found = gateway.database.run(lambda session: storage.list_tokens(session, username))
    return [_token_shape(token) for token in found]


@router.post("/tokens", status_code=201, responses=WRITES)
def issue_token(wish: shapes.NewToken, gateway: TheGateway, caller: TheCaller) -> shapes.IssuedToken:
    """A bearer token with the rights of its account. Its secret is shown once. It takes a session to issue one."""
    caller.require_session()
    username = wish.username or caller.user.username
    if username != caller.user.username:
        caller.require_administration()
    now, secret = datetime.now(UTC), secrets.token_urlsafe(32)
    token = Token(
        id=secrets.token_hex(6),
        username=username,
        name=wish.name,
        created_at=now,
        expires_at=now + timedelta(days=wish.days),
    )

    def work(session: Session) -> None:
        if storage.find_user(session, username) is None:
            raise Missing("account_missing", username=username)
        storage.add_token(session, token, secret)
        _audit_token(gateway, session, caller.user.username, caller.address, token, "issued")

    gateway.database.run(work)
    return shapes.IssuedToken(**_token_shape(token).model_dump(), secret=secret)


@router.delete("/tokens/{token}", status_code=204, responses=WRITES)
def revoke_token(token: str, gateway: TheGateway, caller: TheCaller) -> None:
    username = None if caller.user.role == "admin" else caller.user.username

    def work(session: Session) -> str:
        revoked = storage.revoke_token(session, token, username)
        _audit_token(gateway, session, caller.user.username, caller.address, revoked, "revoked")
        return revoked.username

    gateway.accounts.changed(gateway.database.run(work))


def _check_areas(gateway: Gateway, areas: list[str]) -> None:
    """Raises Missing: a grant that covers nothing is a slip of the pen."""
    known = [area.id for area in gateway.site.areas]
    for area in areas:
        if area != "*" and not any(each == area or each.startswith(area + "/") for each in known):
            raise Missing("area_unknown", area=area)


def _audit_user(gateway: Gateway, session: Session, username: str, address: str, account: str, change: str) -> None:
    gateway.audit(
        session,
        UserChanged(area=gateway.site.city, username=username, address=address, account=account, change=change),
    )


def _audit_token(gateway: Gateway, session: Session, username: str, address: str, token: Token, change: str) -> None:
    gateway.audit(
        session,
        TokenChanged(
            area=gateway.site.city,
            username=username,
            address=address,
            account=token.username,
            token_id=token.id,
            change=change,
        ),
    )


def _shape(user: User) -> shapes.UserShape:
    return shapes.UserShape(
        username=user.username,
        role=user.role,
        language=user.language,
        trades=list(user.trades),
        areas=list(user.areas),
        active=user.active,
        created_at=user.created_at,
    )


def _token_shape(token: Token) -> shapes.TokenShape:
    return shapes.TokenShape(
        id=token.id,
        username=token.username,
        name=token.name,
        created_at=token.created_at,
        expires_at=token.expires_at,
    )
