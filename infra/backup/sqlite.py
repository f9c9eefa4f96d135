"""SQLite files, copied while their service writes, and made new sources of events when they are restored."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from pathlib import Path


def snapshot(source: Path, target: Path) -> str:
    """Copy one committed state, holding up nobody (readers of a WAL never do). Gives the newest migration, "" without.

    One step, so that a writer in between does not make it begin again.
    """
    uri = f"{source.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        return _head(copy)


def renew_source(path: Path) -> None:
    """From now on its outbox is another source, whose numbers begin anew.

    A database of an older moment would give numbers again that consumers have had, who would drop new events as
    repeated. What still waits in it keeps its old source and ids: that may have been sent meanwhile.
    """
    with closing(sqlite3.connect(path)) as database:
        if _has(database, "outbox_store"):
            database.execute("UPDATE outbox_store SET id = ?", (uuid.uuid4().hex[:12],))
            database.execute("DELETE FROM outbox_sequence")
            database.commit()


def _head(database: sqlite3.Connection) -> str:
    if not _has(database, "alembic_version"):
        return ""
    row = database.execute("SELECT version_num FROM alembic_version").fetchone()
    return "" if row is None else str(row[0])


def _has(database: sqlite3.Connection, table: str) -> bool:
    found = database.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
    return found.fetchone() is not None
