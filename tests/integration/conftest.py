"""Real servers of our own: one broker and one PostgreSQL cluster a session, a virtual host or a schema a test."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from infra.local.postgres import PrivateDatabase
from infra.local.rabbitmq import PrivateBroker
from shared.bus.topology import PROCESSES
from shared.database import postgres_engine, sqlite_engine
from tests.waiting import eventually

VHOSTS_MAX = 140
MORTAL_VHOSTS_MAX = 20
QUEUES_SETTLE_S = 2.0
ADMINISTRATOR = "urbanops"


@dataclass(frozen=True)
class Brokers:
    """A running node with prepared virtual hosts, and a user for each service beside the tester."""

    node: PrivateBroker
    _next: Iterator[int]

    def new_vhost(self) -> str:
        return f"t{next(self._next)}"

    def kill(self) -> None:
        """As a power cut would, but not within the first second of a new queue."""
        let_queues_settle()
        self.node.kill()

    def uri(self, vhost: str, user: str = ADMINISTRATOR) -> str:
        return self.node.uri_for(user, vhost)


def start_broker(directory: Path, vhosts: int) -> Brokers:
    services = [process.service for process in PROCESSES]
    node = PrivateBroker(directory / "rabbitmq", services=services, vhosts=["/", *(f"t{n}" for n in range(vhosts))])
    node.start()
    return Brokers(node, iter(range(vhosts)))


def let_queues_settle() -> None:
    """RabbitMQ 3.10 never finds a stream or quorum queue again that was killed within its first second of life."""
    settled_at = time.monotonic() + QUEUES_SETTLE_S
    eventually(lambda: time.monotonic() >= settled_at, 2 * QUEUES_SETTLE_S)


@pytest.fixture(scope="session")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    found = start_broker(tmp_path_factory.mktemp("broker"), VHOSTS_MAX)
    yield found
    found.node.stop()


@pytest.fixture
def vhost(brokers: Brokers) -> str:
    return brokers.new_vhost()


@pytest.fixture
def amqp_uri(brokers: Brokers, vhost: str) -> str:
    """A virtual host of its own for this test."""
    return brokers.uri(vhost)


@pytest.fixture(scope="session")
def mortal_brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    found = start_broker(tmp_path_factory.mktemp("mortal"), MORTAL_VHOSTS_MAX)
    yield found
    found.node.stop()


@pytest.fixture
def mortal_broker(mortal_brokers: Brokers) -> Brokers:
    """A running node that the test may kill."""
    mortal_brokers.node.start()
    return mortal_brokers


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    cluster = PrivateDatabase(tmp_path_factory.mktemp("postgres"))
    cluster.start()
    yield cluster.database_url
    cluster.remove()


_schemas = (f"test_{number}" for number in itertools.count())


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        found = sqlite_engine(tmp_path / "service.sqlite")
    else:
        found = postgres_engine(request.getfixturevalue("postgres"), schema=next(_schemas))
    yield found
    found.dispose()
