"""A line: one channel, one request in flight, its own thread or greenlet.

Polls are due at fixed phases of city time and are never made up for: a line that was busy goes on at the next phase.
A write goes before the next read. Whoever wishes a write waits for it here; nobody else touches the transport.
"""

from __future__ import annotations

import math
import queue
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from shared.clock import Clock
from shared.errors import Unavailable
from shared.field.scanner import Scan, Scanner
from shared.field.transports import Transport

TICK_S = 0.02
"""Phases are multiples of this: polls that wake together cost less than polls that wake one by one."""
FIRST_POLL_S_MAX = 1.0
"""Every group is read soon after the start, however rare it is after that: interlocks may hang on it."""
_WAIT_WALL_S_MAX = 0.5
JOBS_MAX = 64

_log = structlog.get_logger()


class ScanListener(Protocol):
    def on_scan(self, scan: Scan) -> None: ...


@dataclass(slots=True)
class Job:
    """Something to do on the line between two reads; `done` is set when it was done or failed with `error`.

    Exactly one of `take` (by the line) and `withdraw` (by who wished it) succeeds, so a wish that was given up is
    never carried out later.
    """

    do: Callable[[], None]
    done: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None
    _claim: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> bool:
        return self._claim.acquire(blocking=False)

    def withdraw(self) -> bool:
        return self._claim.acquire(blocking=False)


@dataclass(slots=True)
class _Due:
    scanner: Scanner
    group: str
    every_s: float
    priority: int
    at_s: float


_PRIORITY = {"high": 0, "normal": 1, "low": 2}


class Line:
    """Runs from `start` to `stop`. Every scan goes to the listener, on this thread."""

    def __init__(
        self, name: str, transport: Transport, scanners: list[Scanner], clock: Clock, listener: ScanListener
    ) -> None:
        self.name = name
        self.scanners = scanners
        self._transport = transport
        self._clock = clock
        self._listener = listener
        self._jobs: queue.Queue[Job | None] = queue.Queue(JOBS_MAX)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"line {name}", daemon=True)
        self._due: list[_Due] = []

    def start(self) -> None:
        now_s = math.ceil(self._now_s() / TICK_S) * TICK_S
        for scanner in self.scanners:
            for group, poll in scanner.image.profile.poll_groups.items():
                phase_s = min(_phase(scanner.image.controller, group, poll.every), FIRST_POLL_S_MAX)
                self._due.append(_Due(scanner, group, poll.every, _PRIORITY[poll.priority], now_s + phase_s))
        self._thread.start()

    def stop(self, within_s: float = 5.0) -> None:
        """Ends after the request in flight, and closes the transport."""
        self._stopping = True
        with suppress(queue.Full):  # then it is awake anyway
            self._jobs.put_nowait(None)
        if self._thread.ident is not None:
            self._thread.join(within_s)

    def run(self, do: Callable[[], None], within_s: float) -> None:
        """Do it on the line, before the next read, and wait for it. Raises what it raised, Unavailable when busy."""
        job = Job(do)
        try:
            self._jobs.put_nowait(job)
        except queue.Full as error:
            raise Unavailable("line_busy", line=self.name) from error
        if not job.done.wait(within_s):
            if job.withdraw():
                raise Unavailable("line_busy", line=self.name)
            job.done.wait()  # it is on the wire: the transport's own timeouts end it
        if job.error is not None:
            raise job.error

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._do_jobs(self._wait_s())
                self._poll_due()
        finally:
            self._transport.close()

    def _wait_s(self) -> float:
        """Wall seconds until something is due."""
        if not self._due:
            return _WAIT_WALL_S_MAX
        city_s = min(due.at_s for due in self._due) - self._now_s()
        return min(max(self._clock.wall_seconds(city_s), 0.0), _WAIT_WALL_S_MAX)

    def _do_jobs(self, wait_s: float) -> None:
        try:
            job = self._jobs.get(timeout=wait_s) if wait_s > 0 else self._jobs.get_nowait()
            while job is not None and not self._stopping:
                self._do(job)
                job = self._jobs.get_nowait()
        except queue.Empty:
            return

    def _do(self, job: Job) -> None:
        if not job.take():
            return
        try:
            job.do()
        except Exception as error:  # whoever waits for the job raises it
            job.error = error
        job.done.set()

    def _poll_due(self) -> None:
        now_s = self._now_s()
        for due in sorted((due for due in self._due if due.at_s <= now_s), key=lambda due: due.priority):
            if self._stopping:
                return
            missed = int((now_s - due.at_s) // due.every_s)
            due.scanner.counts.late += missed
            due.at_s += (missed + 1) * due.every_s
            if due.scanner.enabled:
                self._poll(due)
            self._do_jobs(0)

    def _poll(self, due: _Due) -> None:
        scanner = due.scanner
        was_online = scanner.online
        scan = scanner.poll(due.group)
        scanner.feed_watchdog()
        if scanner.online != was_online:
            _log.info(
                "controller_restored" if scanner.online else "controller_lost",
                controller=scanner.image.controller,
                line=self.name,
            )
        try:
            self._listener.on_scan(scan)
        except Exception:
            _log.exception("scan_not_handled", controller=scanner.image.controller, group=due.group)

    def _now_s(self) -> float:
        return self._clock.now().timestamp()


def _phase(controller: str, group: str, every_s: float) -> float:
    """Where in its period a poll begins: spread over the controllers, the same at each start, a multiple of a tick."""
    slots = max(1, int(every_s / TICK_S))
    return (zlib.crc32(f"{controller}/{group}".encode()) % slots) * TICK_S
