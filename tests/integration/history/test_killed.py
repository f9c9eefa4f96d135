"""Killed at any moment, the history neither loses a reading nor keeps one twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.integration.history.process import HistoryProcess, kill_again_and_again

ROUNDS = 4


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_killed_in_mid_work(request: pytest.FixtureRequest, amqp_uri: str, tmp_path: Path, dialect: str) -> None:
    url = None if dialect == "sqlite" else own_database(request.getfixturevalue("postgres"))
    history = HistoryProcess(tmp_path, amqp_uri, url)
    came, kept, told = kill_again_and_again(history, ROUNDS, seed=1)
    assert told == kept, (tmp_path / "history.log").read_text()[-3000:]
    assert len(told) == came


def own_database(url: str) -> str:
    """A database of its own in the cluster: the schema of a service has a fixed name."""
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("create database killed"))
    engine.dispose()
    return sa.make_url(url).set(database="killed").render_as_string(hide_password=False)
