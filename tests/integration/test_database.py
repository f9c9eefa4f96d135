from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.database import BUSY_S_MAX, DatabaseThread, UtcDateTime, driver_of, migrate, postgres_engine, sqlite_engine
from shared.errors import Unavailable
from tests.integration.bus.rig import MIGRATIONS, NOON, applied

moments = sa.Table("moments", sa.MetaData(), sa.Column("at", UtcDateTime))


def test_work_is_one_transaction(engine: sa.Engine) -> None:
    database = DatabaseThread(engine, MIGRATIONS)
    database.run(lambda session: session.execute(sa.insert(applied).values(id="kept", n=1)))

    def fail(session: Session) -> None:
        session.execute(sa.insert(applied).values(id="gone", n=2))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.run(fail)
    assert ["kept"] == database.run(lambda session: list(session.scalars(sa.select(applied.c.id))))
    database.close()


def test_migrating_twice_changes_nothing(engine: sa.Engine) -> None:
    migrate(engine, MIGRATIONS)
    before = sorted(sa.inspect(engine).get_table_names())
    migrate(engine, MIGRATIONS)
    assert before == sorted(sa.inspect(engine).get_table_names())
    assert {"applied", "outbox", "inbox_seen"} <= set(before)


def test_a_failed_migration_leaves_nothing_behind(engine: sa.Engine, tmp_path: Path) -> None:
    folder = tmp_path / "versions"
    folder.mkdir()
    (folder / "0001_half.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\nrevision = '1'\ndown_revision = None\n"
        "def upgrade():\n    op.create_table('half', sa.Column('id', sa.Integer))\n    raise RuntimeError\n"
    )
    with pytest.raises(RuntimeError):
        migrate(engine, tmp_path)
    assert [] == sa.inspect(engine).get_table_names()


def test_moments_come_back_aware_and_in_utc(engine: sa.Engine) -> None:
    database = DatabaseThread(engine, MIGRATIONS)

    def write(session: Session) -> list[object]:
        moments.create(session.connection())
        session.execute(sa.insert(moments).values(at=NOON))
        return list(session.scalars(sa.select(moments.c.at)))

    assert [NOON] == database.run(write)
    database.close()


def test_threads_take_turns(engine: sa.Engine) -> None:
    database = DatabaseThread(engine, MIGRATIONS)
    database.run(lambda session: session.execute(sa.insert(applied).values(id="counter", n=0)))

    def count() -> None:
        for _ in range(20):
            database.run(lambda session: session.execute(sa.update(applied).values(n=applied.c.n + 1)))

    threads = [threading.Thread(target=count) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 100 == database.run(lambda session: session.scalar(sa.select(applied.c.n)))
    database.close()


def test_wrong_statements_are_defects_and_not_outages(engine: sa.Engine) -> None:
    database = DatabaseThread(engine, MIGRATIONS)
    with pytest.raises(sa.exc.DBAPIError):
        database.run(lambda session: session.execute(sa.text("SELECT * FROM nowhere")))
    database.close()


def test_a_database_that_is_away_is_unavailable_and_comes_back(tmp_path: Path, postgres: str) -> None:
    nobody = DatabaseThread(postgres_engine("postgresql://nobody@127.0.0.1:1/none", schema="x"), MIGRATIONS)
    with pytest.raises(Unavailable, match="not available"):
        nobody.run(lambda session: session.scalar(sa.text("SELECT 1")))
    nobody.close()

    database = DatabaseThread(postgres_engine(postgres, schema="comes_back"), MIGRATIONS)
    with pytest.raises(Unavailable):
        database.run(lambda session: session.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())")))
    assert 1 == database.run(lambda session: session.scalar(sa.text("SELECT 1")))
    database.close()


def test_an_sqlite_file_held_by_another_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.database.BUSY_S_MAX", BUSY_S_MAX / 100)
    path = tmp_path / "service.sqlite"
    database = DatabaseThread(sqlite_engine(path), MIGRATIONS)
    database.run(lambda session: session.scalar(sa.text("SELECT 1")))
    other = sqlite_engine(path)
    with other.begin() as connection:
        connection.execute(sa.insert(applied).values(id="x", n=1))
        with pytest.raises(Unavailable, match="locked"):
            database.run(lambda session: session.scalar(sa.text("SELECT 1")))
    assert 1 == database.run(lambda session: session.scalar(sa.text("SELECT 1")))
    other.dispose()
    database.close()


def test_durable_work_waits_for_the_disk_and_other_work_does_not(tmp_path: Path) -> None:
    database = DatabaseThread(sqlite_engine(tmp_path / "service.sqlite"), MIGRATIONS)

    def level(session: Session) -> int | None:
        found: int | None = session.scalar(sa.text("PRAGMA synchronous"))
        return found

    assert [1, 2, 1] == [database.run(level), database.run(level, durable=True), database.run(level)]
    with pytest.raises(ZeroDivisionError):
        database.run(lambda _: 1 / 0, durable=True)
    assert 1 == database.run(level)
    database.close()


def test_two_databases_of_one_process_can_be_migrated_at_once(tmp_path: Path) -> None:
    engines = [sqlite_engine(tmp_path / f"{number}.sqlite") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda engine: migrate(engine, MIGRATIONS), engines))
    for engine in engines:
        assert "outbox" in sa.inspect(engine).get_table_names()
        engine.dispose()


def test_a_driver_whose_server_goes_in_the_middle_is_unavailable_and_comes_back(postgres: str) -> None:
    database = DatabaseThread(postgres_engine(postgres, schema="public"), None)

    def die(session: Session) -> None:
        with driver_of(session).cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(Unavailable):
        database.run(die)
    assert 1 == database.run(lambda session: session.scalar(sa.text("SELECT 1")))
    with pytest.raises(psycopg.errors.UndefinedTable):
        database.run(lambda session: driver_of(session).execute("SELECT * FROM nothing_of_that_name"))
    database.close()


def test_one_version_back_works_on_the_newer_schema_and_two_back_do_not(engine: sa.Engine, tmp_path: Path) -> None:
    older, newer, newest = (_build(tmp_path / str(count), count) for count in (1, 2, 3))
    assert None is migrate(engine, newer)
    assert "2" == migrate(engine, older)
    back = DatabaseThread(engine, older)
    back.run(lambda session: session.execute(sa.text("INSERT INTO t1 (id) VALUES (7)")))
    assert "2" == back.newer
    assert None is migrate(engine, newer)
    assert None is migrate(engine, newest)
    assert "3" == migrate(engine, newer)
    with pytest.raises(Unavailable, match=r"to 3.*knows 1") as refused:
        DatabaseThread(engine, older).run(lambda session: None)
    assert "database_newer" == refused.value.code
    assert {"t1", "t2", "t3"} <= set(sa.inspect(engine).get_table_names())
    back.close()


def test_a_version_with_several_migrations_says_since_which_it_can_be_worked_with(
    engine: sa.Engine, tmp_path: Path
) -> None:
    older, newest = _build(tmp_path / "older", 1), _build(tmp_path / "newest", 3, "works_since = '1'\n")
    migrate(engine, newest)
    assert "3" == migrate(engine, older)


def _build(folder: Path, migrations: int, last_words: str = "") -> Path:
    """The migrations of one version of a service."""
    (folder / "versions").mkdir(parents=True)
    for number in range(1, migrations + 1):
        before = repr(str(number - 1)) if number > 1 else None
        (folder / "versions" / f"{number}.py").write_text(
            "from alembic import op\nimport sqlalchemy as sa\n"
            f"revision = '{number}'\ndown_revision = {before}\n{last_words if number == migrations else ''}"
            f"def upgrade():\n    op.create_table('t{number}', sa.Column('id', sa.Integer))\n"
        )
    return folder
