"""Accounts, sessions, tokens, sign-in failures and idempotency keys: what every gateway of a city shares."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from alembic import op
from sqlalchemy.orm import Session

from shared.contracts.message import Scope
from shared.database import UtcDateTime
from shared.errors import Missing, Refused

Role = Literal["dispatcher", "crew", "engineer", "admin"]
Language = Literal["zh", "en"]

_metadata = sa.MetaData()
_users = sa.Table(
    "account",
    _metadata,
    sa.Column("username", sa.String(64), primary_key=True),
    sa.Column("password_hash", sa.String(200), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("language", sa.String(2), nullable=False),
    sa.Column("trades", sa.JSON, nullable=False),
    sa.Column("areas", sa.JSON, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)
_sessions = sa.Table(
    "session",
    _metadata,
    sa.Column("secret_hash", sa.String(64), primary_key=True),
    sa.Column("username", sa.String(64), nullable=False),
    sa.Column("csrf_hash", sa.String(64), nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
)
_tokens = sa.Table(
    "token",
    _metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("secret_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("username", sa.String(64), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
)
_failures = sa.Table(
    "sign_in_failure",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("who", sa.String(128), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Index("sign_in_failure_by_who", "who", "at"),
)
_keys = sa.Table(
    "idempotency_key",
    _metadata,
    sa.Column("username", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(128), primary_key=True),
    sa.Column("body_hash", sa.String(64), nullable=False),
    sa.Column("command_id", sa.String(64), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

KEYS_KEPT = timedelta(days=1)


def create_gateway_v1() -> None:
    """For the first migration."""
    _metadata.create_all(op.get_bind())


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account. `trades` and `areas` hold '*' for all."""

    username: str
    role: Role
    language: Language
    trades: tuple[str, ...]
    areas: tuple[str, ...]
    active: bool
    created_at: datetime

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Its rights: the role's verbs in each of its trades and areas."""
        return tuple(
            Scope(trade=trade, area=area, verb=verb)
            for verb in VERBS[self.role]
            for trade in self.trades
            for area in self.areas
        )


Verb = Literal["view", "acknowledge", "operate", "configure", "administer"]
VERBS: dict[Role, tuple[Verb, ...]] = {
    "dispatcher": ("view", "acknowledge", "operate"),
    "crew": ("view", "acknowledge"),
    "engineer": ("view", "acknowledge", "operate", "configure"),
    "admin": ("view", "administer"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    id: str
    username: str
    name: str
    created_at: datetime
    expires_at: datetime


def secret_hash(secret: str) -> str:
    """Sessions and tokens are 256 random bits: a plain hash keeps them unreadable in the database."""
    return hashlib.sha256(secret.encode()).hexdigest()


def find_user(session: Session, username: str) -> User | None:
    row = session.execute(sa.select(_users).where(_users.c.username == username)).mappings().first()
    return None if row is None else _user(row)


def find_password_hash(session: Session, username: str) -> str | None:
    """None when there is no such account or it is closed."""
    where = (_users.c.username == username) & _users.c.active
    return session.scalar(sa.select(_users.c.password_hash).where(where))


def list_users(session: Session) -> list[User]:
    return [_user(row) for row in session.execute(sa.select(_users).order_by(_users.c.username)).mappings()]


def add_user(session: Session, user: User, password_hash: str) -> None:
    """Raises Refused when the name is taken."""
    if find_user(session, user.username) is not None:
        raise Refused("account_exists", username=user.username)
    session.execute(
        sa.insert(_users).values(
            username=user.username,
            password_hash=password_hash,
            role=user.role,
            language=user.language,
            trades=list(user.trades),
            areas=list(user.areas),
            active=user.active,
            created_at=user.created_at,
        )
    )


def change_user(session: Session, username: str, changes: dict[str, Any]) -> User:
    """Closing an account or changing its password ends its sessions and revokes its tokens. Raises Missing."""
    if changes:
        session.execute(sa.update(_users).where(_users.c.username == username).values(**changes))
    user = find_user(session, username)
    if user is None:
        raise Missing("account_missing", username=username)
    if not user.active or "password_hash" in changes:
        session.execute(sa.delete(_sessions).where(_sessions.c.username == username))
        session.execute(sa.delete(_tokens).where(_tokens.c.username == username))
    return user


def count_other_admins(session: Session, username: str) -> int:
    where = (_users.c.role == "admin") & _users.c.active & (_users.c.username != username)
    return int(session.scalar(sa.select(sa.func.count()).select_from(_users).where(where)) or 0)


def open_session(session: Session, username: str, expires_at: datetime) -> tuple[str, str]:
    """The secrets of a new session: its cookie's and its CSRF token."""
    secret, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    session.execute(
        sa.insert(_sessions).values(
            secret_hash=secret_hash(secret), username=username, csrf_hash=secret_hash(csrf), expires_at=expires_at
        )
    )
    return secret, csrf


def find_session(session: Session, secret: str, now: datetime) -> tuple[User, str] | None:
    """Whose session it is and the hash of its CSRF token; None when there is none, or it is over."""
    where = (_sessions.c.secret_hash == secret_hash(secret)) & (_sessions.c.expires_at > now)
    row = session.execute(sa.select(_sessions).where(where)).mappings().first()
    user = find_user(session, row["username"]) if row else None
    return (user, row["csrf_hash"]) if row and user and user.active else None


def close_session(session: Session, secret: str) -> None:
    session.execute(sa.delete(_sessions).where(_sessions.c.secret_hash == secret_hash(secret)))


def add_token(session: Session, token: Token, secret: str) -> None:
    session.execute(
        sa.insert(_tokens).values(
            id=token.id,
            secret_hash=secret_hash(secret),
            username=token.username,
            name=token.name,
            created_at=token.created_at,
            expires_at=token.expires_at,
        )
    )


def find_token_user(session: Session, secret: str, now: datetime) -> User | None:
    where = (_tokens.c.secret_hash == secret_hash(secret)) & (_tokens.c.expires_at > now)
    username = session.scalar(sa.select(_tokens.c.username).where(where))
    user = find_user(session, username) if username else None
    return user if user and user.active else None


def list_tokens(session: Session, username: str | None) -> list[Token]:
    """Of one account, or of all."""
    query = sa.select(_tokens).order_by(_tokens.c.created_at)
    if username is not None:
        query = query.where(_tokens.c.username == username)
    return [
        Token(**{name: row[name] for name in ("id", "username", "name", "created_at", "expires_at")})
        for row in session.execute(query).mappings()
    ]


def revoke_token(session: Session, token_id: str, username: str | None) -> Token:
    """`username`: only if it is that account's. Raises Missing."""
    found = next((token for token in list_tokens(session, username) if token.id == token_id), None)
    if found is None:
        raise Missing("token_missing", token=token_id)
    session.execute(sa.delete(_tokens).where(_tokens.c.id == token_id))
    return found


def note_failures(session: Session, limits: dict[str, int], now: datetime, since: datetime) -> tuple[int, ...] | None:
    """Note one failure of each of `limits`, and return what to forget should it be none after all.

    None, and nothing is noted, when one of them has reached its limit since then. Whoever counts holds the table until
    the end of the transaction, at every gateway: of guesses that come at once, none counts without the others.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text(f"LOCK TABLE {_failures.name} IN EXCLUSIVE MODE"))
    # With SQLite, this deletion takes the one place of a writer.
    session.execute(sa.delete(_failures).where(_failures.c.at <= since))
    for who, failures_max in limits.items():
        counted = session.scalar(sa.select(sa.func.count()).select_from(_failures).where(_failures.c.who == who))
        if int(counted or 0) >= failures_max:
            return None
    note = sa.insert(_failures).returning(_failures.c.id)
    return tuple(session.execute(note.values(who=who, at=now)).scalar_one() for who in limits)


def forget_failures(session: Session, who: str, noted: tuple[int, ...]) -> None:
    """All of that one, and those that were noted."""
    session.execute(sa.delete(_failures).where((_failures.c.who == who) | _failures.c.id.in_(noted)))


def claim_key(session: Session, username: str, key: str, body_hash: str, command_id: str, now: datetime) -> str:
    """The command this key stands for: `command_id` when it is new. Raises Refused when it stood for another wish."""
    session.execute(sa.delete(_keys).where(_keys.c.at < now - KEYS_KEPT))
    where = (_keys.c.username == username) & (_keys.c.key == key)
    row = session.execute(sa.select(_keys).where(where)).mappings().first()
    if row is None:
        session.execute(
            sa.insert(_keys).values(username=username, key=key, body_hash=body_hash, command_id=command_id, at=now)
        )
        return command_id
    if row["body_hash"] != body_hash:
        raise Refused("idempotency_key_reused", key=key)
    return str(row["command_id"])


def release_key(session: Session, username: str, key: str) -> None:
    """The wish never reached the broker: the key may be used again."""
    session.execute(sa.delete(_keys).where((_keys.c.username == username) & (_keys.c.key == key)))


def _user(row: Any) -> User:
    return User(
        username=row["username"],
        role=row["role"],
        language=row["language"],
        trades=tuple(row["trades"]),
        areas=tuple(row["areas"]),
        active=row["active"],
        created_at=row["created_at"],
    )
