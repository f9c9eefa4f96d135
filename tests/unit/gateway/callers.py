"""Accounts that ask."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.auth import Caller
from gateway.storage import Role, User


def caller(role: Role = "dispatcher", *areas: str, csrf_hash: str | None = "a session") -> Caller:
    """Of that role, in these areas or everywhere; with a bearer token when `csrf_hash` is None."""
    user = User(
        username="wang",
        role=role,
        language="zh",
        trades=("*",),
        areas=areas or ("*",),
        active=True,
        created_at=datetime(2026, 7, 29, tzinfo=UTC),
    )
    return Caller(user, csrf_hash, "127.0.0.1", "a secret")
