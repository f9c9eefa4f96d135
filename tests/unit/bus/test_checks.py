"""What every process looks at: its database and its disk."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from shared.bus.checks import database_check, disk_check
from shared.database import DatabaseThread, sqlite_engine
from shared.database_state import QUIET_S, RECENT_S, SLOW_S, DatabaseWork
from shared.errors import Unavailable


class Work:
    """Pieces of work that take as long as they are told to."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.measured = DatabaseWork(lambda: self.now_s)

    def do(self, takes_s: float = 0.01, error: Unavailable | None = None) -> None:
        with self.measured.piece():
            self.now_s += takes_s
            if error is not None:
                raise error

    def fail(self) -> None:
        with pytest.raises(Unavailable):
            self.do(error=Unavailable("database_unavailable", detail="connection refused"))


def test_a_database_that_fails_is_away_until_it_has_been_well_for_a_while() -> None:
    work = Work()
    work.do()
    assert work.measured.state().away_s is None
    work.fail()
    work.now_s += 3600
    work.fail()
    assert 3600 == round(work.measured.state().away_s or 0)
    assert "connection refused" == work.measured.state().detail
    work.do()
    assert work.measured.state().away_s is not None, "it reads; perhaps it cannot write"
    work.now_s += QUIET_S
    work.do()
    assert work.measured.state().away_s is None


def test_a_slow_one_is_told_while_it_is_and_for_a_while_after() -> None:
    work = Work()
    with work.measured.piece():
        work.now_s += SLOW_S
        assert work.measured.state().is_slow, "it still waits"
    assert SLOW_S == work.measured.state().slowest_s
    work.now_s += RECENT_S + 1
    assert not work.measured.state().is_slow


def test_a_defect_of_ours_is_no_outage() -> None:
    work = Work()
    with pytest.raises(ZeroDivisionError), work.measured.piece():
        raise ZeroDivisionError
    assert work.measured.state().away_s is None


def test_the_check_of_a_real_database(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    database = DatabaseThread(sqlite_engine(folder / "a.sqlite"), None)
    database.run(lambda session: session.execute(sa.text("SELECT 1")))
    assert ("database_available", True) == (database_check(database).code, database_check(database).ok)
    database.close()
    database = DatabaseThread(sqlite_engine(folder / "a.sqlite"), None)
    folder.rename(tmp_path / "away")
    with pytest.raises(Unavailable):
        database.run(lambda session: session.execute(sa.text("SELECT 1")))
    assert ("database_away", False) == (database_check(database).code, database_check(database).ok)
    database.close()


@pytest.mark.parametrize(
    ("free_mb", "code", "ok"), [(5000, "disk_free", True), (999, "disk_low", False), (31, "disk_full", False)]
)
def test_a_disk_is_low_before_it_is_full(tmp_path: Path, free_mb: float, code: str, ok: bool) -> None:
    check = disk_check(tmp_path, 1000.0, lambda _folder: int(free_mb * 1e6))
    assert (code, ok, free_mb) == (check.code, check.ok, check.params["free_mb"])


def test_the_disk_of_a_folder_that_is_yet_to_be_made(tmp_path: Path) -> None:
    assert disk_check(tmp_path / "not" / "yet", 0.0).ok
