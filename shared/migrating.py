"""The schema of a service's database and the build that works on it: the newest, or one version older.

Expand first, contract later: what a migration adds, the build before it does not notice; what it takes away, the build
before it no longer used. So a build may meet a schema that a newer one has migrated, one version back and no further.
How far, each newest migration says by `works_since`, the oldest revision whose build can work with it; without that
word it is the revision right before it. It is kept in the database, where the older build can read it.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

from shared.errors import Unavailable

log = structlog.get_logger()

_metadata = sa.MetaData()
_reach = sa.Table(
    "schema_works_since",
    _metadata,
    sa.Column("revision", sa.String(32), primary_key=True),
    sa.Column("works_since", sa.String(32), nullable=False),
)
_version = sa.table("alembic_version", sa.column("version_num"))
_migrating = threading.Lock()
"""alembic's `op` is one for the whole process."""


def migrate(engine: sa.Engine, folder: Path) -> str | None:
    """Bring the schema to the newest of `folder`/versions/*.py, in one transaction.

    Gives None, or the revision of a newer build when the schema is at that and this build still works with it. Raises
    Unavailable (`database_newer`) when it does not.
    """
    config = Config()
    config.set_main_option("script_location", str(folder))
    script = ScriptDirectory.from_config(config)

    def upgrade(revision: Any, _context: object) -> Any:
        return script._upgrade_revs("head", revision)  # noqa: SLF001 - what `alembic upgrade head` itself calls

    context = EnvironmentContext(config, script, fn=upgrade)
    with _migrating, engine.begin() as connection, context as environment:
        schema = connection.get_execution_options().get("schema_of_service")
        if schema is not None:
            _prepare_schema(connection, str(schema))
        newer = _newer(connection, script)
        if newer is None:
            environment.configure(connection=connection, transactional_ddl=True)
            environment.run_migrations()
            _tell_reach(connection, script)
    if newer is not None:
        log.warning("the database was migrated by a newer version, with which this one works", revision=newer)
    return newer


def _newer(connection: sa.Connection, script: ScriptDirectory) -> str | None:
    """The schema's revision when this build does not know it, None when it does. Raises Unavailable."""
    if not sa.inspect(connection).has_table(_version.name):
        return None
    found = connection.scalar(sa.select(_version.c.version_num))
    known = {each.revision for each in script.walk_revisions()}
    if found is None or found in known:
        return None
    works_since = None
    if sa.inspect(connection).has_table(_reach.name):
        works_since = connection.scalar(sa.select(_reach.c.works_since).where(_reach.c.revision == found))
    if works_since not in known:
        raise Unavailable("database_newer", found=str(found), known=str(script.get_current_head()))
    return str(found)


def _tell_reach(connection: sa.Connection, script: ScriptDirectory) -> None:
    """Leave the word for an older build that may come back."""
    head = script.get_current_head()
    if head is None:
        return
    newest = script.get_revision(head)
    before = newest.down_revision if isinstance(newest.down_revision, str) else head
    row = {"revision": head, "works_since": str(getattr(newest.module, "works_since", before))}
    _metadata.create_all(connection)
    kept = connection.execute(sa.select(_reach)).mappings().all()
    if [row] != [dict(each) for each in kept]:
        connection.execute(sa.delete(_reach))
        connection.execute(sa.insert(_reach), row)


def _prepare_schema(connection: sa.Connection, schema: str) -> None:
    """One process at a time migrates a schema; who comes second finds it done."""
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"urbanops.{schema}"})
    known = connection.scalar(
        sa.text("SELECT 1 FROM information_schema.schemata WHERE schema_name = :name"), {"name": schema}
    )
    if known is None:
        connection.execute(sa.schema.CreateSchema(schema))
