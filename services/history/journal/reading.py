"""Reads a history's database from outside, while the service writes it or none runs: nothing is locked or changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from services.history.journal.tables import chain_table
from shared.database import postgres_engine
from shared.errors import Missing, Unavailable

SERVICE = "history"


@contextmanager
def reading(database_url: str | None, data_dir: Path) -> Iterator[Session]:
    """One transaction, which sees the database as it is at its beginning. Raises Unavailable, or Missing when there is
    no journal with a chain.
    """
    engine = _sqlite(data_dir / f"{SERVICE}.sqlite") if database_url is None else _postgres(database_url)
    try:
        with Session(engine) as session:
            if not sa.inspect(session.connection()).has_table(chain_table.name):
                raise Missing("audit_chain_missing", where=_where(engine))
            yield session
    except DBAPIError as error:
        raise Unavailable("database_unavailable", detail=str(error.orig).strip()[:200]) from error
    finally:
        engine.dispose()


def _sqlite(path: Path) -> sa.Engine:
    if not path.is_file():
        raise Missing("audit_chain_missing", where=str(path))
    engine = sa.create_engine(f"sqlite:///file:{path.resolve()}?mode=ro&uri=true")

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy begins transactions itself, see below

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _postgres(url: str) -> sa.Engine:
    try:
        engine = postgres_engine(url, schema=SERVICE)
    except sa.exc.ArgumentError as error:  # its own words may repeat the password
        raise Unavailable("database_unavailable", detail="no scheme://user:password@host:port/name") from error
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _where(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
