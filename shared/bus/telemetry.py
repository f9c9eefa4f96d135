"""Readings on their way to whoever watches: batched, published to the stream, spooled while the broker is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import structlog

from shared.bus.batch import Batch
from shared.bus.connection import BrokerLoop, Link, declare_shared
from shared.bus.frames import CONTENT_TYPE, ControllerSeen, Frame, Numbers, Readings, decode_frame, encode_frame
from shared.bus.publisher import Outgoing, Publisher
from shared.bus.spool import Spool
from shared.bus.topology import TELEMETRY, TELEMETRY_STREAM
from shared.clock import Clock
from shared.errors import Malformed, Unavailable

BATCH_S = 0.03
"""So long after the first reading of a frame the others are waited for, wall time: what is polled together travels
together, and 100 readings in a message cost a tenth of a hundred messages."""
LOOK_S = 0.5
"""So often it is looked whether the broker is back, and whether to say that we live, when nothing is read."""
WINDOW_MAX = 100
RETRY_S = 1.0
BEAT_S = 2.0
STREAM_PREFETCH = 200
PAUSE_S = 0.5
EMPTY_S = 5.0
"""A stream of which nothing comes for so long is empty, wall time;"""
END_S = 1.0
"""and one that told something and tells no more for so long has come to its end."""
OWN_OFFSETS_MAX = 50
"""The broker numbers notes of its own among the messages, one at the begin of a segment; what is removed is whole
segments, which hold hundreds."""
ROWS_WAITING_MAX = 200_000
"""Readings that may wait in memory for the sender; more can only mean that it is stuck, and are lost, accounted."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Lost:
    """Batches of one area that could not be kept until the broker was back; times are city time.

    `cause`: the broker was away for longer than the spool has room, or the disk would not take them.
    """

    area: str
    cause: Literal["broker", "disk_full"]
    batches: int
    from_us: int
    to_us: int


class TelemetrySender:
    """Collects the readings of all areas of one owner; one thread sends them."""

    def __init__(
        self, uri: str, *, source: str, trade: str, spool: Spool, clock: Clock, on_lost: Callable[[Lost], None]
    ) -> None:
        self._source = source
        self._trade = trade
        self._spool = spool
        self._clock = clock
        self._on_lost = on_lost
        self._lock = threading.Lock()
        self._batches: dict[str, Batch] = {}
        self._waiting = 0
        self._losses: dict[tuple[str, str], Lost] = {}
        self._publisher = Publisher(uri, f"{source} telemetry", TELEMETRY_STREAM)
        self._stopping = threading.Event()
        self._due = threading.Event()
        """Something was reported since the last frame."""
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)
        self._kept = threading.Condition()
        self._collected = self._kept_until = 0
        """Frames are made again and again, each time of everything that was reported before; the last time of which
        nothing was lost."""
        self._away_since: float | None = None
        self._idle_since = time.monotonic()

    @property
    def spooled(self) -> int:
        """Batches that wait for the broker."""
        return len(self._spool)

    def begin(self, area: str, epoch: int) -> None:
        """The area was taken: its sequence starts at 1 within the new epoch."""
        with self._lock:
            self._batches[area] = Batch(epoch)

    def report(
        self,
        area: str,
        readings: Readings | None,
        seen: ControllerSeen | None = None,
        numbers: Sequence[Numbers] = (),
    ) -> None:
        """Add to the next frame of the area. Cheap, never waits."""
        with self._lock:
            batch = self._batches.get(area) or self._batches.setdefault(area, Batch(1))
            if self._waiting < ROWS_WAITING_MAX:
                self._waiting += batch.add(readings, numbers, seen)
            else:
                batch.note(seen)
        if not self._due.is_set():
            self._due.set()

    def wait_kept(self, within_s: float) -> bool:
        """Wait until all that was reported before is with the broker or in the spool. False when it is not in time."""
        with self._lock:
            wanted = self._collected + 1
        self._due.set()
        with self._kept:
            return self._kept.wait_for(lambda: self._kept_until >= wanted, within_s)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float = 3.0) -> None:
        """Sends or spools what is there."""
        self._stopping.set()
        self._due.set()
        self._thread.join(within_s)
        self._publisher.close()
        self._spool.close()

    def _run(self) -> None:
        while True:
            self._due.wait(LOOK_S)
            last = self._stopping.wait(BATCH_S)
            self._due.clear()
            try:
                if self._send(self._collect()):
                    with self._kept:
                        self._kept_until = self._collected
                        self._kept.notify_all()
            except Exception:
                log.exception("defect in the telemetry sender")
            if last:
                return

    def _collect(self) -> list[Frame]:
        sent_us = round(self._clock.now().timestamp() * 1_000_000)
        frames: list[Frame] = []
        with self._lock:
            self._collected += 1
            for area, batch in self._batches.items():
                for portion in batch.taken():
                    batch.seq += 1
                    frames.append(
                        Frame(
                            source=self._source,
                            trade=self._trade,
                            area=area,
                            epoch=batch.epoch,
                            seq=batch.seq,
                            sent_us=sent_us,
                            controllers=portion.seen,
                            readings=portion.readings,
                            tables=portion.tables,
                        )
                    )
            self._waiting = 0
        return frames

    def _send(self, frames: list[Frame]) -> bool:
        """Older frames go first, so that a reader never sees time run back. False when some were lost."""
        moment = time.monotonic()
        if self._away_since is not None and moment - self._away_since < RETRY_S and not self._stopping.is_set():
            return self._keep(frames)
        if not frames and not len(self._spool) and not self._losses:
            if moment - self._idle_since > BEAT_S:
                self._idle_since = moment
                self._try(self._publisher.beat)
            return True
        self._idle_since = moment
        bodies = [encode_frame(frame) for frame in frames]
        return self._try(lambda: self._publish(bodies)) or self._keep(frames)

    def _publish(self, bodies: list[bytes]) -> None:
        while records := self._spool.peek(WINDOW_MAX):
            self._publisher.publish([_outgoing(record) for record in records])
            self._spool.forget(len(records))
        self._publisher.publish([_outgoing(body) for body in bodies])
        losses, self._losses = self._losses, {}
        for lost in losses.values():
            self._on_lost(lost)

    def _try(self, work: Callable[[], None]) -> bool:
        try:
            work()
        except Unavailable as error:
            if self._away_since is None:
                log.warning("telemetry waits in the spool", detail=str(error))
            self._away_since = time.monotonic()
            return False
        if self._away_since is not None:
            self._away_since = None
            log.info("telemetry flows again")
        return True

    def _keep(self, frames: list[Frame]) -> bool:
        kept = True
        for frame in frames:
            if not self._spool.append(encode_frame(frame)):
                kept = False
                cause: Literal["broker", "disk_full"] = "disk_full" if self._spool.unwritable else "broker"
                known = self._losses.get((frame.area, cause))
                first_us = known.from_us if known else frame.sent_us
                batches = (known.batches if known else 0) + 1
                self._losses[frame.area, cause] = Lost(frame.area, cause, batches, first_us, frame.sent_us)
        return kept


StreamStart = datetime | int | str
"""A moment of the broker's clock, an offset, or "first", "last", "next"."""


BatchIdentity = tuple[str, str, int]
"""Source, area and epoch: within them `seq` grows by one from 1."""


@dataclass(slots=True)
class StreamPlace:
    """How far somebody has read: from where to go on, and the last seq of each source, area and epoch.

    What is sent twice, because its confirm was lost, is told by its seq.
    """

    start: StreamStart
    last_seq: dict[BatchIdentity, int] = field(default_factory=dict)
    duplicates: int = 0
    missed: int = 0
    """Messages that the stream no longer had, at least."""

    def is_new(self, frame: Frame) -> bool:
        identity = (frame.source, frame.area, frame.epoch)
        if frame.seq <= self.last_seq.get(identity, 0):
            self.duplicates += 1
            return False
        self.last_seq[identity] = frame.seq
        return True


class StreamReader:
    """One thread that reads the telemetry stream, after each outage from where it was.

    `place` is asked whenever the stream is opened, in the reader's thread; it may raise Unavailable, and is asked again
    then. `on_pause` is called when nothing has come for a while.
    """

    def __init__(
        self,
        uri: str,
        service: str,
        place: Callable[[], StreamPlace],
        on_frame: Callable[[Frame, int], None],
        on_pause: Callable[[], None] = lambda: None,
    ) -> None:
        self._open = place
        self._on_frame = on_frame
        self._on_pause = on_pause
        self._opening = False
        """Nothing was read since the stream was opened."""
        self._loop = BrokerLoop(uri, f"{service} telemetry reader", self._serve)
        self.start, self.stop = self._loop.start, self._loop.stop

    def _serve(self, link: Link) -> None:
        declare_shared(link, TELEMETRY_STREAM)
        place = self._open()
        if isinstance(place.start, int):
            newest = self._newest(link, place.start - 1)
            if newest is None or newest < place.start - 1:
                log.warning("the stream is another one than before", read=place.start - 1, newest=newest)
                place.start = "first"
                place.missed += 1
        self._opening = True
        channel = link.channel()
        channel.basic_qos(0, STREAM_PREFETCH, False)
        channel.basic_consume(
            TELEMETRY, callback=lambda raw: self._take(channel, place, raw), arguments={"x-stream-offset": place.start}
        )
        self._loop.serving()
        while not self._loop.stopping.is_set():
            link.drain(PAUSE_S)
            self._on_pause()

    def _take(self, channel: Any, place: StreamPlace, raw: Any) -> None:
        offset = int(raw.headers["x-stream-offset"])
        if isinstance(place.start, int):
            if offset < place.start:  # a stream is read by chunks
                channel.basic_ack(raw.delivery_tag)
                return
            if self._opening and offset - place.start > OWN_OFFSETS_MAX:
                place.missed += offset - place.start
        self._opening = False
        try:
            frame = decode_frame(bytes(raw.body))
        except Malformed as error:
            log.warning("a frame in the stream is malformed", offset=offset, detail=str(error))
        else:
            if place.is_new(frame):
                self._on_frame(frame, offset)
        place.start = offset + 1
        channel.basic_ack(raw.delivery_tag)

    def _newest(self, link: Link, wanted: int) -> int | None:
        """The newest offset there is, or the first that is not below `wanted`; None when the stream is empty.

        A stream that was made anew is shorter than what we have read, and would tell us nothing until it no longer is.
        """
        newest: int | None = None
        channel = link.channel()

        def note(raw: Any) -> None:
            nonlocal newest
            newest = int(raw.headers["x-stream-offset"])
            channel.basic_ack(raw.delivery_tag)

        channel.basic_qos(0, STREAM_PREFETCH, False)
        tag = channel.basic_consume(TELEMETRY, callback=note, arguments={"x-stream-offset": "last"})
        seen, until = newest, time.monotonic() + EMPTY_S
        while (newest is None or newest < wanted) and time.monotonic() < until and not self._loop.stopping.is_set():
            link.drain(0.1)
            if newest != seen:
                seen, until = newest, time.monotonic() + END_S
        channel.basic_cancel(tag)
        channel.close()
        return newest


def _outgoing(body: bytes) -> Outgoing:
    return Outgoing(TELEMETRY, "", body, CONTENT_TYPE)
