"""Writes what the telemetry stream says: rows, offset and last seqs in one transaction, so each reading counts once.

Whatever happens in the middle, the stream is read again from what was committed. While the database is away nothing is
read, and the stream keeps it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import structlog

from services.history.archive import catalogue
from services.history.archive.catalogue import Gap, Position
from services.history.archive.collector import Batch, Collector, Known
from services.history.archive.readings import Readings
from services.history.archive.tables import HOUR_US, READING
from services.history.domain.expectation import Expectation
from shared.bus.frames import Frame
from shared.bus.telemetry import BatchIdentity, StreamPlace
from shared.database import DatabaseThread, Session
from shared.errors import Unavailable

ROWS_MAX = 20_000
"""Readings of one transaction."""
WAIT_S = 0.5
"""So long readings wait for others to be written with them, wall time."""
RETRY_S = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Portion:
    batch: Batch
    before: Position
    after: Position
    seen: dict[BatchIdentity, int]
    gap: Gap | None


class ArchiveWriter:
    """What a StreamReader calls, and one thread that writes: while it does, the next rows are collected."""

    def __init__(
        self, database: DatabaseThread, readings: Readings, expected: Callable[[str, str], Expectation], city: str
    ) -> None:
        self._database = database
        self._readings = readings
        self._expected = expected
        self._city = city
        self._collector: Collector | None = None
        self._place = StreamPlace("first")
        self._reached = Position()
        """Of what is collected; `_seen` are its last seqs."""
        self._handed = Position()
        self._seen: dict[BatchIdentity, int] = {}
        self._gap: Gap | None = None
        self._since_s: float | None = None
        self._portions: queue.Queue[_Portion] = queue.Queue(maxsize=1)
        self._lost = self._site_changed = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="archive writer", daemon=True)
        self.committed = Position()
        """As far as we know."""
        self.outage: str | None = None
        """The code of what keeps us from writing."""

    @property
    def has_written_all(self) -> bool:
        """All that came; more of it may be in the stream."""
        return self.committed.taken == self._reached.taken

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float = 3.0) -> None:
        """What is not written yet stays in the stream."""
        self._stopping.set()
        self._thread.join(within_s)

    def expect_anew(self) -> None:
        """The site was changed. By any thread: what comes next is kept as it says now."""
        self._site_changed = True

    def place(self) -> StreamPlace:
        """Where the stream is to be read from. Raises Unavailable when the database cannot tell."""
        self._portions.join()
        position, last_seq, known = self._database.run(self._load)
        self._collector = Collector(known, self._expected)
        self._reached = self._handed = self.committed = position
        self._seen, self._gap, self._since_s, self._lost = {}, None, None, False
        self._place = StreamPlace("first" if position.taken < 0 else position.taken + 1, last_seq)
        return self._place

    def on_frame(self, frame: Frame, offset: int) -> None:
        """Blocks while the database is slower than the stream. Raises Unavailable when it is to be opened anew."""
        assert self._collector is not None
        if self._site_changed:
            self._site_changed = False
            self._collector.expect_anew()
        reached = self._reached
        if self._place.missed:
            self._gap = self._missed(frame, reached)
        self._collector.add(frame)
        self._seen[frame.source, frame.area, frame.epoch] = frame.seq
        self._reached = Position(offset, max(reached.head_us, frame.sent_us), reached.rows)
        self._since_s = self._since_s or time.monotonic()
        if self._collector.count >= ROWS_MAX:
            self._hand_over()
        else:
            self.on_pause()

    def on_pause(self) -> None:
        """Write what has waited long enough."""
        if self._since_s is not None and time.monotonic() - self._since_s >= WAIT_S:
            self._hand_over()
        if self._lost:
            raise Unavailable("archive_moved")

    def _hand_over(self) -> None:
        assert self._collector is not None
        count = self._collector.count
        after = Position(self._reached.taken, self._reached.head_us, self._handed.rows + count)
        portion = _Portion(self._collector.taken(), self._handed, after, self._seen, self._gap)
        self._seen, self._gap, self._since_s = {}, None, None
        self._handed = after
        while not self._stopping.is_set() and not self._lost:
            try:
                self._portions.put(portion, timeout=WAIT_S)
            except queue.Full:
                continue
            return

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                portion = self._portions.get(timeout=WAIT_S)
            except queue.Empty:
                continue
            try:
                self._write_until_done(portion)
            except Exception:
                log.exception("defect in the archive writer")
                self._lost = True
            finally:
                self._portions.task_done()

    def _write_until_done(self, portion: _Portion) -> None:
        while not self._lost and not self._stopping.is_set():
            try:
                moved = self._database.run(lambda session: self._write(session, portion))
            except Unavailable as error:
                if self.outage is None:
                    log.warning("readings wait in the stream", code=error.code, detail=str(error))
                self.outage = error.code
                self._stopping.wait(RETRY_S)
                continue
            if self.outage is not None:
                self.outage = None
                log.info("readings are written again")
            if moved:
                self.committed = portion.after
            else:
                log.warning("the archive was written by another hand", taken=portion.before.taken)
                self._lost = True
            return

    def _write(self, session: Session, portion: _Portion) -> bool:
        batch, after = portion.batch, portion.after
        if not catalogue.move_position(session, portion.before, after):
            session.rollback()
            return False
        catalogue.add_series(session, batch.new_series)
        catalogue.add_qualities(session, batch.new_qualities)
        catalogue.note_seen(session, portion.seen, after.head_us)
        if portion.gap is not None:
            catalogue.add_gap(session, portion.gap)
        rows = [rows for rows in (batch.rows, batch.late) if len(rows)]
        if not rows:
            return True
        hours = np.unique(np.concatenate([each.at_us // HOUR_US for each in rows])) * HOUR_US
        for start_us in np.unique(hours // READING.partition_us) * READING.partition_us:
            self._readings.make_room(session, READING, int(start_us), int(start_us) + 1)
        if len(batch.rows):
            self._readings.add(session, batch.rows)
        if len(batch.late):
            self._readings.put(session, batch.late)
        rolled = catalogue.note_hours(session, hours.tolist())
        for start_us in rolled:
            touched = [each.series[each.at_us // HOUR_US * HOUR_US == start_us] for each in rows]
            catalogue.note_due(session, ((start_us, series) for series in np.unique(np.concatenate(touched)).tolist()))
        return True

    def _load(self, session: Session) -> tuple[Position, dict[BatchIdentity, int], Known]:
        series = catalogue.load_series(session)
        last_us = self._readings.last_us(session, [each.id for each in series.values()])
        known = Known(series, catalogue.load_qualities(session), last_us)
        return catalogue.load_position(session), catalogue.load_last_seq(session), known

    def _missed(self, frame: Frame, reached: Position) -> Gap:
        """The stream no longer had what came after the last that we read."""
        missed, self._place.missed = self._place.missed, 0
        log.warning("the stream was removed before it was read", after=reached.taken, batches=missed)
        return Gap(
            event_id=f"stream/{reached.taken + 1}/{frame.sent_us}",
            area=self._city,
            trade="",
            controller="",
            cause=catalogue.HISTORY,
            from_us=reached.head_us,
            to_us=frame.sent_us,
            batches_lost=missed,
        )
