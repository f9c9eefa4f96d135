"""Services as they really run: one process each, under nameko, started before the broker and killed at will."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.bus.commands import CommandSender
from shared.bus.health import HealthListener, Heartbeat
from shared.bus.query import QueryClient
from shared.bus.topology import event_queue
from shared.clock import WallClock
from shared.contracts.gateway import AcknowledgeAlarm
from shared.contracts.message import Actor, Scope
from shared.errors import PlatformError, Unavailable
from tests.integration.bus.rig import AREA, declared, letter_bytes, publish_events
from tests.integration.conftest import Brokers
from tests.waiting import eventually

WANG = Actor(username="wang", role="dispatcher", scopes=(Scope(trade="*", area="*", verb="acknowledge"),))
STOP_S_MAX = 5.0
ALARM = "xinhua~c1"

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a service as a process of its own; whatever still runs at the end is killed."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(service: str, **settings: str) -> subprocess.Popen[bytes]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment = {**inherited, "DATA_DIR": str(tmp_path / "data"), "HEARTBEAT_EVERY_S": "0.2", **settings}
        with (tmp_path / f"{service}.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", f"services.{service}"], env=environment, stdout=output, stderr=output
            )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()


def stopped_within(process: subprocess.Popen[bytes], number: signal.Signals) -> float:
    began = time.monotonic()
    process.send_signal(number)
    assert 0 == process.wait(STOP_S_MAX)
    return time.monotonic() - began


def published(uri: str) -> bool:
    """False while those who keep events are not there yet, or the broker recovers their queues."""
    try:
        publish_events(uri, [letter_bytes(1)])
    except Unavailable:
        return False
    return True


class Gateway:
    def __init__(self, uri: str) -> None:
        self.beats: list[Heartbeat] = []
        self.queries = QueryClient(uri, "gateway")
        self.health = HealthListener(uri, "gateway", self.beats.append)
        self.sender = CommandSender(uri, "gateway", "gateway-1", WallClock())
        self.queries.start()
        self.health.start()

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        self.queries.stop()
        self.health.stop()
        self.sender.close()

    def states(self) -> dict[str, str] | None:
        try:
            alarms = self.queries.call("alarms", "list_alarms")
        except PlatformError:
            return None
        return {alarm["id"]: alarm["state"] for alarm in alarms}

    def journal(self) -> list[str]:
        try:
            page = self.queries.call("history", "list_journal")
        except PlatformError:
            return []
        return [item["event"] for item in page["items"]][::-1]

    def acknowledge(self, expected_seq: int) -> None:
        request = uuid.uuid4().hex
        command = AcknowledgeAlarm(
            area=AREA, request_id=request, alarm_id=ALARM, expected_seq=expected_seq, comment="", actor=WANG
        )
        self.sender.send("alarms", command, datetime.now(UTC) + timedelta(seconds=30), message_id=request)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_alarms_and_history_live_in_their_own_processes(
    request: pytest.FixtureRequest, brokers: Brokers, vhost: str, start: Start, kind: str
) -> None:
    """Each with the broker's user of its own, which has no right too few."""
    settings = {"DATABASE_URL": request.getfixturevalue("postgres")} if kind == "postgresql" else {}
    as_alarms = {"AMQP_URI": brokers.uri(vhost, "alarms"), **settings}
    alarms = start("alarms", **as_alarms)
    history = start("history", AMQP_URI=brokers.uri(vhost, "history"), **settings)
    as_flood = brokers.uri(vhost, "flood")
    with Gateway(brokers.uri(vhost, "gateway")) as gateway:
        eventually(lambda: published(as_flood), 30)
        eventually(lambda: gateway.states() == {ALARM: "UNACK"}, 30)
        gateway.acknowledge(1)
        eventually(lambda: gateway.states() == {ALARM: "ACKED"}, 10)
        alarms.kill()
        alarms.wait()
        alarms = start("alarms", RESTARTS="1", **as_alarms)
        publish_events(as_flood, [letter_bytes(1), letter_bytes(2)])
        eventually(lambda: gateway.states() == {ALARM: "ACKED", "xinhua~c2": "UNACK"}, 30)
        expected = ["condition_raised", "alarm_raised", "alarm_acknowledged", "condition_raised", "alarm_raised"]
        eventually(lambda: len(gateway.journal()) >= len(expected), 20)
        assert sorted(expected) == sorted(gateway.journal())
        eventually(lambda: {(beat.service, beat.restarts) for beat in gateway.beats} >= {("alarms", 1)}, 5)
        assert all(check.ok for check in gateway.beats[-1].checks.values())
    assert stopped_within(alarms, signal.SIGTERM) < STOP_S_MAX
    assert stopped_within(history, signal.SIGINT) < STOP_S_MAX


def test_a_service_starts_without_its_broker_and_works_when_it_comes(mortal_broker: Brokers, start: Start) -> None:
    uri = mortal_broker.uri(mortal_broker.new_vhost())
    declared(uri, event_queue("alarms", AREA), event_queue("history", AREA))
    mortal_broker.kill()
    alarms = start("alarms", AMQP_URI=uri)
    mortal_broker.node.start()
    eventually(lambda: published(uri), 30)
    with Gateway(uri) as gateway:
        eventually(lambda: gateway.states() == {ALARM: "UNACK"}, 30)
    assert alarms.poll() is None
    mortal_broker.kill()
    assert stopped_within(alarms, signal.SIGTERM) < STOP_S_MAX


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "AMQP_URI: Field required"),
        ({"AMQP_URI": "amqp://x", "SITE": "nowhere"}, "nowhere"),
        ({"AMQP_URI": "amqp://x", "RESTARTS": "many"}, "RESTARTS: Input should be a valid integer"),
    ],
)
def test_wrong_settings_end_it_with_a_sentence(
    start: Start, tmp_path: Path, settings: dict[str, str], sentence: str
) -> None:
    process = start("alarms", **settings)
    assert 2 == process.wait(20)
    said = (tmp_path / "alarms.log").read_text()
    assert sentence in said
    assert "Traceback" not in said
