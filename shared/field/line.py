"""A line: one channel, one request in flight, its own thread or greenlet.

Polls are due at fixed phases of a clock that never goes back, and are never made up for: a line that was busy goes on
at the next phase.
A write goes before the next read. Whoever wishes a write waits for it here; nobody else touches the transport.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from shared.clock import Clock
from shared.errors import Unavailable
from shared.field.breaker import LossBudget
from shared.field.decoding import Answer
from shared.field.pacer import Pacer
from shared.field.phases import first_due_s, next_due_s, rank
from shared.field.scanner import IS_ASKED, WAITS_BY_ITSELF, Scan, Scanner, Steps, decode_alone
from shared.field.transports import EagerTransport, Transport

JOBS_MAX = 64
REPLACED_WALL_S_MAX = 30.0

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


class Line:
    """Runs from `start` to `stop`. Every scan goes to the listener, on this thread or the pacer's, one at a time."""

    def __init__(
        self,
        name: str,
        transport: Transport,
        scanners: list[Scanner],
        clock: Clock,
        listener: ScanListener,
        pacer: Pacer,
        losses: LossBudget | None = None,
    ) -> None:
        """`losses`: what the scanners share of it."""
        self.name = name
        self.scanners = scanners
        self.transport = transport
        self.losses = losses or LossBudget(sharers=len(scanners))
        self._eager = transport if isinstance(transport, EagerTransport) else None
        self._clock = clock
        self._listener = listener
        self._pacer = pacer
        self._jobs: deque[Job] = deque()
        self._waking = threading.Lock()
        self._go = threading.Lock()
        self._go.acquire()
        self._turn = threading.Lock()
        """Whoever holds it works on the line: the pacer as long as nothing must be waited for, else our own thread."""
        self._work: Steps[None] | None = None
        """What was begun by the pacer and handed over."""
        self._is_started = self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"line {name}", daemon=True)
        self._due: list[_Due] = []
        self._awaited_s: float | None = None
        """For when the pacer holds a wake-up of ours; one for another time is one we asked for before."""

    def start(self) -> None:
        """Once; nothing happens when it runs already, or somebody else is starting it."""
        if self._is_started:
            return
        self._is_started = True
        for scanner in self.scanners:
            self._plan(scanner)
        self._sleep()
        self._thread.start()

    def replace(self, ended: Sequence[Scanner], begun: Sequence[Scanner]) -> None:
        """While it runs: poll these no longer and those from now on; the others go on as if nothing were.

        A poll in flight ends before. Raises Unavailable when the line is busy for too long.
        """

        def change() -> None:
            for scanner in ended:
                scanner.enabled = False
            self.scanners[:] = [scanner for scanner in self.scanners if scanner.enabled] + list(begun)
            self.losses.sharers = len(self.scanners)
            self._due = [due for due in self._due if due.scanner.enabled]
            for scanner in begun:
                self._plan(scanner)
            self._sleep()

        self.run(change, REPLACED_WALL_S_MAX)

    def _plan(self, scanner: Scanner) -> None:
        now_s = self._clock.monotonic()
        for group, poll in scanner.image.profile.poll_groups.items():
            at_s = first_due_s(now_s, scanner.image.controller, group, poll.every)
            self._due.append(_Due(scanner, group, poll.every, rank(poll), at_s))

    def stop(self, within_s: float = 5.0) -> None:
        """Ends after the request in flight, and closes the transport."""
        self._stopping = True
        self.wake()
        if self._thread.ident is not None:
            self._thread.join(within_s)

    def run(self, do: Callable[[], None], within_s: float) -> None:
        """Do it on the line, before the next read, and wait for it. Raises what it raised, Unavailable when busy."""
        if len(self._jobs) >= JOBS_MAX:
            raise Unavailable("line_busy", line=self.name)
        job = Job(do)
        self._jobs.append(job)
        self.wake()
        if not job.done.wait(within_s):
            if job.withdraw():
                raise Unavailable("line_busy", line=self.name)
            job.done.wait()  # it is on the wire: the transport's own timeouts end it
        if job.error is not None:
            raise job.error

    def wake(self) -> None:
        """Called by anybody, any number of times: the line's own thread runs once for it."""
        if self._waking.acquire(blocking=False):
            self._go.release()

    # What the pacer calls.

    def begin(self, due_s: float) -> bool:
        """A poll is due: send its question. False when our own thread does the rest, or we await another time."""
        if due_s != self._awaited_s:
            return False
        self._awaited_s = None
        if self._eager is None or self._jobs or self._stopping or not self._turn.acquire(blocking=False):
            self.wake()
            return False
        self._work = self._polls()
        return self._advance() is IS_ASKED

    def is_answered(self) -> bool:
        """After `begin` said True: may it go on?"""
        assert self._eager is not None
        return self._eager.is_answered()

    def go_on(self) -> bool | Answer:
        """Take the answer, which is to be decoded before we go on again; True when a question is on the wire."""
        return self._advance()

    def hand_over(self) -> None:
        """The answer is late: our own thread waits for it."""
        self._turn.release()
        self.wake()

    def _advance(self) -> bool | Answer:
        assert self._work is not None
        try:
            step = next(self._work)
        except StopIteration:
            self._work = None
            self._sleep()  # while it is still our turn: two wake-ups would stay two for ever
            self._turn.release()
            if self._jobs:  # they came meanwhile, and nobody else may have been woken for them
                self.wake()
            return False
        if step is WAITS_BY_ITSELF:
            self.hand_over()
        return step

    # On our own thread.

    def _run(self) -> None:
        try:
            while True:
                self._go.acquire()
                self._waking.release()  # whoever wakes from now on is not missed
                if self._stopping:
                    return
                with self._turn:
                    self._finish(self._work)
                    self._work = None
                    self._do_jobs()
                    self._finish(self._polls())
                    if self._awaited_s is None:
                        self._sleep()
        finally:
            with self._turn:
                self.transport.close()

    def _finish(self, work: Steps[None] | None) -> None:
        for step in work or ():
            if self._stopping:
                return
            decode_alone(step)

    def _sleep(self) -> None:
        """Be woken at the next poll."""
        if self._due:
            self._awaited_s = min(due.at_s for due in self._due)
            self._pacer.at(self._awaited_s, self)

    def _do_jobs(self) -> None:
        while self._jobs and not self._stopping:
            self._do(self._jobs.popleft())

    def _do(self, job: Job) -> None:
        if not job.take():
            return
        try:
            job.do()
        except Exception as error:  # whoever waits for the job raises it
            job.error = error
        job.done.set()

    def _polls(self) -> Steps[None]:
        """What is due now, the more urgent first, with a look at the jobs before each."""
        now_s = self._clock.monotonic()
        ready = [due for due in self._due if due.at_s <= now_s]
        if len(ready) > 1:
            ready.sort(key=lambda due: due.priority)
        for due in ready:
            due.at_s, missed = next_due_s(due.at_s, due.every_s, now_s)
            due.scanner.counts.late += missed
            if due.scanner.enabled:
                yield from self._poll(due)
            if self._jobs:
                yield WAITS_BY_ITSELF
                self._do_jobs()

    def _poll(self, due: _Due) -> Steps[None]:
        scanner = due.scanner
        was_online = scanner.online
        try:
            scan = yield from scanner.steps(due.group)
            self._listener.on_scan(scan)
        except Exception:  # a defect; the lines go on
            _log.exception("scan_not_handled", controller=scanner.image.controller, group=due.group)
        if scanner.online != was_online:
            _log.info(
                "controller_restored" if scanner.online else "controller_lost",
                controller=scanner.image.controller,
                line=self.name,
            )
