from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from shared.bus.consumer import Consumer, Dispatch, Parked
from shared.bus.emitter import Emitter
from shared.bus.inbox import Inbox
from shared.bus.outbox import Cause, Relay, count_waiting
from shared.bus.spool import Spool
from shared.bus.topology import event_queue
from shared.clock import FakeClock
from shared.contracts.envelope import Envelope
from shared.contracts.field import ConditionRaised
from shared.database import DatabaseThread, sqlite_engine
from tests.integration.bus.rig import (
    AREA,
    MIGRATIONS,
    NOON,
    OTHER_AREA,
    applied,
    database_in,
    declared,
    fetch,
    letter_bytes,
    letters,
    outbox,
    raised,
)
from tests.integration.conftest import Brokers, let_queues_settle
from tests.waiting import eventually

QUEUE = event_queue("alarms", AREA)


def test_events_leave_in_order_with_one_sequence_an_area(engine: sa.Engine, amqp_uri: str) -> None:
    declared(amqp_uri, QUEUE, event_queue("alarms", OTHER_AREA))
    database = DatabaseThread(engine, MIGRATIONS)
    relay, box = Relay(amqp_uri, "flood-1", database), outbox()
    relay.start()

    def save(session: Session, number: int) -> None:
        box.add(session, raised(number), Cause("c", "before"))
        box.add(session, raised(number, OTHER_AREA))

    for number in range(1, 301):
        database.run(lambda session, number=number: save(session, number))
    eventually(lambda: database.run(count_waiting) == 0, 10)
    relay.stop()
    for queue in (QUEUE, event_queue("alarms", OTHER_AREA)):
        found = letters(fetch(amqp_uri, queue.name))
        assert list(range(1, 301)) == [letter.envelope.seq for letter in found]
        assert [f"c{n}" for n in range(1, 301)] == [letter.data["condition"] for letter in found]
        assert 1 == len({letter.envelope.source for letter in found})
    assert found[0].envelope.source.startswith("flood/flood-1/")
    database.close()


def test_a_rolled_back_event_leaves_no_hole(engine: sa.Engine) -> None:
    database, box = DatabaseThread(engine, MIGRATIONS), outbox()

    def fail(session: Session) -> None:
        box.add(session, raised(1))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.run(fail)
    envelopes = [database.run(lambda session: box.add(session, raised(2))) for _ in range(2)]
    assert [1, 2] == [envelope.seq for envelope in envelopes]
    assert envelopes[0].source == envelopes[1].source
    database.close()


def test_each_instance_sends_its_own_events(engine: sa.Engine, amqp_uri: str) -> None:
    declared(amqp_uri, QUEUE)
    database = DatabaseThread(engine, MIGRATIONS)
    for instance in ("flood-1", "flood-2"):
        database.run(lambda session, instance=instance: outbox(instance).add(session, raised(1)))
    relay = Relay(amqp_uri, "flood-2", database)
    relay.start()
    found = eventually(lambda: fetch(amqp_uri, QUEUE.name), 5)
    relay.stop()
    assert ["flood-2"] == [letter.envelope.source.split("/")[1] for letter in letters(found)]
    assert 1 == database.run(count_waiting)
    database.close()


class Applying:
    """A reader with an inbox that counts how often each event was applied."""

    def __init__(self, uri: str, directory: Path) -> None:
        self.database = database_in(directory)
        self.gaps: list[int] = []
        self.inbox = Inbox(lambda _session, _envelope, missing: self.gaps.append(missing))
        self.parked: list[Parked] = []
        self.consumer = Consumer(uri, QUEUE, Dispatch({ConditionRaised: self.hear}), on_parked=self.parked.append)

    def hear(self, event: ConditionRaised, envelope: Envelope) -> None:
        self.database.run(lambda session: self.apply(session, event, envelope))

    def apply(self, session: Session, event: ConditionRaised, envelope: Envelope) -> None:
        if not self.inbox.accept(session, envelope):
            return
        changed = session.execute(
            sa.update(applied).where(applied.c.id == event.condition).values(n=applied.c.n + 1).returning(applied.c.id)
        )
        if changed.scalar() is None:
            session.execute(sa.insert(applied).values(id=event.condition, n=1))

    def counts(self) -> dict[str, int]:
        return dict(self.database.run(lambda session: [tuple(row) for row in session.execute(sa.select(applied))]))


def test_a_broker_killed_in_mid_storm_loses_nothing_and_nothing_is_applied_twice(
    mortal_broker: Brokers, tmp_path: Path
) -> None:
    uri = mortal_broker.uri(mortal_broker.new_vhost())
    reader = Applying(uri, tmp_path / "reader")
    database, box = database_in(tmp_path / "writer"), outbox()
    relay = Relay(uri, "flood-1", database)
    declared(uri, QUEUE, event_queue("history", AREA))
    reader.consumer.start()
    relay.start()
    let_queues_settle()
    for number in range(600):
        database.run(lambda session, number=number: box.add(session, raised(number)))
        if number == 200:
            eventually(lambda: len(reader.counts()) > 100, 10)
            mortal_broker.node.kill()
        if number == 400:
            eventually(lambda: relay.outage is not None, 10)
            mortal_broker.node.start()
    eventually(lambda: len(reader.counts()) == 600, 40)
    assert {f"c{n}": 1 for n in range(600)} == reader.counts()
    assert [] == reader.parked
    assert [] == reader.gaps
    assert relay.outage is None
    reader.consumer.stop()
    relay.stop()
    reader.database.close()
    database.close()


class TestInbox:
    def accept(self, engine: sa.Engine, *sequence: int, source: str = "flood/flood-1/s") -> list[tuple[bool, int]]:
        database = DatabaseThread(engine, MIGRATIONS)
        found = []
        for seq in sequence:
            gaps: list[int] = []
            inbox = Inbox(lambda _session, _envelope, missing, gaps=gaps: gaps.append(missing))
            envelope = letters([_Raw(seq)])[0].envelope
            assert envelope.source == source
            accepted = database.run(lambda session, inbox=inbox, envelope=envelope: inbox.accept(session, envelope))
            found.append((accepted, sum(gaps)))
        database.close()
        return found

    def test_duplicates_are_known_and_gaps_are_told(self, engine: sa.Engine) -> None:
        expected = [(True, 0), (True, 0), (False, 0), (False, 0), (True, 2), (False, 0), (True, 0)]
        assert expected == self.accept(engine, 1, 2, 2, 1, 5, 3, 6)

    def test_a_source_first_heard_in_the_middle_is_a_gap(self, engine: sa.Engine) -> None:
        assert [(True, 56)] == self.accept(engine, 57)

    def test_messages_without_a_sequence_are_told_apart_by_their_id(self, engine: sa.Engine) -> None:
        database, inbox = DatabaseThread(engine, MIGRATIONS), Inbox()
        envelope = letters([_Raw(0)])[0].envelope
        assert database.run(lambda session: inbox.accept(session, envelope))
        assert not database.run(lambda session: inbox.accept(session, envelope))
        later = replace(envelope, id="another", time=NOON.replace(month=12))
        assert database.run(lambda session: inbox.accept(session, later))
        assert database.run(lambda session: inbox.accept(session, envelope)), "forgotten after a week"
        database.close()


class TestEmitter:
    def emitter(
        self, tmp_path: Path, database: DatabaseThread, bytes_max: int = 1_000_000
    ) -> tuple[Emitter, list[int]]:
        overflows: list[int] = []
        emitter = Emitter(
            "flood",
            database=database,
            outbox=outbox(),
            spool=Spool(tmp_path / "events.spool", bytes_max),
            clock=FakeClock(NOON),
            on_overflow=lambda: overflows.append(1),
        )
        return emitter, overflows

    def test_events_wait_in_the_file_while_the_database_is_away(self, tmp_path: Path, amqp_uri: str) -> None:
        declared(amqp_uri, QUEUE)
        blocked = tmp_path / "data"
        database = database_in(blocked)
        with sqlite_engine(blocked / "service.sqlite").begin():  # somebody holds the file
            emitter, _ = self.emitter(tmp_path, database)
            for number in range(250):
                emitter.emit([raised(number)], Cause("click", "before"))
            assert 250 == emitter.waiting
        emitter.start()
        relay = Relay(amqp_uri, "flood-1", database)
        relay.start()
        eventually(lambda: emitter.waiting == 0 and database.run(count_waiting) == 0, 20)
        found = letters(fetch(amqp_uri, QUEUE.name))
        assert [(n + 1, f"c{n}") for n in range(250)] == [(each.envelope.seq, each.data["condition"]) for each in found]
        assert ("click", "before") == (found[0].envelope.correlation_id, found[0].envelope.causation_id)
        emitter.stop()
        relay.stop()
        database.close()

    def test_what_a_killed_process_left_is_moved_once_by_the_next(self, tmp_path: Path) -> None:
        database = database_in(tmp_path)
        first, _ = self.emitter(tmp_path, database)
        first.emit([raised(n) for n in range(5)])
        records = (tmp_path / "events.spool").read_bytes()
        first.start()
        eventually(lambda: first.waiting == 0, 5)
        first.stop()
        (tmp_path / "events.spool").write_bytes(records)  # it died between the commit and cutting the file
        second, _ = self.emitter(tmp_path, database)
        second.emit([raised(5)])
        second.start()
        eventually(lambda: second.waiting == 0, 5)
        second.stop()
        assert 6 == database.run(count_waiting)
        database.close()

    def test_a_full_file_is_accounted_for(self, tmp_path: Path) -> None:
        database = database_in(tmp_path)
        emitter, overflows = self.emitter(tmp_path, database, bytes_max=1000)
        emitter.emit([raised(n) for n in range(5)])
        assert 1 == emitter.waiting
        emitter.start()
        eventually(lambda: overflows == [1], 5)
        emitter.stop()
        database.close()


class _Raw:
    def __init__(self, seq: int) -> None:
        self.body = letter_bytes(seq, seq=seq)
