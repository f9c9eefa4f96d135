"""The private RabbitMQ node and the private PostgreSQL cluster: kept data, kept ports, nothing left."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import amqp
import psutil
import pytest
import sqlalchemy as sa
from kombu import Connection, Queue
from kombu.exceptions import OperationalError

from infra.local.postgres import PrivateDatabase
from infra.local.rabbitmq import PrivateBroker
from tests.waiting import eventually

QUEUE = Queue("kept", routing_key="kept", durable=True, queue_arguments={"x-queue-type": "quorum"})


def publish(uri: str, text: str) -> None:
    with Connection(uri, transport_options={"confirm_publish": True}) as connection:
        QUEUE(connection.default_channel).declare()
        connection.Producer().publish(text, routing_key="kept", delivery_mode=2, retry=False)


def take(uri: str) -> str | None:
    with Connection(uri) as connection:
        message = QUEUE(connection.default_channel).get(no_ack=True)
        return None if message is None else message.payload


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateBroker]:
    with PrivateBroker(tmp_path_factory.mktemp("node"), services=["flood", "gateway"]) as found:
        yield found


def test_messages_survive_a_restart_and_the_address_stays(broker: PrivateBroker) -> None:
    uri = broker.amqp_uri
    publish(uri, "before")
    broker.restart()
    assert broker.amqp_uri == uri
    assert eventually(lambda: take(uri), within_s=10) == "before"


def test_a_killed_node_comes_back_with_its_messages(broker: PrivateBroker) -> None:
    publish(broker.amqp_uri, "confirmed")
    broker.kill()
    with pytest.raises((OperationalError, OSError)):
        take(broker.amqp_uri)
    broker.start()
    assert eventually(lambda: take(broker.amqp_uri), within_s=10) == "confirmed"


def test_each_service_has_a_user_with_its_own_rights(broker: PrivateBroker) -> None:
    with (
        Connection(broker.uri_for("flood")) as connection,
        pytest.raises(amqp.exceptions.AccessRefused),
    ):
        connection.default_channel.basic_publish_confirm(amqp.Message("x"), "city.commands", "commands.flood.tangshan")


def test_secrets_can_be_read_by_their_owner_only(broker: PrivateBroker) -> None:
    folder = Path(str(broker._directory))
    for name in ("passwords.json", "rabbitmq.conf", "definitions.json", ".erlang.cookie"):
        assert stat.S_IMODE((folder / name).stat().st_mode) & 0o077 == 0, name


def test_stopping_leaves_nothing_running_and_a_second_node_can_take_over_the_folder(tmp_path: Path) -> None:
    with PrivateBroker(tmp_path) as first:
        publish(first.amqp_uri, "kept")
        pids = [child.pid for pid in first.pids for child in (psutil.Process(pid), *psutil.Process(pid).children(True))]
        assert len(pids) >= 2
    eventually(lambda: not any(map(psutil.pid_exists, pids)), within_s=2)
    with PrivateBroker(tmp_path) as second:
        assert eventually(lambda: take(second.amqp_uri), within_s=10) == "kept"


def test_two_nodes_stand_beside_each_other(broker: PrivateBroker, tmp_path: Path) -> None:
    with PrivateBroker(tmp_path) as other:
        publish(other.amqp_uri, "other")
        assert take(other.amqp_uri) == "other"
        assert other.amqp_uri != broker.amqp_uri
    assert broker.is_running()


def test_postgresql_keeps_committed_rows_over_kill_and_restart_and_goes_without_a_trace(tmp_path: Path) -> None:
    database = PrivateDatabase(tmp_path)
    database.start()
    try:
        run(database, "create table fact (text varchar)")
        run(database, "insert into fact values ('kept')")
        database.kill()
        database.start()
        database.restart()
        assert run(database, "select text from fact") == [("kept",)]
        pids = database.pids
    finally:
        database.remove()
    assert not any(map(psutil.pid_exists, pids))


def run(database: PrivateDatabase, statement: str) -> list[tuple[object, ...]]:
    engine = sa.create_engine(database.database_url)
    try:
        with engine.begin() as connection:
            result = connection.execute(sa.text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()
