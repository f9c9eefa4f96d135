"""A service's own database: an SQLite file, or a schema of its own in PostgreSQL; and the one thread that works on it.

All database work of a process runs in one native thread behind a bounded queue. A greenlet that yields inside an SQLite
transaction while another begins one would freeze the process for the busy timeout, and a C driver that waits for
PostgreSQL would freeze every greenlet; in a thread of its own neither can.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from shared.database_state import DatabaseState, DatabaseWork
from shared.errors import Unavailable
from shared.migrating import migrate
from shared.settings import CommonSettings

__all__ = [
    "DatabaseThread",
    "NativeThread",
    "NewThread",
    "Session",  # whoever works in a transaction names its type by this module
    "UtcDateTime",
    "WorkThread",
    "driver_of",
    "engine_from",
    "migrate",
    "postgres_engine",
    "reach",
    "sqlite_engine",
]

T = TypeVar("T")

BUSY_S_MAX = 5.0
"""How long one SQLite connection waits for another's transaction, and PostgreSQL for a lock."""
WAITING_MAX = 500
"""Pieces of work that may wait for the thread; one more is refused as Unavailable."""

_SQLITE_OUTAGES = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
_DRIVER_ERRORS = (sqlite3.Error, psycopg.Error)
_POSTGRES_OUTAGES = ("08", "53", "57", "58", "40", "55", "25006")
"""SQLSTATE classes: connection, resources, operator, system, rollback (deadlock), not available; read-only."""


class UtcDateTime(sa.TypeDecorator[datetime]):
    """A moment, kept in UTC and given back aware; a time without its offset is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        assert value.utcoffset() is not None, "times carry their offset"
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class NativeThread(Protocol):
    """One native thread that does one piece of work after the other."""

    def run(self, work: Callable[[], T]) -> T:
        """Wait, without holding up anybody else, until the work is done; gives its value or raises its error."""
        ...

    def close(self) -> None: ...


class WorkThread:
    """NativeThread for processes whose threads are the operating system's."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")

    def run(self, work: Callable[[], T]) -> T:
        return self._executor.submit(work).result()

    def close(self) -> None:
        self._executor.shutdown(wait=True)


NewThread = Callable[[], NativeThread]


class DatabaseThread:
    """Runs work on a service's database, one transaction each. Migrates before the first one.

    The database may be away at the start and at any later time: work then raises Unavailable, and the next piece tries
    again.
    """

    def __init__(self, engine: sa.Engine, migrations: Path | None, thread: NativeThread | None = None) -> None:
        """`migrations`: None for one that reads what another one migrates."""
        self._engine = engine
        self._migrations = migrations
        self._thread: NativeThread = thread or WorkThread()
        self._waiting = threading.BoundedSemaphore(WAITING_MAX)
        self._migrated = migrations is None
        self._newer: str | None = None
        self._listeners: list[Callable[[], None]] = []
        self._work = DatabaseWork()
        self.state: Callable[[], DatabaseState] = self._work.state

    def run(self, work: Callable[[Session], T], *, durable: bool = False) -> T:
        """Do it in one transaction: committed at its end, rolled back when it raises.

        The death of the process loses nothing that was committed; `durable` work outlives a power cut as well, at the
        price of waiting for the disk (with SQLite; PostgreSQL always waits).

        Raises Unavailable (`database_unavailable`) when the database cannot do it now, whatever `work` raises, and
        nothing else. `work` must not log or wait: it runs outside the world of greenlets.
        """
        if not self._waiting.acquire(blocking=False):
            raise Unavailable("database_busy", waiting=WAITING_MAX)
        try:
            with self._work.piece():
                value, notify = self._thread.run(lambda: self._transact(work, durable))
        finally:
            self._waiting.release()
        if notify:
            for listener in self._listeners:
                listener()
        return value

    @property
    def newer(self) -> str | None:
        """The revision of a newer build that the schema is at, when this one works with it; else None."""
        return self._newer

    def on_outbox(self, listener: Callable[[], None]) -> None:
        """Call it, in the caller's own thread, after each commit that left something in the outbox."""
        self._listeners.append(listener)

    def close(self) -> None:
        """Finish what waits, then close the connection."""
        self._thread.run(self._engine.dispose)
        self._thread.close()

    def _transact(self, work: Callable[[Session], T], durable: bool) -> tuple[T, bool]:
        try:
            if not self._migrated and self._migrations is not None:
                self._newer = migrate(self._engine, self._migrations)
                self._migrated = True
            with _flushed(self._engine) if durable else nullcontext(), Session(self._engine) as session:
                value = work(session)
                session.commit()
                return value, bool(session.info.get(OUTBOX_WRITTEN))
        except (DBAPIError, *_DRIVER_ERRORS) as error:  # the second are of what goes past SQLAlchemy: COPY, big results
            if not is_outage(error):
                raise
            raise Unavailable("database_unavailable", detail=str(_original(error)).strip()[:200]) from error


OUTBOX_WRITTEN = "outbox_written"
"""Key of `session.info` that the outbox sets when it wrote a row."""


def engine_from(settings: CommonSettings, service: str, *, read_only: bool = False) -> sa.Engine:
    """The engine of a service's own database. Connects to nothing yet.

    `read_only`: of one more connection, which sees what was committed and never holds up who writes.
    """
    if settings.database_url is None:
        return sqlite_engine(settings.data_dir / f"{service}.sqlite", read_only=read_only)
    return postgres_engine(settings.database_url, schema=service, read_only=read_only)


def driver_of(session: Session) -> Any:
    """The driver's own connection in the session's transaction, for what goes past SQLAlchemy: COPY, big results."""
    return session.connection().connection.driver_connection


def sqlite_engine(path: Path, *, read_only: bool = False) -> sa.Engine:
    """A file in WAL mode: consistent after whatever happens; what was committed outlives our death, `durable` a power
    cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(
        f"sqlite:///{path}",
        poolclass=sa.pool.StaticPool,
        connect_args={"timeout": BUSY_S_MAX, "check_same_thread": False},
    )

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy begins transactions itself, see below
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        if read_only:
            connection.execute("PRAGMA query_only=ON")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A transaction that turns from reading to writing half-way can be refused; one that starts as a writer waits.
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def postgres_engine(url: str, *, schema: str, read_only: bool = False) -> sa.Engine:
    """PostgreSQL by psycopg 3; everything of the service lies in `schema`."""
    parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
    lock_ms = int(BUSY_S_MAX * 1000)
    access = " -cdefault_transaction_read_only=on" if read_only else ""
    engine = sa.create_engine(
        parsed,
        pool_size=1,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 5,
            "tcp_user_timeout": 10_000,
            "options": f"-csearch_path={schema} -clock_timeout={lock_ms} -cstatement_timeout=30000{access}",
        },
    )
    return engine.execution_options(schema_of_service=schema)


def reach(url: str) -> None:
    """Sign in to PostgreSQL and leave again; nothing is created. Raises Unavailable."""
    try:
        engine = postgres_engine(url, schema="public")
    except sa.exc.ArgumentError as error:
        # its own words may repeat the password
        raise Unavailable("database_unavailable", detail="no scheme://user:password@host:port/name") from error
    try:
        engine.connect().close()
    except DBAPIError as error:
        raise Unavailable("database_unavailable", detail=str(error.orig).strip()[:200]) from error
    finally:
        engine.dispose()


@contextmanager
def _flushed(engine: sa.Engine) -> Iterator[None]:
    """Commits wait until SQLite's log is on the disk."""
    if engine.dialect.name != "sqlite":
        yield
        return
    connection = engine.raw_connection()
    connection.execute("PRAGMA synchronous=FULL")
    try:
        yield
    finally:
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.close()


def is_outage(error: Exception) -> bool:
    """True when the database is away or busy, False when the statement itself is wrong (which is a defect). Of
    SQLAlchemy or of the driver."""
    original = _original(error)
    if isinstance(original, sqlite3.Error):
        code: int | None = getattr(original, "sqlite_errorcode", None)
        return code is not None and (code & 0xFF) in _SQLITE_OUTAGES
    state: str | None = getattr(original, "sqlstate", None)
    if state is None:
        invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
        return invalidated or isinstance(error, sa.exc.OperationalError | psycopg.OperationalError)
    return state.startswith(_POSTGRES_OUTAGES)


def _original(error: Exception) -> BaseException | None:
    """What the driver raised."""
    return error.orig if isinstance(error, DBAPIError) else error
