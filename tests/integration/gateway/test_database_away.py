"""The gateway's database goes away: who was signed in goes on seeing, nobody new comes in."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import auth, storage
from gateway.auth import KNOWN_S, Accounts, KnownCallers
from gateway.settings import Settings
from infra.local.postgres import PrivateDatabase
from shared.database import DatabaseThread, postgres_engine
from shared.errors import Unavailable

MIGRATIONS = Path(auth.__file__).parent / "migrations"
HERE, THERE = "10.0.0.1", "10.0.0.2"


def test_sessions_hold_while_the_database_is_away(tmp_path: Path) -> None:
    with PrivateDatabase(tmp_path) as server:
        database = DatabaseThread(postgres_engine(server.database_url, schema="gateway"), MIGRATIONS)
        accounts = Accounts(database, Settings(amqp_uri="amqp://none"), lambda _session, _event: None, "city")
        (tmp_path / "accounts").write_text("dispatcher one\ncrew two\n")
        accounts.create_from(tmp_path / "accounts")
        user, secret, _ = accounts.sign_in("dispatcher", "one", HERE)
        _, closed, _ = accounts.sign_in("crew", "two", HERE)
        leaving = accounts.find_by_session(closed, HERE)
        assert leaving is not None
        accounts.sign_out(leaving, closed)
        server.stop()

        found = accounts.find_by_session(secret, THERE)
        assert found is not None
        assert (user, THERE) == (found.user, found.address)
        assert accounts.still_holds(found)
        for unknown in (closed, "guessed"):
            with pytest.raises(Unavailable):
                accounts.find_by_session(unknown, HERE)
        with pytest.raises(Unavailable):
            accounts.find_by_token(secret, HERE)
        with pytest.raises(Unavailable):
            accounts.sign_in("dispatcher", "one", HERE)
        database.close()


def test_who_was_not_confirmed_for_hours_is_not_known_any_more(tmp_path: Path) -> None:
    with PrivateDatabase(tmp_path) as server:
        database = DatabaseThread(postgres_engine(server.database_url, schema="gateway"), MIGRATIONS)
        accounts = Accounts(database, Settings(amqp_uri="amqp://none"), lambda _session, _event: None, "city")
        (tmp_path / "accounts").write_text("dispatcher one\n")
        accounts.create_from(tmp_path / "accounts")
        _, secret, _ = accounts.sign_in("dispatcher", "one", HERE)
        caller = accounts.find_by_session(secret, HERE)
        database.close()
    now_s = [0.0]
    known = KnownCallers(lambda: now_s[0])
    known.note("a", caller)
    now_s[0] = KNOWN_S
    assert caller == known.recall("a", HERE)
    now_s[0] += 1
    assert known.recall("a", HERE) is None


def test_an_account_that_was_closed_before_is_not_let_in(tmp_path: Path) -> None:
    with PrivateDatabase(tmp_path) as server:
        database = DatabaseThread(postgres_engine(server.database_url, schema="gateway"), MIGRATIONS)
        accounts = Accounts(database, Settings(amqp_uri="amqp://none"), lambda _session, _event: None, "city")
        (tmp_path / "accounts").write_text("dispatcher one\ncrew two\n")
        accounts.create_from(tmp_path / "accounts")
        _, closed, _ = accounts.sign_in("dispatcher", "one", HERE)
        _, other, _ = accounts.sign_in("crew", "two", HERE)
        database.run(lambda session: storage.change_user(session, "dispatcher", {"active": False}))
        accounts.changed("dispatcher")
        server.stop()
        assert accounts.find_by_session(other, HERE) is not None
        with pytest.raises(Unavailable):
            accounts.find_by_session(closed, HERE)
        database.close()
