"""Guesses that come at once at two gateways of one city, with both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway import auth
from gateway.auth import Accounts, TooMany, Unauthorized
from gateway.settings import Settings
from shared.database import DatabaseThread, postgres_engine, sqlite_engine

MIGRATIONS = Path(auth.__file__).parent / "migrations"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_gateways_count_together(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    path = tmp_path / "gateway.sqlite"
    url = request.getfixturevalue("postgres") if kind == "postgresql" else ""
    engines = [postgres_engine(url, schema="guessed") if url else sqlite_engine(path) for _ in range(2)]
    databases = [DatabaseThread(engine, MIGRATIONS) for engine in engines]
    settings = Settings(amqp_uri="amqp://nowhere", data_dir=tmp_path, sign_in_failures_max=3)
    gateways = [Accounts(database, settings, lambda _session, _event: None, "city") for database in databases]
    for database in databases:
        database.run(lambda _session: None)

    def guess(number: int) -> int:
        try:
            gateways[number % 2].sign_in("crew", f"guess {number}", f"10.0.0.{number}")
        except (Unauthorized, TooMany) as error:
            return error.status
        return 200

    with ThreadPoolExecutor(16) as guessers:
        answers = sorted(guessers.map(guess, range(16)))
    for database in databases:
        database.close()
    assert [401] * 3 + [429] * 13 == answers
