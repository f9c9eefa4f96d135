from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shared.bus.frames import ControllerSeen, Frame, Readings, Row
from shared.bus.spool import Spool
from shared.bus.telemetry import Lost, StreamPlace, StreamReader, TelemetrySender
from shared.clock import FakeClock
from tests.integration.bus.rig import AREA, NOON, OTHER_AREA, declared
from tests.integration.conftest import Brokers
from tests.waiting import eventually


def readings(*numbers: int) -> Readings:
    moments = [1_000 * number for number in numbers]
    values = [number / 100 for number in numbers]
    return Readings("xinhua", ["level_wet_well"] * len(numbers), values, "good", moments, moments)


class Sending:
    def __init__(self, uri: str, path: Path, bytes_max: int = 10_000_000) -> None:
        self.lost: list[Lost] = []
        self.clock = FakeClock(NOON)
        self.spool = Spool(path / "telemetry.spool", bytes_max)
        self.sender = TelemetrySender(
            uri, source="flood/flood-1/s", trade="flood", spool=self.spool, clock=self.clock, on_lost=self.lost.append
        )

    def __enter__(self) -> TelemetrySender:
        self.sender.begin(AREA, 7)
        self.sender.start()
        return self.sender

    def __exit__(self, *_: object) -> None:
        self.sender.stop()


@contextmanager
def reading(uri: str, start: Any, found: list[Frame], offsets: list[int] | None = None) -> Any:
    def take(frame: Frame, offset: int) -> None:
        found.append(frame)
        if offsets is not None:
            offsets.append(offset)

    place = StreamPlace(start)
    reader = StreamReader(uri, "gateway", lambda: place, take)
    reader.start()
    yield place
    reader.stop()


def values(frames: list[Frame], area: str = AREA) -> list[Any]:
    return [each.value for frame in frames if frame.area == area for each in frame.rows]


def test_readings_travel_in_batches_with_the_age_of_their_controller(amqp_uri: str, tmp_path: Path) -> None:
    found: list[Frame] = []
    with reading(amqp_uri, "first", found), Sending(amqp_uri, tmp_path) as sender:
        sender.report(AREA, readings(*range(100)), ControllerSeen("xinhua-rtu", "fast", 99_000))
        sender.report(OTHER_AREA, readings(5))
        eventually(lambda: len(values(found)) == 100 and len(values(found, OTHER_AREA)) == 1, 10)
    frame = next(frame for frame in found if frame.area == AREA)
    assert ("flood/flood-1/s", "flood", 7, 1) == (frame.source, frame.trade, frame.epoch, frame.seq)
    assert [ControllerSeen("xinhua-rtu", "fast", 99_000)] == list(frame.controllers)
    assert Row("xinhua", "level_wet_well", 0.0, "good", 0, 0) == frame.rows[0]
    assert round(NOON.timestamp() * 1_000_000) == frame.sent_us


def test_a_reader_starts_from_a_moment_from_an_offset_or_from_the_end(amqp_uri: str, tmp_path: Path) -> None:
    everything: list[Frame] = []
    offsets: list[int] = []
    with Sending(amqp_uri, tmp_path) as sender, reading(amqp_uri, "first", everything, offsets):
        for number in range(10):
            sender.report(AREA, readings(number))
            eventually(lambda number=number: len(everything) == number + 1, 5)
        recent: list[Frame] = []
        with reading(amqp_uri, datetime.now(UTC) - timedelta(minutes=2), recent):
            eventually(lambda: values(recent) == values(everything), 5)
        later: list[Frame] = []
        with reading(amqp_uri, offsets[4], later):
            eventually(lambda: values(later) == values(everything)[4:], 5)
        live: list[Frame] = []
        with reading(amqp_uri, "next", live):
            eventually(lambda: (sender.report(AREA, readings(99)), live)[1], 5)
        assert 0.99 == values(live)[0]
    assert [frame.seq for frame in everything] == list(range(1, len(everything) + 1))


def test_a_reader_that_is_ahead_of_the_stream_begins_anew(amqp_uri: str, tmp_path: Path) -> None:
    told: list[Frame] = []
    offsets: list[int] = []
    with Sending(amqp_uri, tmp_path) as sender, reading(amqp_uri, "first", told, offsets):
        for number in range(3):
            sender.report(AREA, readings(number))
            eventually(lambda number=number: len(told) == number + 1, 5)
        behind: list[Frame] = []
        with reading(amqp_uri, offsets[-1] + 1, behind) as place:
            sender.report(AREA, readings(3))
            eventually(lambda: values(behind) == [0.03], 10)
            assert 0 == place.missed
        another: list[Frame] = []
        with reading(amqp_uri, 10_000, another) as place:  # as after the loss of the broker's disk
            eventually(lambda: values(another) == values(told), 20)
            assert 1 == place.missed


def test_readings_wait_in_the_spool_while_the_broker_is_away(mortal_broker: Brokers, tmp_path: Path) -> None:
    uri = mortal_broker.uri(mortal_broker.new_vhost())
    declared(uri)
    sending = Sending(uri, tmp_path)
    found: list[Frame] = []
    with sending as sender, reading(uri, "first", found) as reader:
        sender.report(AREA, readings(0))
        eventually(lambda: values(found) == [0.0], 10)
        mortal_broker.kill()
        for number in range(1, 6):
            sender.report(AREA, readings(number))
            eventually(lambda number=number: sender.spooled >= number, 15)
        mortal_broker.node.start()
        eventually(lambda: sender.spooled == 0, 20)
        sender.report(AREA, readings(6))
        eventually(lambda: len(values(found)) == 7, 20)
        assert [number / 100 for number in range(7)] == values(found)
        assert 0 == reader.duplicates
    assert [] == sending.lost


def test_a_full_spool_is_accounted_for_when_the_broker_is_back(mortal_broker: Brokers, tmp_path: Path) -> None:
    uri = mortal_broker.uri(mortal_broker.new_vhost())
    declared(uri)
    mortal_broker.kill()
    sending = Sending(uri, tmp_path, bytes_max=400)
    with sending as sender:
        sent = 0

        def full() -> bool:
            nonlocal sent
            sent += 1
            sending.clock.advance(1)
            sender.report(AREA, readings(sent))
            return bool(sender._losses)

        eventually(full, 30)
        kept = len(sending.spool)
        mortal_broker.node.start()
        eventually(lambda: sending.lost, 20)
    lost = sending.lost[0]
    assert AREA == lost.area
    assert 1 <= lost.batches <= sent - kept
    assert NOON.timestamp() * 1_000_000 < lost.from_us <= lost.to_us
