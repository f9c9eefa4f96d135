"""How a database does, from what became of the work that was given to it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.errors import Unavailable

SLOW_S = 3.0
"""A piece of work that takes so long, with its wait, holds up whoever gave it."""
RECENT_S = 60.0
"""What was slow is told for so long."""
QUIET_S = 10.0
"""A database that failed is away until it has not failed for so long: one that reads and cannot write stays away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """`away_s`: for so long it has been failing, None when it is there. `slowest_s`: the longest piece of work within
    RECENT_S, those that still wait among them."""

    away_s: float | None
    detail: str
    slowest_s: float

    @property
    def is_slow(self) -> bool:
        return self.slowest_s >= SLOW_S


class DatabaseWork:
    """Measures each piece of work. Safe for several threads; never waits."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._under_way: dict[int, float] = {}
        self._failing_since: float | None = None
        self._failed_at = 0.0
        self._detail = ""
        self._slow: list[tuple[float, float]] = []
        """When it ended, and how long it took."""

    @contextmanager
    def piece(self) -> Iterator[None]:
        """Around one piece of work, with its wait. Passes on whatever it raises."""
        began, number = self._monotonic(), next(self._numbers)
        with self._lock:
            self._under_way[number] = began
        failure: Unavailable | None = None
        try:
            yield
        except Unavailable as error:
            failure = error
            raise
        finally:
            self._end(number, began, failure)

    def state(self) -> DatabaseState:
        now = self._monotonic()
        with self._lock:
            self._slow = [(ended, took_s) for ended, took_s in self._slow if now - ended <= RECENT_S]
            waiting = [now - began for began in self._under_way.values()]
            slowest_s = max([took_s for _, took_s in self._slow] + waiting, default=0.0)
            since = self._failing_since
            return DatabaseState(
                away_s=None if since is None else now - since, detail=self._detail, slowest_s=slowest_s
            )

    def _end(self, number: int, began: float, failure: Unavailable | None) -> None:
        now = self._monotonic()
        with self._lock:
            del self._under_way[number]
            if now - began >= SLOW_S:
                self._slow.append((now, now - began))
            if failure is not None:
                self._failing_since = self._failing_since if self._failing_since is not None else began
                self._failed_at, self._detail = now, str(failure.params.get("detail", failure.code))
            elif self._failing_since is not None and now - self._failed_at >= QUIET_S:
                self._failing_since = None
