from __future__ import annotations

from datetime import timedelta

import pytest

from shared.bus.commands import CommandSender
from shared.bus.consumer import Consumer, Dispatch
from shared.bus.topology import COMMANDS, command_queue
from shared.clock import FakeClock
from shared.contracts.envelope import Envelope
from shared.contracts.gateway import AcknowledgeAlarm
from shared.contracts.message import Actor
from shared.errors import Unavailable
from tests.integration.bus.rig import AREA, NOON, declared, fetch, letters
from tests.waiting import eventually

WISH = AcknowledgeAlarm(
    area=AREA,
    request_id="r1",
    alarm_id="xinhua~level_high",
    expected_seq=3,
    comment="",
    actor=Actor(username="wang", role="dispatcher", scopes=()),
)
DEADLINE = NOON + timedelta(seconds=10)


def sender(uri: str) -> CommandSender:
    return CommandSender(uri, "gateway", "gateway-1", FakeClock(NOON))


def test_a_command_reaches_its_service_with_its_deadline(amqp_uri: str) -> None:
    declared(amqp_uri, command_queue("alarms", AREA))
    done: list[tuple[AcknowledgeAlarm, Envelope]] = []
    consumer = Consumer(
        amqp_uri,
        command_queue("alarms", AREA),
        Dispatch({AcknowledgeAlarm: lambda command, envelope: done.append((command, envelope))}),
        on_parked=lambda _: None,
    )
    consumer.start()
    gateway = sender(amqp_uri)
    sent = gateway.send("alarms", WISH, DEADLINE, correlation_id="click")
    eventually(lambda: done, 5)
    consumer.stop()
    gateway.close()
    assert [(WISH, sent)] == done
    assert (DEADLINE, "click", 0) == (sent.deadline, sent.correlation_id, sent.seq)


def test_a_command_that_nobody_listens_for_is_refused_at_once(amqp_uri: str) -> None:
    gateway = sender(amqp_uri)
    with pytest.raises(Unavailable) as refusal:
        gateway.send("flood", WISH, DEADLINE)
    assert "nobody_listens" == refusal.value.code
    gateway.close()


def test_the_broker_keeps_a_command_past_its_deadline_but_not_for_ever(
    amqp_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = command_queue("alarms", AREA)
    declared(amqp_uri, queue)
    gateway = sender(amqp_uri)
    gateway.send("alarms", WISH, DEADLINE)
    kept = fetch(amqp_uri, queue.name)
    assert str(10_000 + 3_600_000) == kept[0].properties["expiration"]
    assert DEADLINE == letters(kept)[0].envelope.deadline

    monkeypatch.setattr("shared.bus.commands.KEPT_BEYOND_DEADLINE", timedelta(milliseconds=1))
    gateway.send("alarms", WISH, NOON)
    eventually(lambda: not fetch(amqp_uri, queue.name), 5)
    gateway.close()
    assert COMMANDS == kept[0].delivery_info["exchange"]


def test_without_a_broker_a_command_fails_and_is_not_kept() -> None:
    gateway = sender("amqp://nobody:nothing@127.0.0.1:1//")
    with pytest.raises(Unavailable, match="not available"):
        gateway.send("alarms", WISH, DEADLINE)
    gateway.close()
