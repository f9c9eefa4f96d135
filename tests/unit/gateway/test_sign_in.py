"""Throttling of sign-ins, and from where they seem to come."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from gateway import auth
from gateway.__main__ import server_options
from gateway.auth import Accounts, TooMany, Unauthorized
from gateway.settings import Settings
from shared.contracts.gateway import AuditEvent, SignInRefused
from shared.database import DatabaseThread, sqlite_engine

MIGRATIONS = Path(auth.__file__).parent / "migrations"


class Desk:
    """Where accounts sign in, with what the audit heard."""

    def __init__(self, folder: Path) -> None:
        (folder / "accounts").write_text("crew the right password\n")
        self.audited: list[AuditEvent] = []
        self.database = DatabaseThread(sqlite_engine(folder / "gateway.sqlite"), MIGRATIONS)
        settings = Settings(amqp_uri="amqp://nowhere", data_dir=folder, sign_in_failures_max=3)
        self.accounts = Accounts(self.database, settings, lambda _session, event: self.audited.append(event), "city")
        self.accounts.create_from(folder / "accounts")

    def try_it(self, password: str, username: str = "crew") -> int:
        """The status of the answer."""
        try:
            self.accounts.sign_in(username, password, "10.0.0.1")
        except (Unauthorized, TooMany) as error:
            return error.status
        return 200


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    yield found
    found.database.close()


def test_guesses_that_come_at_once_do_not_pass_the_limit(desk: Desk) -> None:
    with ThreadPoolExecutor(12) as guessers:
        answers = sorted(guessers.map(desk.try_it, [f"guess {n}" for n in range(12)]))
    assert [401] * 3 + [429] * 9 == answers
    causes = sorted(event.cause for event in desk.audited if isinstance(event, SignInRefused))
    assert ["password"] * 3 + ["throttled"] * 9 == causes
    assert 429 == desk.try_it("the right password")


def test_who_signs_in_is_not_throttled_for_it(desk: Desk) -> None:
    """Neither the account nor the address, which may be that of a whole control room."""
    assert [200] * 13 == [desk.try_it("the right password") for _ in range(13)]
    assert [401, 401, 200, 401, 401, 200] == [desk.try_it(word) for word in 2 * ["a", "b", "the right password"]]


def test_an_address_has_its_own_limit(desk: Desk) -> None:
    answers = [desk.try_it("guess", f"account {n}") for n in range(13)]
    assert [401] * 12 + [429] == answers


@pytest.mark.parametrize(
    ("proxies", "seen"), [("127.0.0.1", "10.0.0.9"), ("10.0.0.9", "192.0.2.7"), ("10.0.0.0/24", "192.0.2.7")]
)
def test_the_word_of_a_trusted_proxy_is_taken_on_the_address(proxies: str, seen: str) -> None:
    async def tell_client(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["client"][0].encode()})

    settings = Settings(amqp_uri="amqp://nowhere", https=True, trusted_proxies=proxies)
    config = uvicorn.Config(tell_client, **server_options(settings))
    config.load()

    async def ask() -> str:
        transport = httpx.ASGITransport(config.loaded_app, client=("10.0.0.9", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://city") as proxy:
            return (await proxy.get("/", headers={"X-Forwarded-For": "192.0.2.7"})).text

    assert seen == asyncio.run(ask())
