from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from shared.bus.query import ANSWER_BYTES_MAX, QueryClient, QueryServer
from shared.errors import Malformed, Missing, PlatformError, Unavailable
from tests.integration.conftest import Brokers
from tests.waiting import eventually

asleep = threading.Event()


def refuse(code: str) -> None:
    raise Missing("query_unknown", method=code)


def break_down() -> None:
    raise ZeroDivisionError("by nothing")


METHODS = {
    "double": lambda n: 2 * n,
    "echo": lambda **kwargs: kwargs,
    "refuse": refuse,
    "break_down": break_down,
    "much": lambda: "x" * ANSWER_BYTES_MAX,
    "sleep": lambda: asleep.wait(20),
}


@contextmanager
def asking(uri: str) -> Iterator[QueryClient]:
    client = QueryClient(uri, "gateway")
    client.start()
    eventually(lambda: client._reply_to, 10)
    yield client
    client.stop()


@pytest.fixture
def client(amqp_uri: str) -> Iterator[QueryClient]:
    server = QueryServer(amqp_uri, "alarms", METHODS)
    server.start()
    with asking(amqp_uri) as found:
        eventually(lambda: answers(found), 10)
        yield found
    asleep.set()
    server.stop()
    asleep.clear()


def answers(client: QueryClient) -> bool:
    try:
        return bool(client.call("alarms", "double", 1) == 2)
    except Unavailable:
        return False


def test_an_answer_comes_back_to_whoever_asked(client: QueryClient) -> None:
    assert {"area": "tangshan", "limit": 5} == client.call("alarms", "echo", area="tangshan", limit=5)
    with ThreadPoolExecutor(8) as pool:
        assert [2 * n for n in range(200)] == list(pool.map(lambda n: client.call("alarms", "double", n), range(200)))


@pytest.mark.parametrize(
    ("method", "args", "kind", "code"),
    [
        ("refuse", ["x"], Missing, "query_unknown"),
        ("nothing_of_the_kind", [], Missing, "query_unknown"),
        ("break_down", [], Unavailable, "query_failed"),
        ("much", [], Malformed, "answer_too_large"),
    ],
)
def test_errors_come_back_as_what_they_are(
    client: QueryClient, method: str, args: list[Any], kind: type[PlatformError], code: str
) -> None:
    with pytest.raises(kind) as refusal:
        client.call("alarms", method, *args)
    assert code == refusal.value.code


def test_nobody_waits_longer_than_the_timeout(client: QueryClient) -> None:
    with pytest.raises(Unavailable, match=r"did not answer within 0\.2 s"):
        client.call("alarms", "sleep", timeout_s=0.2)


def test_a_service_that_is_not_there_is_unavailable_at_once(client: QueryClient) -> None:
    with pytest.raises(Unavailable) as refusal:
        client.call("weather", "double", 1)
    assert "nobody_listens" == refusal.value.code


def test_questions_work_again_after_the_broker_was_away(mortal_broker: Brokers) -> None:
    uri = mortal_broker.uri(mortal_broker.new_vhost())
    server = QueryServer(uri, "alarms", METHODS)
    server.start()
    with asking(uri) as client:
        eventually(lambda: answers(client), 10)
        mortal_broker.kill()
        with pytest.raises(Unavailable):
            client.call("alarms", "double", 1)
        mortal_broker.node.start()
        eventually(lambda: answers(client), 20)
    server.stop()
