"""What has to be done now and then, a small piece at a time, so that whoever writes or reads never waits for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import structlog

from shared.errors import Unavailable

IDLE_S = 1.0
PAUSE_S_MIN = 0.005
REST = 4.0
"""It rests so many times as long as a piece took: events that come in a burst find the database free."""

Task = Callable[[], bool]
"""Does a small piece of work; True while more remains."""

log = structlog.get_logger()


class Upkeep:
    """One thread that gives each task its turn, and rests longer than a piece of work took."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = tasks
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float = 3.0) -> None:
        self._stopping.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            more = False
            for task in self._tasks:
                began = time.monotonic()
                more = self._do(task) or more
                if self._stopping.wait(max(PAUSE_S_MIN, REST * (time.monotonic() - began))):
                    return
            if not more:
                self._stopping.wait(IDLE_S)

    def _do(self, task: Task) -> bool:
        try:
            return task()
        except Unavailable as error:
            log.debug("upkeep waits", code=error.code, detail=str(error))
        except Exception:
            log.exception("defect in the upkeep")
        return False
