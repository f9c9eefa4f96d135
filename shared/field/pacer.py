"""Gets the lines of an engine going when something is due on them.

One thread or greenlet for all. It sends the questions of all lines that are due at a tick, and takes the answers that
come soon; a line on which something must be waited for goes on by itself. Most polls of a healthy city so cost neither
a switch of threads nor a timer, and one that is slow or dead holds up nobody.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from typing import Protocol

from shared.clock import Clock
from shared.field.decoding import Answer, decode_together

_SLEEP_WALL_S_MAX = 0.5
"""City time may change its rate while we sleep."""
LOOKS_WALL_S = (0.001, 0.002, 0.005)
"""So long after another we look for answers; whoever has none then is slow, and is handed over."""

KEEP_GOING_WALL_S_MAX = 0.1
"""Then other lines have been due for long enough, however well these go on."""


class Paced(Protocol):
    """A line, as the pacer sees it."""

    def begin(self, due_s: float) -> bool:
        """What was to begin at `due_s`. True when a question is on the wire and nothing was waited for."""
        ...

    def is_answered(self) -> bool: ...

    def go_on(self) -> bool | Answer:
        """Take the answer: it is to be decoded, and then the line goes on. True when a question is on the wire."""
        ...

    def hand_over(self) -> None:
        """Wait for the answer by yourself."""
        ...


class Pacer:
    """Runs from `start` to `stop`. Times are city seconds of `clock.monotonic`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._heap: list[tuple[float, int, Paced]] = []
        self._number = itertools.count()
        self._sleeps_until_s = float("-inf")
        self._changed = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="pacer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float = 2.0) -> None:
        self._stopping = True
        self._changed.set()
        if self._thread.ident is not None:
            self._thread.join(within_s)

    def at(self, due_s: float, line: Paced) -> None:
        """Let the line begin when it is `due_s`, once."""
        with self._lock:
            heapq.heappush(self._heap, (due_s, next(self._number), line))
            sooner = due_s < self._sleeps_until_s
        if sooner:
            self._changed.set()

    def _run(self) -> None:
        while not self._stopping:
            now_s = self._clock.monotonic()
            with self._lock:
                due = []
                while self._heap and self._heap[0][0] <= now_s:
                    due.append(heapq.heappop(self._heap))
            if due:
                _keep_going([line for due_s, _, line in due if line.begin(due_s)])
                continue
            with self._lock:
                self._sleeps_until_s = self._heap[0][0] if self._heap else float("inf")
            wait_s = self._clock.wall_seconds(self._sleeps_until_s - self._clock.monotonic())
            if wait_s > 0 and self._changed.wait(min(wait_s, _SLEEP_WALL_S_MAX)):
                self._changed.clear()


def _gone_on(answered: list[Paced]) -> list[Paced]:
    """Those that have asked something again. What came together is decoded together."""
    asked = []
    while answered:
        read = []
        for line in answered:
            step = line.go_on()
            if isinstance(step, Answer):
                read.append((line, step))
            elif step:
                asked.append(line)
        decode_together(answer for _, answer in read)
        answered = [line for line, _ in read]
    return asked


def _keep_going(asked: list[Paced]) -> None:
    """Take the answers of lines whose question is on the wire, as long as they come soon."""
    ends_at = time.monotonic() + KEEP_GOING_WALL_S_MAX
    looks = iter(LOOKS_WALL_S)
    while asked and time.monotonic() < ends_at:
        answered: list[Paced] = []
        waiting: list[Paced] = []
        for line in asked:
            (answered if line.is_answered() else waiting).append(line)
        asked = waiting
        if answered:
            asked += _gone_on(answered)
            looks = iter(LOOKS_WALL_S)
            continue
        wait_s = next(looks, None)
        if wait_s is None:
            break
        time.sleep(wait_s)
    for line in asked:
        line.hand_over()
