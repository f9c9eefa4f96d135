"""What every endpoint needs: the gateway, and who is calling."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from gateway.auth import Caller, Unauthorized
from gateway.storage import secret_hash
from gateway.wiring import Gateway
from shared.errors import Forbidden, Missing
from shared.site import AssetEntry

SESSION_COOKIE = "session"
CSRF_COOKIE = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = ("GET", "HEAD", "OPTIONS")


def gateway_of(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


TheGateway = Annotated[Gateway, Depends(gateway_of)]


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


_BEARER = HTTPBearer(auto_error=False, description="A token of /api/tokens")
_COOKIE = APIKeyCookie(name=SESSION_COOKIE, auto_error=False, description="The cookie of /api/session")


def caller_of(
    request: Request,
    gateway: TheGateway,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    cookie: Annotated[str | None, Security(_COOKIE)],
) -> Caller:
    """Who is calling: by bearer token, or by session cookie with its CSRF token. Raises Unauthorized, Forbidden."""
    address = address_of(request)
    if bearer is not None:
        caller = gateway.accounts.find_by_token(bearer.credentials, address)
    else:
        caller = gateway.accounts.find_by_session(cookie or "", address)
    if caller is None:
        raise Unauthorized("not_signed_in")
    if caller.csrf_hash is not None and request.method not in _SAFE:
        sent = secret_hash(request.headers.get(CSRF_HEADER, ""))
        if not secrets.compare_digest(sent, caller.csrf_hash):
            raise Forbidden("csrf_token_expected")
    return caller


TheCaller = Annotated[Caller, Depends(caller_of)]


def viewed_asset(gateway: Gateway, caller: Caller, asset_id: str) -> AssetEntry:
    """An asset the caller may see. Raises Missing, Forbidden."""
    asset = gateway.site.assets_by_id.get(asset_id)
    if asset is None:
        raise Missing("asset_missing", asset=asset_id)
    caller.require("view", asset.trade, asset.area)
    return asset
