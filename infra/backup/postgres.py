"""PostgreSQL: one dump of all schemas in one snapshot, and a restore of all in one transaction.

The password goes to the client programs by their environment, never by their arguments.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from infra.local.processes import program
from shared.bus.topology import PROCESSES
from shared.errors import Refused, Unavailable

_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


def dump(url: str, target: Path) -> dict[str, str]:
    """Gives the newest migration of each schema. Raises Unavailable."""
    schemas = existing(url)
    if schemas:
        chosen = [f"--schema={name}" for name in schemas]
        _run(["pg_dump", "--format=custom", f"--file={target}", *chosen], url)
    with _connect(url) as connection:
        return {name: _head(connection, name) for name in schemas}


def existing(url: str) -> list[str]:
    """The services' schemas that are there."""
    with _connect(url) as connection:
        rows = connection.execute("SELECT nspname FROM pg_namespace").fetchall()
    found = {str(name) for (name,) in rows}
    return [process.service for process in PROCESSES if process.service in found]


def require_quiet(url: str) -> None:
    """Raises Refused while anybody else is connected to the database."""
    with _connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        ).fetchone()
    if row is not None and row[0]:
        raise Refused("restore_database_in_use", connections=int(row[0]))


def restore(url: str, source: Path, schemas: list[str], aside: str) -> None:
    """All of it or nothing: old schemas get `aside` behind their names, new ones come, their outboxes become new
    sources. Raises Unavailable, and then everything is as it was."""
    folder = source.parent
    before = [f'ALTER SCHEMA "{name}" RENAME TO "{name}_{aside}";' for name in existing(url)]
    after = [
        f'UPDATE "{name}".outbox_store SET id = \'{uuid.uuid4().hex[:12]}\'; DELETE FROM "{name}".outbox_sequence;'  # noqa: S608
        for name in schemas
        if _has_outbox(source, url, name)
    ]
    script = folder / "restore.sql"
    _run(["pg_restore", f"--file={script}", str(source)], url)
    (folder / "before.sql").write_text("\n".join(before) + "\n", encoding="ascii")
    (folder / "after.sql").write_text("\n".join(after) + "\n", encoding="ascii")
    files = [f"--file={folder / name}" for name in ("before.sql", "restore.sql", "after.sql")]
    _run(["psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", *files], url)


def _has_outbox(source: Path, url: str, schema: str) -> bool:
    listed = _run(["pg_restore", "--list", str(source)], url)
    return any(f" TABLE {schema} outbox_store " in line for line in listed.splitlines())


def _head(connection: psycopg.Connection, schema: str) -> str:
    known = connection.execute("SELECT to_regclass(%s)", (f"{schema}.alembic_version",)).fetchone()
    if known is None or known[0] is None:
        return ""
    row = connection.execute(f'SELECT version_num FROM "{schema}".alembic_version').fetchone()  # noqa: S608
    return "" if row is None else str(row[0])


def _connect(url: str) -> psycopg.Connection:
    try:
        return psycopg.connect(_plain(url), connect_timeout=5, autocommit=True)
    except psycopg.Error as error:
        raise Unavailable("database_unavailable", detail=str(error).strip()[:200]) from None


def _run(argv: list[str], url: str) -> str:
    """What it printed. Raises Unavailable with its last words."""
    parts = conninfo_to_dict(_plain(url))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    environment |= {variable: str(parts[name]) for name, variable in _VARIABLES.items() if parts.get(name)}
    path = program(argv[0], package="postgresql-client")
    done = subprocess.run([path, *argv[1:]], env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise Unavailable("backup_program_failed", program=argv[0], detail=last[:200])
    return done.stdout


def _plain(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"
