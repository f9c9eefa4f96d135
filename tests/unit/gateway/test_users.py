"""What becomes of sessions and tokens, and what a token may not do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway import auth
from gateway.api import shapes
from gateway.api.users import change_user, issue_token
from gateway.auth import Accounts
from gateway.settings import Settings
from shared.database import DatabaseThread, sqlite_engine
from shared.errors import Forbidden

MIGRATIONS = Path(auth.__file__).parent / "migrations"
RIGHT = "the right password"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "accounts").write_text(f"crew {RIGHT}\nadmin {RIGHT}\n")
    database = DatabaseThread(sqlite_engine(tmp_path / "gateway.sqlite"), MIGRATIONS)
    settings = Settings(amqp_uri="amqp://nowhere", data_dir=tmp_path)
    accounts = Accounts(database, settings, lambda _session, _event: None, "city")
    accounts.create_from(tmp_path / "accounts")
    site = SimpleNamespace(city="city", areas=[])
    yield SimpleNamespace(accounts=accounts, database=database, site=site, audit=lambda _session, _event: None)
    database.close()


def by_session(gateway: Any, username: str) -> auth.Caller:
    _, secret, _ = gateway.accounts.sign_in(username, RIGHT, "here")
    return cast("auth.Caller", gateway.accounts.find_by_session(secret, "here"))


def test_a_new_password_ends_what_the_old_one_opened(gateway: Any) -> None:
    _, session, _ = gateway.accounts.sign_in("crew", RIGHT, "here")
    crew = gateway.accounts.find_by_session(session, "here")
    token = issue_token(shapes.NewToken(name="wall"), gateway, crew).secret
    other = issue_token(shapes.NewToken(name="wall"), gateway, by_session(gateway, "admin")).secret
    change_user("crew", shapes.UserChange(language="en"), gateway, crew)
    assert gateway.accounts.find_by_session(session, "here") is not None
    assert gateway.accounts.find_by_token(token, "here") is not None
    change_user("crew", shapes.UserChange(password="another password"), gateway, crew)
    assert gateway.accounts.find_by_session(session, "here") is None
    assert gateway.accounts.find_by_token(token, "here") is None
    assert gateway.accounts.find_by_token(other, "here") is not None


@pytest.mark.parametrize("username", ["crew", "admin"])
def test_a_token_makes_no_more_of_itself(gateway: Any, username: str) -> None:
    secret = issue_token(shapes.NewToken(name="wall"), gateway, by_session(gateway, username)).secret
    machine = gateway.accounts.find_by_token(secret, "here")
    for wish in (
        lambda: issue_token(shapes.NewToken(name="another"), gateway, machine),
        lambda: change_user(username, shapes.UserChange(password="another password"), gateway, machine),
    ):
        with pytest.raises(Forbidden) as refused:
            wish()
        assert "session_expected" == refused.value.code
    assert "en" == change_user(username, shapes.UserChange(language="en"), gateway, machine).language
