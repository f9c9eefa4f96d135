"""Small things the bus tests share: a database on plain threads, events to send, raw looks at a broker."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from amqp.exceptions import NotFound

from shared.bus.connection import Link, declare, declare_shared
from shared.bus.outbox import Outbox
from shared.bus.publisher import Outgoing, Publisher
from shared.bus.topology import EVENTS, PARKED, SHARED_QUEUES, Queue, event_key
from shared.clock import FakeClock
from shared.contracts.codec import Letter, encode, open_letter
from shared.contracts.envelope import CONTENT_TYPE, Envelope, TypeName
from shared.contracts.field import ConditionRaised
from shared.database import DatabaseThread, sqlite_engine

MIGRATIONS = Path(__file__).parent / "migrations"
AREA = "tangshan/lubei/xinhuadao"
OTHER_AREA = "tangshan/lunan/nanhu"
NOON = datetime(2026, 7, 29, 12, 0, tzinfo=UTC)
applied = sa.table("applied", sa.column("id"), sa.column("n"))


def database_in(directory: Path) -> DatabaseThread:
    return DatabaseThread(sqlite_engine(directory / "service.sqlite"), MIGRATIONS)


def raised(number: int, area: str = AREA) -> ConditionRaised:
    return ConditionRaised(
        area=area,
        trade="flood",
        asset="xinhua",
        condition=f"c{number}",
        priority=2,
        params={"number": number},
        taken_at=NOON,
    )


def outbox(instance: str = "flood-1") -> Outbox:
    return Outbox("flood", instance, FakeClock(NOON))


def letter_bytes(number: int, area: str = AREA, *, seq: int | None = None) -> bytes:
    envelope = Envelope(
        id=f"e{number}",
        source="flood/flood-1/s",
        subject=area,
        type=TypeName.of("flood", ConditionRaised),
        time=NOON,
        correlation_id=f"e{number}",
        seq=number if seq is None else seq,
    )
    return encode(raised(number, area), envelope)


def publish_events(uri: str, bodies: list[bytes], area: str = AREA) -> None:
    publisher = Publisher(uri, "test")
    key = event_key(area, "flood", "condition_raised")
    publisher.publish([Outgoing(EVENTS, key, body, CONTENT_TYPE) for body in bodies])
    publisher.close()


def declared(uri: str, *queues: Queue) -> None:
    link = Link(uri, "test")
    declare_shared(link, *SHARED_QUEUES)
    channel = link.channel()
    for queue in queues:
        declare(channel, queue)
    link.close()


def fetch(uri: str, queue: str) -> list[Any]:
    """Take whatever is in a queue now. (A single active consumer's queue can only be consumed, not asked.)"""
    link = Link(uri, "test")
    channel = link.channel()
    found: list[Any] = []
    waiting: int = channel.queue_declare(queue, passive=True).message_count
    channel.basic_consume(queue, no_ack=True, callback=found.append)
    while len(found) < waiting:
        link.drain(1)
    link.close()
    return found


def depth(uri: str, queue: str) -> int:
    link = Link(uri, "test")
    count: int = link.channel().queue_declare(queue, passive=True).message_count
    link.close()
    return count


def is_there(uri: str, queue: str) -> bool:
    link = Link(uri, "test")
    try:
        link.channel().queue_declare(queue, passive=True)
    except NotFound:
        return False
    else:
        return True
    finally:
        link.close()


def parked(uri: str) -> list[Any]:
    return fetch(uri, PARKED)


def letters(raws: list[Any]) -> list[Letter]:
    return [open_letter(bytes(raw.body)) for raw in raws]
