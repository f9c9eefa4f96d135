"""Wakes the lines of an engine when something is due on them.

One sleeper for all: lines that are due at the same tick wake together, which costs a fraction of as many sleepers.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

from shared.clock import Clock

_SLEEP_WALL_S_MAX = 0.5
"""City time may change its rate while we sleep."""


class Pacer:
    """Runs from `start` to `stop`, in a thread or greenlet of its own. Times are city seconds of `clock.monotonic`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
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
        self._thread.join(within_s)

    def at(self, due_s: float, wake: Callable[[], None]) -> None:
        """Call `wake` once when it is `due_s`. It must not wait for anything."""
        with self._lock:
            heapq.heappush(self._heap, (due_s, next(self._number), wake))
            sooner = due_s < self._sleeps_until_s
        if sooner:
            self._changed.set()

    def _run(self) -> None:
        while not self._stopping:
            now_s = self._clock.monotonic()
            with self._lock:
                due = []
                while self._heap and self._heap[0][0] <= now_s:
                    due.append(heapq.heappop(self._heap)[2])
                self._sleeps_until_s = self._heap[0][0] if self._heap else float("inf")
            for wake in due:
                wake()
            wait_s = self._clock.wall_seconds(self._sleeps_until_s - self._clock.monotonic())
            if wait_s > 0 and self._changed.wait(min(wait_s, _SLEEP_WALL_S_MAX)):
                self._changed.clear()
