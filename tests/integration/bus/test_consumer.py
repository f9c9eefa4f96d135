from __future__ import annotations

import pytest

from shared.bus.consumer import Consumer, Dispatch, Parked, Retry
from shared.bus.topology import event_queue
from shared.contracts.envelope import Envelope
from shared.contracts.field import ConditionRaised
from shared.errors import Refused, Unavailable
from tests.integration.bus.rig import (
    AREA,
    OTHER_AREA,
    declared,
    depth,
    letter_bytes,
    letters,
    parked,
    publish_events,
)
from tests.waiting import eventually

QUEUE = event_queue("alarms", AREA)
FAST = Retry(attempts_max=3, pause_s_min=0.01, pause_s_max=0.02)


class Reader:
    """Hears one area; fails as it is told to."""

    def __init__(self, uri: str, area: str = AREA) -> None:
        self.heard: list[int] = []
        self.attempts: list[int] = []
        self.parked: list[Parked] = []
        self.failures: dict[int, Exception] = {}
        self.consumer = Consumer(
            uri,
            event_queue("alarms", area),
            Dispatch({ConditionRaised: self.hear}),
            on_parked=self.parked.append,
            retry=FAST,
        )

    def hear(self, event: ConditionRaised, _envelope: Envelope) -> None:
        number = int(event.condition[1:])
        self.attempts.append(number)
        if number in self.failures:
            raise self.failures[number]
        self.heard.append(number)

    def __enter__(self) -> Reader:
        self.consumer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.consumer.stop()


def test_events_of_an_area_arrive_in_their_order(amqp_uri: str) -> None:
    declared(amqp_uri, QUEUE, event_queue("alarms", OTHER_AREA))
    publish_events(amqp_uri, [letter_bytes(n) for n in range(1, 501)])
    publish_events(amqp_uri, [letter_bytes(7, OTHER_AREA)], OTHER_AREA)
    with Reader(amqp_uri) as reader:
        eventually(lambda: len(reader.heard) == 500, 10)
    assert list(range(1, 501)) == reader.heard
    assert depth(amqp_uri, QUEUE.name) == 0


def test_what_is_unavailable_is_tried_again_while_its_queue_waits(amqp_uri: str) -> None:
    with Reader(amqp_uri) as reader:
        reader.failures = {2: Unavailable("broker_refused")}
        declared(amqp_uri, QUEUE)
        publish_events(amqp_uri, [letter_bytes(n) for n in (1, 2, 3)])
        eventually(lambda: reader.heard == [1, 3], 5)
    assert reader.attempts == [1, 2, 2, 2, 3]
    assert [(each.envelope.id, each.code) for each in reader.parked if each.envelope] == [("e2", "broker_refused")]


def test_parked_messages_lie_in_their_queue_with_their_history(amqp_uri: str) -> None:
    with Reader(amqp_uri) as reader:
        reader.failures = {1: Unavailable("broker_refused")}
        declared(amqp_uri, QUEUE)
        publish_events(amqp_uri, [letter_bytes(1)])
        found = eventually(lambda: parked(amqp_uri), 5)
    assert [letter.envelope.id for letter in letters(found)] == ["e1"]
    assert QUEUE.name == found[0].headers["x-death"][0]["queue"]


@pytest.mark.parametrize("body", [b"garbage", b"{}", letter_bytes(1).replace(b'"priority":2', b'"priority":77')])
def test_malformed_messages_are_parked_at_once_and_hold_nobody_up(amqp_uri: str, body: bytes) -> None:
    with Reader(amqp_uri) as reader:
        declared(amqp_uri, QUEUE)
        publish_events(amqp_uri, [body, letter_bytes(2)])
        eventually(lambda: reader.heard == [2], 5)
        eventually(lambda: parked(amqp_uri), 5)
    assert [each.code for each in reader.parked] == ["message_malformed"]
    assert reader.attempts == [2]


def test_our_own_bugs_are_parked_and_not_tried_again(amqp_uri: str) -> None:
    with Reader(amqp_uri) as reader:
        reader.failures = {1: ZeroDivisionError()}
        declared(amqp_uri, QUEUE)
        publish_events(amqp_uri, [letter_bytes(1), letter_bytes(2)])
        eventually(lambda: reader.heard == [2], 5)
    assert reader.attempts == [1, 2]
    assert [each.code for each in reader.parked] == ["defect"]


def test_a_refusal_is_an_answer_and_not_a_failure(amqp_uri: str) -> None:
    with Reader(amqp_uri) as reader:
        reader.failures = {1: Refused("broker_refused")}
        declared(amqp_uri, QUEUE)
        publish_events(amqp_uri, [letter_bytes(1), letter_bytes(2)])
        eventually(lambda: reader.heard == [2], 5)
        eventually(lambda: depth(amqp_uri, QUEUE.name) == 0, 5)
    assert reader.parked == []


def test_an_outage_of_our_own_database_parks_nothing(amqp_uri: str) -> None:
    with Reader(amqp_uri) as reader:
        reader.failures = {1: Unavailable("database_unavailable", detail="gone")}
        declared(amqp_uri, QUEUE)
        publish_events(amqp_uri, [letter_bytes(1)])
        eventually(lambda: len(reader.attempts) > 3 * FAST.attempts_max, 5)
        reader.failures = {}
        eventually(lambda: reader.heard == [1], 5)
    assert reader.parked == []


def test_a_reader_that_stops_in_the_middle_leaves_the_message_to_the_next(amqp_uri: str) -> None:
    first = Reader(amqp_uri)
    first.failures = {2: Unavailable("database_unavailable", detail="gone")}
    with first:
        declared(amqp_uri, QUEUE)
        publish_events(amqp_uri, [letter_bytes(n) for n in (1, 2, 3)])
        eventually(lambda: 2 in first.attempts, 5)
    with Reader(amqp_uri) as second:
        eventually(lambda: second.heard == [2, 3], 5)
    assert first.heard == [1]


def test_only_one_of_two_readers_is_active(amqp_uri: str) -> None:
    with Reader(amqp_uri) as first:
        declared(amqp_uri, QUEUE)
        publish_events(amqp_uri, [letter_bytes(1)])
        eventually(lambda: first.heard == [1], 5)
        with Reader(amqp_uri) as second:
            publish_events(amqp_uri, [letter_bytes(n) for n in range(2, 50)])
            eventually(lambda: first.heard == list(range(1, 50)), 5)
            assert second.heard == []
            first.consumer.stop()
            publish_events(amqp_uri, [letter_bytes(50)])
            eventually(lambda: second.heard == [50], 5)
