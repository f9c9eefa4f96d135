"""Events wait in the service's own database, written with the state they tell about, until the broker has taken them.

`seq` is given in that transaction, one by one for each (source, subject). The source ends with the id of the store, so
that a service that lost its database is a new source and not one that repeats old numbers.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog
from alembic import op
from sqlalchemy.orm import Session

from shared.bus.publisher import Outgoing, Publisher
from shared.bus.topology import EVENTS, event_key
from shared.clock import Clock
from shared.contracts.codec import encode
from shared.contracts.envelope import CONTENT_TYPE, Envelope, TypeName
from shared.contracts.message import Event
from shared.database import OUTBOX_WRITTEN, DatabaseThread
from shared.errors import Unavailable

WINDOW_MAX = 200
"""Rows that are sent between two confirms: 200 give 16,000 messages a second on a quorum queue."""
LOOK_EVERY_S = 1.0
"""The relay is woken by each commit; this is for what another process or an outage left behind."""
RETRY_S_MAX = 5.0

log = structlog.get_logger()

_metadata = sa.MetaData()
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_stores = sa.Table("outbox_store", _metadata, sa.Column("id", sa.String(36), primary_key=True))
_sequences = sa.Table(
    "outbox_sequence",
    _metadata,
    sa.Column("instance", sa.String(100), primary_key=True),
    sa.Column("subject", sa.String(200), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
_rows = sa.Table(
    "outbox",
    _metadata,
    sa.Column("position", _BIG, primary_key=True, autoincrement=True),
    sa.Column("instance", sa.String(100), nullable=False),
    sa.Column("routing_key", sa.String(255), nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("outbox_by_instance", "instance", "position"),
    sqlite_autoincrement=True,
)

_moved = sa.Table(
    "outbox_moved",
    _metadata,
    sa.Column("run_id", sa.String(36), primary_key=True),
    sa.Column("instance", sa.String(100), nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
)


def create_outbox_v1() -> None:
    """For a service's first migration."""
    _metadata.create_all(op.get_bind())


@dataclass(frozen=True, slots=True)
class Cause:
    """What led to an event: `correlation_id` is the same all the way, `causation_id` names the message before it."""

    correlation_id: str
    causation_id: str | None = None

    @classmethod
    def of(cls, envelope: Envelope) -> Cause:
        return cls(envelope.correlation_id, envelope.id)


_find_store = sa.select(_stores.c.id)
_raise_seq = (
    sa.update(_sequences)
    .where((_sequences.c.instance == sa.bindparam("of")) & (_sequences.c.subject == sa.bindparam("about")))
    .values(seq=_sequences.c.seq + 1)
    .returning(_sequences.c.seq)
)
_first_seq = sa.insert(_sequences)
_add_row = sa.insert(_rows)
_forget_rows = sa.delete(_rows).where(
    (_rows.c.instance == sa.bindparam("of")) & (_rows.c.position <= sa.bindparam("last"))
)
_read_rows = (
    sa.select(_rows.c.position, _rows.c.routing_key, _rows.c.body)
    .where(_rows.c.instance == sa.bindparam("of"))
    .order_by(_rows.c.position)
    .limit(WINDOW_MAX)
)


class Outbox:
    """Writes events of one instance of a service, inside whatever transaction the session is in."""

    def __init__(self, service: str, instance: str, clock: Clock) -> None:
        self._service = service
        self._instance = instance
        self._clock = clock
        self._store: str | None = None

    def add(
        self,
        session: Session,
        event: Event,
        cause: Cause | None = None,
        *,
        event_id: str | None = None,
        time: datetime | None = None,
    ) -> Envelope:
        """Leave the event to be sent after the commit. `time` is when it happened, now unless it waited elsewhere."""
        identity = event_id or uuid.uuid4().hex
        envelope = Envelope(
            id=identity,
            source=f"{self._service}/{self._instance}/{self._store_id(session)}",
            subject=event.area,
            type=TypeName.of(self._service, type(event)),
            time=time or self._clock.now(),
            correlation_id=cause.correlation_id if cause else identity,
            causation_id=cause.causation_id if cause else None,
            seq=self._next_seq(session, event.area),
        )
        session.execute(
            _add_row,
            {
                "instance": self._instance,
                "routing_key": event_key(event.area, self._service, envelope.type.name),
                "body": encode(event, envelope),
            },
        )
        session.info[OUTBOX_WRITTEN] = True
        return envelope

    def moved_up_to(self, session: Session, run_id: str) -> int:
        """The number of the last event that was moved here out of the emitter's file of that run, 0 at first."""
        return session.scalar(sa.select(_moved.c.number).where(_moved.c.run_id == run_id)) or 0

    def mark_moved(self, session: Session, run_id: str, number: int) -> None:
        """Remember it, and forget the runs before this one: their part of the file has been read to its end."""
        session.execute(sa.delete(_moved).where(_moved.c.instance == self._instance))
        session.execute(sa.insert(_moved).values(run_id=run_id, instance=self._instance, number=number))

    def _store_id(self, session: Session) -> str:
        if self._store is None:
            found = session.scalar(_find_store)
            if found is None:
                found = uuid.uuid4().hex[:12]
                session.execute(sa.insert(_stores).values(id=found))
                return found  # not remembered: this transaction may yet be rolled back
            self._store = found
        return self._store

    def _next_seq(self, session: Session, subject: str) -> int:
        seq = session.scalar(_raise_seq, {"of": self._instance, "about": subject})
        if seq is None:
            seq = 1
            session.execute(_first_seq, {"instance": self._instance, "subject": subject, "seq": seq})
        return int(seq)


_Row = tuple[int, str, bytes]
"""Position, routing key, body."""


class Relay:
    """One thread that sends what is in the outbox, in order, and forgets what the broker has confirmed.

    It survives the broker's and the database's absence. A window that was not confirmed is sent again whole: readers
    know what they have had by its seq.
    """

    def __init__(self, uri: str, instance: str, database: DatabaseThread) -> None:
        self._instance = instance
        self._database = database
        self._publisher = Publisher(uri, f"{instance} relay")
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._outage: str | None = None
        database.on_outbox(self._wake.set)

    @property
    def outage(self) -> str | None:
        """Why events wait, None while they do not."""
        return self._outage

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float = 3.0) -> None:
        """Sends what is there if it can, within this time."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(within_s)
        self._publisher.close()

    def _run(self) -> None:
        pause_s = 0.0
        while True:
            self._wake.wait(pause_s or LOOK_EVERY_S)
            if pause_s and not self._stopping.is_set():
                self._stopping.wait(pause_s)
            self._wake.clear()
            last = self._stopping.is_set()
            pause_s = 0.0 if self._send_all() else min(max(pause_s * 2, 0.1), RETRY_S_MAX)
            if last:
                return

    def _send_all(self) -> bool:
        """False when something is away."""
        try:
            window = self._database.run(self._read)
            while window:
                self._publisher.publish([Outgoing(EVENTS, key, body, CONTENT_TYPE) for _, key, body in window])
                window = self._next_window(window[-1][0])
            self._publisher.beat()
        except Unavailable as error:
            say = log.warning if self._outage is None else log.debug
            say("events wait in the outbox", code=error.code, detail=str(error))
            self._outage = error.code
            return False
        except Exception:
            log.exception("defect in the relay")
            self._outage = "defect"
            return False
        if self._outage is not None:
            self._outage = None
            log.info("events leave the outbox again")
        return True

    def _next_window(self, sent: int) -> list[_Row]:
        """Forget what the broker has, and see what has come meanwhile."""

        def work(session: Session) -> list[_Row]:
            session.execute(_forget_rows, {"of": self._instance, "last": sent})
            return self._read(session)

        return self._database.run(work)

    def _read(self, session: Session) -> list[_Row]:
        return [tuple(row) for row in session.execute(_read_rows, {"of": self._instance})]


def count_waiting(session: Session) -> int:
    """How many events have not left yet, for the health page."""
    return session.scalar(sa.select(sa.func.count()).select_from(_rows)) or 0
