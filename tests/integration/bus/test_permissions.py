"""One user a service, with only what it needs: tried with the real broker's own judgement."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.bus.commands import CommandSender
from shared.bus.connection import Link, declare, declare_shared
from shared.bus.publisher import Outgoing, Publisher
from shared.bus.topology import COMMANDS, EVENTS, command_queue, event_key, event_queue, lease_queue
from shared.clock import FakeClock
from shared.errors import Unavailable
from tests.integration.bus.rig import AREA, NOON, depth, letter_bytes
from tests.integration.bus.test_commands import WISH
from tests.integration.conftest import Brokers


@pytest.fixture
def keepers(brokers: Brokers, vhost: str) -> None:
    """alarms and history have been here once."""
    for service in ("alarms", "history"):
        declare_as(brokers, vhost, service, event_queue(service, AREA))


def declare_as(brokers: Brokers, vhost: str, service: str, *queues: object) -> None:
    link = Link(brokers.uri(vhost, service), "test")
    try:
        declare_shared(link)
        channel = link.channel()
        for queue in queues:
            declare(channel, queue)  # type: ignore[arg-type]
    finally:
        link.close()


def refused(publisher: Publisher, outgoing: Outgoing) -> bool:
    with pytest.raises(Unavailable) as refusal:
        publisher.publish([outgoing])
    publisher.close()
    return "ACCESS_REFUSED" in str(refusal.value) or "access" in str(refusal.value).lower()


@pytest.mark.usefixtures("keepers")
def test_a_service_has_all_the_rights_it_needs(brokers: Brokers, vhost: str) -> None:
    declare_as(
        brokers, vhost, "flood", event_queue("flood", AREA), command_queue("flood", AREA), lease_queue("flood", AREA)
    )
    declare_as(brokers, vhost, "alarms", command_queue("alarms", AREA))
    publisher = Publisher(brokers.uri(vhost, "flood"), "test")
    publisher.publish([Outgoing(EVENTS, event_key(AREA, "flood", "condition_raised"), letter_bytes(1), "x/y")])
    publisher.publish([Outgoing("city.telemetry", "", b"", "x/y"), Outgoing("city.health", "", b"", "x/y")])
    publisher.close()
    gateway = CommandSender(brokers.uri(vhost, "gateway"), "gateway", "gateway-1", FakeClock(NOON))
    gateway.send("alarms", WISH, NOON + timedelta(seconds=5))
    gateway.close()


@pytest.mark.usefixtures("keepers")
@pytest.mark.parametrize("service", ["flood", "alarms", "history"])
def test_only_the_gateway_may_command(brokers: Brokers, vhost: str, service: str) -> None:
    publisher = Publisher(brokers.uri(vhost, service), "test")
    assert refused(publisher, Outgoing(COMMANDS, command_queue("flood", AREA).name, b"{}", "x/y"))


@pytest.mark.usefixtures("keepers")
def test_nobody_may_go_around_the_exchanges(brokers: Brokers, vhost: str) -> None:
    publisher = Publisher(brokers.uri(vhost, "history"), "test")
    assert refused(publisher, Outgoing("", command_queue("flood", AREA).name, b"{}", "x/y"))


@pytest.mark.usefixtures("keepers")
def test_nobody_may_speak_in_the_name_of_another(brokers: Brokers, vhost: str) -> None:
    publisher = Publisher(brokers.uri(vhost, "history"), "test")
    assert refused(publisher, Outgoing(EVENTS, event_key(AREA, "flood", "condition_raised"), b"{}", "x/y"))


@pytest.mark.parametrize(
    "queue", [event_queue("alarms", AREA), command_queue("flood", AREA), lease_queue("flood", AREA)]
)
def test_nobody_may_touch_the_queues_of_another(brokers: Brokers, vhost: str, queue: object) -> None:
    with pytest.raises(Exception, match="access to queue"):
        declare_as(brokers, vhost, "history", queue)


def test_events_wait_until_those_who_keep_them_have_been_there(brokers: Brokers, vhost: str) -> None:
    publisher = Publisher(brokers.uri(vhost, "flood"), "test")
    outgoing = Outgoing(EVENTS, event_key(AREA, "flood", "condition_raised"), letter_bytes(1), "x/y")
    with pytest.raises(Unavailable) as refusal:
        publisher.publish([outgoing])
    assert "nobody_listens" == refusal.value.code
    for service in ("alarms", "history"):
        declare_as(brokers, vhost, service, event_queue(service, AREA))
    publisher.publish([outgoing])
    publisher.close()


def test_events_wait_for_a_queue_that_is_not_bound_yet(brokers: Brokers, vhost: str) -> None:
    """A reader was killed, or is still busy, between declaring its queue and binding it."""
    declare_as(brokers, vhost, "history", event_queue("history", AREA))
    declare_as(brokers, vhost, "alarms", replace(event_queue("alarms", AREA), bindings=(), sign=None))
    publisher = Publisher(brokers.uri(vhost, "flood"), "test")
    outgoing = Outgoing(EVENTS, event_key(AREA, "flood", "condition_raised"), letter_bytes(1), "x/y")
    with pytest.raises(Unavailable) as refusal:
        publisher.publish([outgoing])
    assert "nobody_listens" == refusal.value.code
    declare_as(brokers, vhost, "alarms", event_queue("alarms", AREA))
    publisher.publish([outgoing])
    publisher.close()
    assert 1 == depth(brokers.uri(vhost), event_queue("alarms", AREA).name)
