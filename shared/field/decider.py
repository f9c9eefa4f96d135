"""The thread or greenlet in which a trade decides about one area."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog

_log = structlog.get_logger()


class Decider:
    """Runs the trade's decisions of one area, one at a time, off the lines' threads.

    It is told which controllers were scanned since its last turn, so a turn costs what has happened and no more.
    """

    def __init__(self, area: str, decide: Callable[[str, list[str]], Any]) -> None:
        self._area, self._decide = area, decide
        self._scanned: deque[str] = deque()  # appended to by the lines' threads, emptied by ours: nothing is lost
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"decider {area}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self, unit: str) -> None:
        self._scanned.append(unit)
        self._wake.set()

    def stop(self, within_s: float = 3.0) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._stopping:
                return
            scanned = {self._scanned.popleft() for _ in range(len(self._scanned))}
            try:
                self._decide(self._area, sorted(scanned))
            except Exception:
                _log.exception("scan_not_decided", area=self._area)
