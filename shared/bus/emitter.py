"""How a control loop says what happened without ever waiting: a file first, the outbox as soon as it can.

`emit` appends to a bounded file and returns. One thread moves its records, in order, into the outbox; while the
database is away they wait there, over a restart too. Each is moved once: its number is kept in the same transaction.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import orjson
import structlog

from shared.bus.outbox import Cause, Outbox
from shared.bus.spool import Spool
from shared.clock import Clock
from shared.contracts.codec import decode, encode, open_letter
from shared.contracts.envelope import Envelope, TypeName
from shared.contracts.message import Event
from shared.database import DatabaseThread, Session
from shared.errors import Malformed, Unavailable

MOVED_MAX = 100
RETRY_S_MAX = 5.0

log = structlog.get_logger()


class Emitter:
    """`on_overflow` is called when the file has room again after events did not fit: what stands must be told anew."""

    def __init__(
        self,
        service: str,
        *,
        database: DatabaseThread,
        outbox: Outbox,
        spool: Spool,
        clock: Clock,
        on_overflow: Callable[[], None],
        fold: Callable[[Session, Event, datetime], None] | None = None,
    ) -> None:
        self._service = service
        self._fold = fold
        self._database = database
        self._outbox = outbox
        self._spool = spool
        self._clock = clock
        self._on_overflow = on_overflow
        self._said = len(spool)
        self._moved = 0
        self._run_id = uuid.uuid4().hex[:12]
        self._number = 0
        self._lock = threading.Lock()
        self._overflowed = 0
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="emitter", daemon=True)

    @property
    def waiting(self) -> int:
        return len(self._spool)

    @property
    def said(self) -> int:
        """How many events came into the file, with those that an earlier run left in it."""
        return self._said

    @property
    def moved(self) -> int:
        """How many of them, the oldest first, are in the outbox and folded into the tables."""
        return self._moved

    def emit(self, events: Sequence[Event], cause: Cause | None = None, *, at: datetime | None = None) -> None:
        """Never waits and never fails; the envelope's time is `at`, when it was held back, else now."""
        now = at or self._clock.now()
        with self._lock:
            for event in events:
                self._number += 1
                identity = uuid.uuid4().hex
                envelope = Envelope(
                    id=identity,
                    source=self._service,
                    subject=event.area,
                    type=TypeName.of(self._service, type(event)),
                    time=now,
                    correlation_id=cause.correlation_id if cause else identity,
                    causation_id=cause.causation_id if cause else None,
                    seq=self._number,
                )
                record = orjson.dumps([self._run_id, self._number, encode(event, envelope).decode()])
                if self._spool.append(record):
                    self._said += 1
                else:
                    self._overflowed += 1
        self._wake.set()

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float = 3.0) -> None:
        self._stopping.set()
        self._wake.set()
        self._thread.join(within_s)
        self._spool.close()

    def _run(self) -> None:
        pause_s = 0.0
        while not self._stopping.is_set() or (self.waiting and not pause_s):
            if pause_s:
                self._stopping.wait(pause_s)
            else:
                self._wake.wait(1.0)
            self._wake.clear()
            pause_s = 0.0 if self._move_all() else min(max(pause_s * 2, 0.1), RETRY_S_MAX)

    def _move_all(self) -> bool:
        """False when something is away."""
        try:
            while records := self._spool.peek(MOVED_MAX):
                batch = [entry for entry in map(_read, records) if entry is not None]
                self._database.run(partial(self._move, batch))
                self._spool.forget(len(records))
                self._moved += len(records)
        except Unavailable as error:
            log.debug("events wait in a file", code=error.code, waiting=self.waiting)
            return False
        except Exception:
            log.exception("defect while moving events to the outbox")
            return False
        if self._overflowed:
            lost, self._overflowed = self._overflowed, 0
            log.error("events were lost: the file was full", events=lost)
            self._on_overflow()
        return True

    def _move(self, batch: list[_Entry], session: Session) -> None:
        run_id, last = None, 0
        for entry in batch:
            if entry.run_id != run_id:
                run_id, last = entry.run_id, self._outbox.moved_up_to(session, entry.run_id)
            if entry.number > last:
                last = entry.number
                envelope = entry.envelope
                cause = Cause(envelope.correlation_id, envelope.causation_id)
                self._outbox.add(session, entry.event, cause, event_id=envelope.id, time=envelope.time)
                if self._fold is not None:
                    self._fold(session, entry.event, envelope.time)
                self._outbox.mark_moved(session, entry.run_id, last)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One event of the file; `run_id` and `number` are its identity over restarts."""

    run_id: str
    number: int
    event: Event
    envelope: Envelope


def _read(record: bytes) -> _Entry | None:
    run_id, number, text = orjson.loads(record)
    try:
        letter = open_letter(text.encode())
        event = decode(letter)
    except Malformed as error:
        log.error("an event in the file was written by another build and cannot be read", detail=str(error))
        return None
    assert isinstance(event, Event)
    return _Entry(run_id, number, event, letter.envelope)
