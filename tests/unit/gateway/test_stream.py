"""An open stream lasts as long as the rights that it was opened with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway import auth, storage
from gateway.api.stream import _events
from gateway.auth import Accounts, Caller
from gateway.live.hub import Hub, frame
from gateway.settings import Settings
from shared.database import DatabaseThread, sqlite_engine
from shared.errors import Unavailable

MIGRATIONS = Path(auth.__file__).parent / "migrations"
RIGHT = "the right password"
Change = Callable[[Any, Caller], object]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Any]:
    (tmp_path / "accounts").write_text(f"crew {RIGHT}\n")
    database = DatabaseThread(sqlite_engine(tmp_path / "gateway.sqlite"), MIGRATIONS)
    settings = Settings(amqp_uri="amqp://nowhere", data_dir=tmp_path, stream_check_every_s=0.01)
    accounts = Accounts(database, settings, lambda _session, _event: None, "city")
    accounts.create_from(tmp_path / "accounts")
    page = SimpleNamespace(snapshot=lambda _caller: SimpleNamespace(model_dump=lambda mode: {"told": mode}))
    hub = Hub(clients_max=2, backlog_max=10, ring_max=10)
    yield SimpleNamespace(accounts=accounts, database=database, settings=settings, presenter=page, hub=hub)
    database.close()


def signed_in(gateway: Any) -> Caller:
    _, secret, _ = gateway.accounts.sign_in("crew", RIGHT, "here")
    return cast("Caller", gateway.accounts.find_by_session(secret, "here"))


def changed(**changes: Any) -> Change:
    return lambda gateway, _caller: gateway.database.run(
        lambda session: storage.change_user(session, "crew", changes),
    )


class Counted:
    """The accounts, counting how often they were asked."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self.asked = 0
        self.away = 0

    def still_holds(self, caller: Caller) -> bool:
        self.asked += 1
        if self.asked <= self.away:
            raise Unavailable("database_busy", waiting=500)
        return self._accounts.still_holds(caller)


async def follow(gateway: Any, caller: Caller, change: Change | None, away: int = 0) -> bool:
    """Open the stream, wait for a few checks, change something: did the stream end by itself?"""
    hub = gateway.hub
    hub.attach(asyncio.get_running_loop())
    counted = Counted(gateway.accounts)
    counted.away = away
    behind = SimpleNamespace(**{**vars(gateway), "accounts": counted})
    client = hub.join(caller.may_view)
    events = _events(cast("Any", behind), caller, client, None)
    assert [b"retry", b"event"] == [(await anext(events)).partition(b":")[0] for _ in range(2)]

    async def checks(more: int) -> None:
        wanted = counted.asked + more
        async with asyncio.timeout(10):
            while counted.asked < wanted:
                await asyncio.sleep(0.001)

    waiting = asyncio.create_task(anext(events, None))
    await checks(3 + away)
    assert not waiting.done()
    if change is None:
        hub.publish(frame("ping", {}))
        ended = await asyncio.wait_for(waiting, 10) is None
    else:
        await asyncio.to_thread(change, gateway, caller)
        ended = await asyncio.wait_for(waiting, 10) is None
        assert 0 == hub.clients
    await events.aclose()
    assert 0 == hub.clients
    return ended


@pytest.mark.parametrize(
    "change",
    [
        lambda gateway, caller: gateway.accounts.sign_out(caller, caller.secret),
        changed(active=False),
        changed(areas=["tangshan/lubei"]),
        changed(role="dispatcher"),
        changed(password_hash="another"),
    ],
    ids=["signed out", "closed", "other areas", "another role", "new password"],
)
def test_a_stream_ends_with_the_rights_it_was_opened_with(gateway: Any, change: Change) -> None:
    assert asyncio.run(follow(gateway, signed_in(gateway), change))


def test_a_stream_goes_on_while_nothing_changes(gateway: Any) -> None:
    assert not asyncio.run(follow(gateway, signed_in(gateway), None))


def test_a_stream_outlives_a_database_that_is_away(gateway: Any) -> None:
    assert not asyncio.run(follow(gateway, signed_in(gateway), None, away=2))
    assert asyncio.run(follow(gateway, signed_in(gateway), changed(active=False), away=2))
