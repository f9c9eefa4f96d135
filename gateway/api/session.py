"""Signing in and out, and who one is."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.api import shapes
from gateway.api.deps import CSRF_COOKIE, SESSION_COOKIE, TheCaller, TheGateway, address_of
from gateway.api.errors import READS, responses

router = APIRouter(prefix="/api", tags=["session"])


@router.post("/session", responses=responses(401, 422, 429, 503))
def sign_in(wish: shapes.SignIn, request: Request, response: Response, gateway: TheGateway) -> shapes.Me:
    """Open a session: the cookie `session`, and `csrf_token` to be sent back as `X-CSRF-Token`."""
    user, secret, csrf = gateway.accounts.sign_in(wish.username, wish.password, address_of(request))
    seconds = int(gateway.settings.session_hours_max * 3600)
    https = gateway.settings.https
    response.set_cookie(SESSION_COOKIE, secret, max_age=seconds, httponly=True, secure=https, samesite="lax")
    response.set_cookie(CSRF_COOKIE, csrf, max_age=seconds, secure=https, samesite="lax")
    return gateway.presenter.me(user)


@router.delete("/session", status_code=204, responses=responses(401, 403, 503))
def sign_out(request: Request, response: Response, gateway: TheGateway, caller: TheCaller) -> None:
    """Close the session. A bearer token is revoked under /api/tokens."""
    gateway.accounts.sign_out(caller, request.cookies.get(SESSION_COOKIE, ""))
    for cookie in (SESSION_COOKIE, CSRF_COOKIE):
        response.delete_cookie(cookie)


@router.get("/me", responses=READS)
def get_me(gateway: TheGateway, caller: TheCaller) -> shapes.Me:
    return gateway.presenter.me(caller.user)
