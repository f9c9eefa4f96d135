"""A platform with real databases, saved and restored elsewhere: equal, whole or not at all, and heard afterwards."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from infra.backup.restore import restore
from infra.backup.save import save
from infra.backup.settings import BackupSettings
from infra.local.city import ROOT
from infra.local.postgres import PrivateDatabase
from infra.local.supervisor import hold_lock
from shared.bus.inbox import Inbox
from shared.bus.outbox import Outbox
from shared.bus.topology import PROCESSES
from shared.clock import WallClock
from shared.contracts.codec import open_letter
from shared.contracts.envelope import Envelope
from shared.database import Session, engine_from, migrate
from shared.errors import PlatformError
from tests.integration.bus.rig import AREA, raised

SITE = (ROOT / "infra/sites/tangshan/site.yaml").read_text(encoding="utf-8")
SERVICES = [process.service for process in PROCESSES]
RENEWED = {"outbox_store", "outbox_sequence"}


@pytest.fixture(params=["sqlite", "postgresql"])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[BackupSettings, BackupSettings]]:
    """A filled platform, and an empty place."""
    if request.param == "sqlite":
        yield _filled(_place(tmp_path / "one", None)), _place(tmp_path / "two", None)
        return
    with PrivateDatabase(tmp_path / "pg1") as one, PrivateDatabase(tmp_path / "pg2") as two:
        filled = _filled(_place(tmp_path / "one", one.database_url))
        yield filled, _place(tmp_path / "two", two.database_url)


@pytest.fixture
def sqlite_places(tmp_path: Path) -> tuple[BackupSettings, BackupSettings]:
    return _filled(_place(tmp_path / "one", None)), _place(tmp_path / "two", None)


def test_the_restored_platform_equals_the_original(
    places: tuple[BackupSettings, BackupSettings], tmp_path: Path
) -> None:
    here, there = places
    file = tmp_path / "city.backup"
    with _writing(here):  # who is in the middle of a transaction is not held up, and not seen
        manifest = save(here, file)
    assert 0o600 == file.stat().st_mode & 0o777
    assert set(SERVICES) == set(manifest.heads)
    assert [] == list(tmp_path.glob(".city.backup*"))
    restore(there, file, replace=False)
    rows = _rows(here)
    assert len([name for name, content in rows.items() if content]) > 30
    assert rows == _rows(there)
    assert _files(here.data_dir) == _files(there.data_dir)
    assert _files(here.site) == _files(there.site)
    assert _files(here.secrets_dir) == _files(there.secrets_dir)
    assert 0o600 == (there.data_dir / "accounts").stat().st_mode & 0o777
    assert not (there.data_dir / "rabbitmq").exists()


def test_a_producer_older_than_its_consumers_is_heard_and_repeats_nothing(
    places: tuple[BackupSettings, BackupSettings], tmp_path: Path
) -> None:
    here, _ = places
    file = tmp_path / "city.backup"
    save(here, file)
    waiting = _waiting(here)
    later = [_say(here, number) for number in range(4, 9)]
    heard = _hear(here, [*waiting, *later])
    assert [True] * 8 == heard
    consumer = _consumer_only(here, file, tmp_path)
    repeated, new = _waiting(here), [_say(here, number) for number in range(4, 9)]
    assert [envelope.id for envelope in waiting] == [envelope.id for envelope in repeated]
    assert {envelope.source for envelope in repeated}.isdisjoint(envelope.source for envelope in new)
    assert [1, 2, 3, 4, 5] == [envelope.seq for envelope in new]
    assert [False] * 3 + [True] * 5 == _hear(consumer, [*repeated, *new])


def test_data_that_are_there_are_put_aside_only_when_asked(
    places: tuple[BackupSettings, BackupSettings], tmp_path: Path
) -> None:
    here, _ = places
    file = tmp_path / "city.backup"
    save(here, file)
    before = _rows(here)
    _say(here, 4)
    with pytest.raises(PlatformError, match="give --replace"):
        restore(here, file, replace=False)
    _, named = restore(here, file, replace=True)
    assert before == _rows(here)
    assert named
    save(here, tmp_path / "again.backup")
    _, named_again = restore(_place(tmp_path / "three", here.database_url), tmp_path / "again.backup", replace=True)
    assert (here.database_url is None) == (named_again == [])


@pytest.mark.parametrize("where", [0.02, 0.3, 0.6, 0.95])
def test_a_damaged_archive_restores_nothing(
    sqlite_places: tuple[BackupSettings, BackupSettings], tmp_path: Path, where: float
) -> None:
    here, there = sqlite_places
    file, broken = tmp_path / "city.backup", tmp_path / "broken"
    save(here, file)
    whole, inner = file.read_bytes(), gzip.decompress(file.read_bytes())
    place = int(len(inner) * where) // 512 * 512 + 100
    altered = inner[:place] + bytes([inner[place] ^ 1]) + inner[place + 1 :]
    for content in (whole[: int(len(whole) * where)], gzip.compress(altered), b"no archive at all"):
        broken.write_bytes(content)
        try:
            restore(there, broken, replace=False)
        except PlatformError as error:
            assert error.code in ("backup_damaged", "message_malformed"), error  # noqa: PT017
            assert {"lock"} == {path.name for path in there.data_dir.iterdir()}
        else:  # what lies between the files of a tar means nothing
            assert _files(here.data_dir) == _files(there.data_dir)
            return


def test_what_does_not_fit_is_refused_with_a_sentence(
    sqlite_places: tuple[BackupSettings, BackupSettings], tmp_path: Path
) -> None:
    here, there = sqlite_places
    file = tmp_path / "city.backup"
    save(here, file)
    with pytest.raises(PlatformError, match="There is no"):
        restore(there, tmp_path / "nothing", replace=False)
    with hold_lock(there.data_dir), pytest.raises(PlatformError, match="A city runs"):
        restore(there, file, replace=False)
    there.site.mkdir()
    (there.site / "site.yaml").write_text(SITE.replace("id: tangshan\n", "id: elsewhere\n", 1))
    with pytest.raises(PlatformError, match="is of the site tangshan, but SITE is elsewhere"):
        restore(there, file, replace=True)
    engine = engine_from(here, "alarms")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0999'"))
    engine.dispose()
    save(here, file)
    with pytest.raises(PlatformError, match="alarms 0999"):
        restore(_place(tmp_path / "three", None), file, replace=False)
    assert {"lock"} == {path.name for path in there.data_dir.iterdir()}


def test_a_restore_that_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    with PrivateDatabase(tmp_path / "pg1") as one:
        here = _filled(_place(tmp_path / "one", one.database_url))
        file = tmp_path / "city.backup"
        save(here, file)
        rows, files = _rows(here), _files(here.data_dir)
        engine = engine_from(here, "alarms")
        with engine.begin() as connection:  # a role that may not rename one of the schemas
            connection.execute(sa.text("CREATE ROLE narrow LOGIN PASSWORD 'narrow-secret'"))
        engine.dispose()
        url = sa.make_url(one.database_url).set(username="narrow", password="narrow-secret")
        narrow = here.model_copy(update={"database_url": url.render_as_string(hide_password=False)})
        with pytest.raises(PlatformError) as failed:
            restore(narrow, file, replace=True)
        assert "psql" in str(failed.value)
        assert "narrow-secret" not in str(failed.value)
        assert rows == _rows(here)
        assert files == _files(here.data_dir)


def _place(folder: Path, database_url: str | None) -> BackupSettings:
    folder.mkdir()
    return BackupSettings(
        data_dir=folder / "var", site=folder / "site", secrets_dir=folder / "secrets", database_url=database_url
    )


def _filled(place: BackupSettings) -> BackupSettings:
    for name, content in {
        "spool/flood-1.events": os.urandom(5000), "accounts": b"admin secret\n", "photos/1/a.jpg": os.urandom(9000),
        "rabbitmq/queue": b"not saved", "lock": b"", "logs/flood.log": b"not saved",
    }.items():  # fmt: skip
        path = place.data_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (place.data_dir / "accounts").chmod(0o600)
    for path, text in ((place.site / "site.yaml", SITE), (place.secrets_dir / "ca.key", "key")):
        path.parent.mkdir()
        path.write_text(text)
    for service in SERVICES:
        engine = engine_from(place, service)
        migrate(engine, ROOT / ("gateway" if service == "gateway" else f"services/{service}") / "migrations")
        _fill(engine)
        engine.dispose()
    for number in (1, 2, 3):
        _say(place, number)
    return place


def _fill(engine: sa.Engine) -> None:
    """Rows in every table whose columns are plain enough to be made up."""
    made = random.Random(7)
    metadata = sa.MetaData()
    metadata.reflect(engine)
    for table in metadata.sorted_tables:
        if table.name.startswith(("outbox", "alembic", "journal_words", "journal_text", "audit_chain", "inbox")):
            continue
        if any(isinstance(column.type, sa.types.NullType) for column in table.columns):
            continue
        for number in range(20):
            row = {column.name: _value(column, number, made) for column in table.columns}
            try:
                with engine.begin() as connection:
                    connection.execute(sa.insert(table).values(row))
            except sa.exc.DBAPIError:
                break  # a constraint that made-up rows do not meet; the table is compared as it is


def _value(column: sa.Column[object], number: int, made: random.Random) -> object:
    kind = column.type.python_type
    if kind is bytes:
        return made.randbytes(30)
    if kind is str:
        length = getattr(column.type, "length", None) or 20
        return f"{number}-水-{column.name}"[:length]
    if kind is bool:
        return bool(number % 2)
    if kind in (int, float):
        return kind(number + 1)
    return WallClock().now() if kind.__name__ == "datetime" else None


@contextmanager
def _writing(place: BackupSettings) -> Iterator[None]:
    """An open transaction that has written."""
    engine = engine_from(place, "flood")
    with engine.connect() as connection, connection.begin() as transaction:
        connection.execute(sa.text("DELETE FROM outbox"))
        yield
        transaction.rollback()
    engine.dispose()


def _say(place: BackupSettings, number: int) -> Envelope:
    engine = engine_from(place, "flood")
    with Session(engine) as session:
        envelope = Outbox("flood", "flood-1", WallClock()).add(session, raised(number))
        session.commit()
    engine.dispose()
    return envelope


def _waiting(place: BackupSettings) -> list[Envelope]:
    engine = engine_from(place, "flood")
    with engine.connect() as connection:
        bodies = connection.scalars(sa.text("SELECT body FROM outbox ORDER BY position")).all()
    engine.dispose()
    return [open_letter(bytes(body)).envelope for body in bodies]


def _hear(place: BackupSettings, envelopes: list[Envelope]) -> list[bool]:
    """What of them is new to the service alarms."""
    engine = engine_from(place, "alarms")
    gaps: list[int] = []
    inbox = Inbox(lambda _session, _envelope, missing: gaps.append(missing))
    with Session(engine) as session:
        heard = [inbox.accept(session, envelope) for envelope in envelopes]
        session.commit()
    engine.dispose()
    assert [] == gaps
    assert {AREA} == {envelope.subject for envelope in envelopes}
    return heard


def _consumer_only(here: BackupSettings, file: Path, folder: Path) -> BackupSettings:
    """Restore everything here, and give a consumer that stayed as it was: newer than what it hears from."""
    kept = here.model_copy(update={"database_url": None, "data_dir": folder / "kept"})
    rows = partial(_rows_of, here, "alarms")
    seen = rows()["alarms.inbox_sequence"]
    restore(here, file, replace=True)
    engine = engine_from(kept, "alarms")
    migrate(engine, ROOT / "services/alarms/migrations")
    with engine.begin() as connection:
        for source, subject, seq in sorted(seen):
            connection.execute(
                sa.text("INSERT INTO inbox_sequence VALUES (:a, :b, :c)"), {"a": source, "b": subject, "c": seq}
            )
    engine.dispose()
    return kept


def _rows(place: BackupSettings) -> dict[str, list[tuple[object, ...]]]:
    return {name: rows for service in SERVICES for name, rows in _rows_of(place, service).items()}


def _rows_of(place: BackupSettings, service: str) -> dict[str, list[tuple[object, ...]]]:
    engine = engine_from(place, service)
    found = {}
    with engine.connect() as connection:
        for name in sa.inspect(connection).get_table_names():
            if name not in RENEWED:
                rows = connection.exec_driver_sql(f'SELECT * FROM "{name}"').fetchall()
                found[f"{service}.{name}"] = sorted((tuple(row) for row in rows), key=repr)
    engine.dispose()
    return found


def _files(folder: Path) -> dict[str, bytes]:
    """What belongs to a backup, but for the databases."""
    paths = (path for path in folder.rglob("*") if path.is_file() and ".sqlite" not in path.name)
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    left_out = ("rabbitmq/", "logs/", "lock", "before-restore")
    return {name: content for name, content in found.items() if not name.startswith(left_out)}
