"""The database's disk is full: what comes waits in the stream, it is told, and once there is room none is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from shared.bus.checks import database_check
from shared.database import sqlite_engine
from tests.integration.history.archives import Rig, archive_of, at, frame
from tests.waiting import eventually

ROOM = 2**30
BATCHES = 40
OF_A_BATCH = 2000


@pytest.fixture
def pages() -> list[int]:
    """So many pages the file may have."""
    return [ROOM]


@pytest.fixture
def rig(tmp_path: Path, pages: list[int]) -> Iterator[Rig]:
    engine = sqlite_engine(tmp_path / "history.sqlite")

    @sa.event.listens_for(engine, "begin")
    def _limit(connection: sa.Connection) -> None:
        # SQLite then answers as it does when the disk is full: SQLITE_FULL
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages[0]}")

    found = archive_of(engine)
    found.archive.writer.start()
    found.archive.writer.place()
    yield found
    found.archive.writer.stop()
    found.archive.close()
    found.database.close()


def test_readings_wait_for_room_and_none_is_missing(rig: Rig, pages: list[int]) -> None:
    writer = rig.archive.writer
    batches = [
        frame(n + 1, [("level", n * OF_A_BATCH + i, float(i), "good") for i in range(OF_A_BATCH)])
        for n in range(BATCHES)
    ]
    writer.on_frame(batches[0], 0)
    eventually(lambda: writer.on_pause() or writer.committed.taken == 0, 10)
    pages[0] = 1
    for offset, batch in enumerate(batches[1:10], 1):
        writer.on_frame(batch, offset)
    eventually(lambda: writer.on_pause() or writer.outage is not None, 20)
    assert ("archive_waits", False) == (rig.archive.check().code, rig.archive.check().ok)
    check = database_check(rig.database)
    assert "database_away" == check.code
    assert "full" in str(check.params["detail"])
    assert 0 == writer.committed.taken

    pages[0] = ROOM
    for offset, batch in enumerate(batches[10:], 10):
        writer.on_frame(batch, offset)
    eventually(lambda: writer.on_pause() or writer.committed.taken == BATCHES - 1, 30)
    assert rig.archive.check().ok
    rig.set_now(BATCHES * OF_A_BATCH)
    assert BATCHES * OF_A_BATCH == rig.archive.describe()["readings"]
    page = rig.archive.read_page("well", "level", "raw", at(0), at(BATCHES * OF_A_BATCH), 8000)
    assert [at(second) for second in range(8000)] == list(page["at_us"])
