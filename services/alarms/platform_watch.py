"""Hears the heartbeats of all processes and has what is wrong with the platform kept as alarms.

While our own database is away, what began and ended waits here with its times: each condition's last raise and clear.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence

import structlog

from services.alarms.domain.platform import Change, Fault, Platform
from shared.bus.health import Heartbeat
from shared.clock import Clock
from shared.errors import Unavailable

LOOK_EVERY_S = 1.0

log = structlog.get_logger()


class PlatformWatch:
    """One thread that looks; heartbeats come in by another one."""

    def __init__(
        self,
        own: tuple[str, str],
        expected: Sequence[str],
        clock: Clock,
        load: Callable[[], Iterable[Fault]],
        save: Callable[[Sequence[Change]], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`load` tells what stood before, `save` keeps changes in one transaction; both may raise Unavailable."""
        self._clock, self._monotonic = clock, monotonic
        self._load, self._save = load, save
        self._lock = threading.Lock()
        self._platform = Platform(own, expected, monotonic())
        self._recalled = False
        self._waiting: dict[Fault, list[Change]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="platform watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float = 3.0) -> None:
        self._stopping.set()
        self._thread.join(within_s)

    def on_heartbeat(self, beat: Heartbeat) -> None:
        failing = {check.code: check.params for check in beat.checks.values() if not check.ok}
        with self._lock:
            self._platform.hear(beat.service, beat.instance, failing, self._monotonic(), self._clock.now())

    def look(self) -> None:
        """Judge, and keep what changed. What cannot be kept now waits."""
        with self._lock:
            changes = self._platform.look(self._monotonic(), self._clock.now())
        for change in changes:
            self._waiting[change.fault] = _followed(self._waiting.get(change.fault, []), change)
        try:
            if not self._recalled:
                self._recall()
            waiting = [change for each in self._waiting.values() for change in each]
            if waiting:
                self._save(sorted(waiting, key=lambda change: change.time))
                self._waiting.clear()
        except Unavailable as error:
            log.debug("conditions of the platform wait", code=error.code, waiting=len(self._waiting))

    def _recall(self) -> None:
        """What stood in the database when we began, as soon as it can be read: it ends when it is seen to be well."""
        stood = list(self._load())
        with self._lock:
            self._platform.recall(stood)
        self._recalled = True

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                self.look()
            except Exception:
                log.exception("defect in the watch over the platform")


def _followed(before: list[Change], change: Change) -> list[Change]:
    """What has to be told of one fault: when it began, and its end or doubt; not each time that it came and went."""
    begin = next((each for each in before if each.kind == "raised"), None)
    if change.kind == "raised":
        return [begin or change]
    return [change] if begin is None else [begin, change]
