"""Who is it, and what may they: passwords (argon2), sessions, bearer tokens, throttling of sign-ins."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway import storage
from gateway.settings import Settings
from gateway.storage import Role, User, Verb
from shared.contracts.gateway import AuditEvent, SignedIn, SignedOut, SignInRefused
from shared.contracts.message import Actor
from shared.database import DatabaseThread, Session
from shared.errors import Forbidden, PlatformError, Unavailable

_log = structlog.get_logger()

KNOWN_S = 4 * 3600.0
"""A database that is away for longer locks everybody out."""
KNOWN_MAX = 2000

Audit = Callable[[Session, AuditEvent], None]


class Unauthorized(PlatformError):
    """Nobody is signed in, or not with that."""

    status = 401


class TooMany(PlatformError):
    """Wait before you try again."""

    status = 429


@dataclass(frozen=True, slots=True)
class Caller:
    """The account behind a request. `csrf_hash` is None with a bearer token, which no page sends by itself.

    `secret` is what the request came with: the session's or the token's.
    """

    user: User
    csrf_hash: str | None
    address: str
    secret: str = field(repr=False)

    @property
    def actor(self) -> Actor:
        return Actor(username=self.user.username, role=self.user.role, scopes=self.user.scopes)

    def require(self, verb: Verb, trade: str | None, area: str) -> None:
        """Raises Forbidden. `trade` None: any will do."""
        if not self.may(verb, trade, area):
            raise Forbidden("forbidden", verb=verb, trade=trade or "*", area=area)

    def may_view(self, trade: str | None, area: str) -> bool:
        return self.may("view", trade, area)

    def may(self, verb: Verb, trade: str | None, area: str) -> bool:
        return self.actor.may(verb, trade, area)

    @property
    def administers(self) -> bool:
        return any(scope.verb == "administer" for scope in self.user.scopes)

    def require_session(self) -> None:
        """Raises Forbidden: whoever found a token must not make more of it than it is."""
        if self.csrf_hash is None:
            raise Forbidden("session_expected")

    def require_administration(self) -> None:
        """Raises Forbidden."""
        if not self.administers:
            raise Forbidden("forbidden", verb="administer", trade="*", area="*")


class KnownCallers:
    """Who was let in lately. While the database is away they go on seeing the city; nobody new comes in, and nobody's
    rights can change in it. `monotonic`: in seconds. Safe for several threads.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._found: OrderedDict[str, tuple[Caller, float]] = OrderedDict()

    def note(self, key: str, caller: Caller | None) -> None:
        """As the database has just said."""
        with self._lock:
            self._found.pop(key, None)
            if caller is not None:
                self._found[key] = caller, self._monotonic()
                if len(self._found) > KNOWN_MAX:
                    self._found.popitem(last=False)

    def forget(self, username: str) -> None:
        """Of that account's sessions and tokens, none is known any more."""
        with self._lock:
            for key in [key for key, (caller, _) in self._found.items() if caller.user.username == username]:
                del self._found[key]

    def recall(self, key: str, address: str) -> Caller | None:
        """None for whom the database has not confirmed within KNOWN_S."""
        with self._lock:
            caller, at = self._found.get(key, (None, 0.0))
        if caller is None or self._monotonic() - at > KNOWN_S:
            return None
        return replace(caller, address=address)


class Accounts:
    """Signing in and out. Times here are the wall's: they concern people, not the city."""

    def __init__(self, database: DatabaseThread, settings: Settings, audit: Audit, city: str) -> None:
        self._database = database
        self._settings = settings
        self._audit = audit
        self._city = city
        self._known = KnownCallers()
        self._hasher = PasswordHasher()
        # Compared with when there is no such account, so that its absence cannot be told by the time it takes.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def create_from(self, path: Path) -> None:
        """Create the accounts of a file of lines `account password` that do not exist yet; the name is the role."""
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            name, _, password = line.strip().partition(" ")
            role = next((role for role in storage.VERBS if role == name), None)
            if role is None or not password:
                raise SystemExit(f"{path}:{number}: expected `account password`, the account being a role")
            self._create(role, password)

    def sign_in(self, username: str, password: str, address: str) -> tuple[User, str, str]:
        """The account, its session's secret and CSRF token. Raises Unauthorized or TooMany, said in the audit."""
        now = _now()
        since = now - timedelta(seconds=self._settings.sign_in_window_s)
        failures_max = self._settings.sign_in_failures_max
        limits = {f"account {username}": failures_max, f"address {address}": 4 * failures_max}
        # A failure until the password has proved right: guesses that come at once would all pass the limit else.
        noted = self._database.run(lambda session: storage.note_failures(session, limits, now, since))
        if noted is None:
            self._refuse(username, address, "throttled")
            raise TooMany("sign_in_throttled", wait_s=self._settings.sign_in_window_s)
        stored = self._database.run(lambda session: storage.find_password_hash(session, username))
        if not self._matches(stored or self._nobody, password) or stored is None:
            self._refuse(username, address, "password")
            raise Unauthorized("sign_in_refused")
        return self._open(username, address, now, noted)

    def sign_out(self, caller: Caller, secret: str) -> None:
        def work(session: Session) -> None:
            storage.close_session(session, secret)
            self._audit(session, SignedOut(area=self._city, username=caller.user.username, address=caller.address))

        self._database.run(work)
        self._known.note(_session(secret), None)

    def find_by_session(self, secret: str, address: str) -> Caller | None:
        """Raises Unavailable when the database is away and the caller is not known from before."""

        def find(session: Session) -> Caller | None:
            found = storage.find_session(session, secret, _now())
            return Caller(found[0], found[1], address, secret) if found else None

        return self._find(_session(secret), address, find)

    def find_by_token(self, secret: str, address: str) -> Caller | None:
        """Raises Unavailable, as find_by_session."""

        def find(session: Session) -> Caller | None:
            user = storage.find_token_user(session, secret, _now())
            return Caller(user, None, address, secret) if user else None

        return self._find(f"token {storage.secret_hash(secret)}", address, find)

    def changed(self, username: str) -> None:
        """The account, or a token of it, is not what it was: the database says what holds now."""
        self._known.forget(username)

    def still_holds(self, caller: Caller) -> bool:
        """Is what the caller came with still valid, and are the account's rights still the same?"""
        find = self.find_by_token if caller.csrf_hash is None else self.find_by_session
        found = find(caller.secret, caller.address)
        return found is not None and found.actor == caller.actor

    def _find(self, key: str, address: str, find: Callable[[Session], Caller | None]) -> Caller | None:
        known = self._known.recall(key, address)
        if known is not None and self._database.state().away_s is not None:
            return known
        try:
            found = self._database.run(find)
        except Unavailable:
            if known is None:
                raise
            return known
        self._known.note(key, found)
        return found

    def _open(self, username: str, address: str, now: datetime, noted: tuple[int, ...]) -> tuple[User, str, str]:
        expires_at = now + timedelta(hours=self._settings.session_hours_max)

        def work(session: Session) -> tuple[User, str, str]:
            user = storage.find_user(session, username)
            assert user is not None
            secret, csrf = storage.open_session(session, username, expires_at)
            storage.forget_failures(session, f"account {username}", noted)
            self._audit(session, SignedIn(area=self._city, username=username, address=address))
            return user, secret, csrf

        user, secret, csrf = self._database.run(work)
        self._known.note(_session(secret), Caller(user, storage.secret_hash(csrf), address, secret))
        return user, secret, csrf

    def _refuse(self, username: str, address: str, cause: str) -> None:
        event = SignInRefused(area=self._city, username=username, address=address, cause=cause)
        self._database.run(lambda session: self._audit(session, event))

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def _create(self, role: Role, password: str) -> None:
        def work(session: Session) -> None:
            if storage.find_user(session, role) is None:
                user = User(
                    username=role,
                    role=role,
                    language="zh",
                    trades=("*",),
                    areas=("*",),
                    active=True,
                    created_at=_now(),
                )
                storage.add_user(session, user, self.hash(password))
                _log.info("account_created", account=role)

        self._database.run(work)


def _session(secret: str) -> str:
    return f"session {storage.secret_hash(secret)}"


def _now() -> datetime:
    return datetime.now(UTC)
