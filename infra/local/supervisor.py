"""Starts the parts of the city, keeps them running, and stops what it started."""

from __future__ import annotations

import fcntl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from infra.local.city import ROOT, Part
from infra.local.processes import CannotRun, Child, stop_all
from infra.local.rabbitmq import PrivateBroker

LOOK_EVERY_S = 0.2
STOP_S_MAX = 5.0
BACK_OFF_S_MIN, BACK_OFF_S_MAX = 0.5, 15.0
STEADY_S = 60.0
"""A part that ran this long is well again: its next restart comes without delay."""
EARLY_ENDS_MAX = 4
"""So many ends of one part before the city was ready, and the start is given up."""


@dataclass(slots=True)
class _Running:
    part: Part
    child: Child
    started_at: float
    restarts: int = 0
    ends_in_a_row: int = 0
    restart_at: float | None = None
    """None while it runs."""


class Supervisor:
    """Owns the children of one city. `say` tells the person what happens."""

    def __init__(self, parts: Sequence[Part], broker: PrivateBroker | None, logs: Path, say: Callable[[str], None]):
        self._parts = parts
        self._broker = broker
        self._logs = logs
        self._say = say
        self._running: list[_Running] = []
        self._broker_restart_at: float | None = None

    def start(self) -> None:
        for part in self._parts:
            self._running.append(_Running(part, self._launch(part, 0), time.monotonic()))

    def wait_until_ready(self, url: str, within_s: float) -> None:
        """Returns when /readyz answers 200. Raises CannotRun when a part cannot start, or it takes too long."""
        ends_at = time.monotonic() + within_s
        last = "it does not answer"
        while time.monotonic() < ends_at:
            self.look()
            for running in self._running:
                if running.ends_in_a_row > EARLY_ENDS_MAX:
                    raise CannotRun(f"The {running.part.name} cannot start: {self._last_words(running.part)}")
            ready, last = _is_ready(url)
            if ready:
                return
            time.sleep(LOOK_EVERY_S)
        raise CannotRun(f"The city was not ready within {within_s:.0f} s ({last}): see {self._logs}.")

    def keep(self) -> None:
        """Runs until an exception ends it; what dies is started again."""
        while True:
            time.sleep(LOOK_EVERY_S)
            self.look()

    def look(self) -> None:
        """Notice what ended, and start what is due."""
        now = time.monotonic()
        self._look_at_broker(now)
        for running in self._running:
            if running.restart_at is None:
                code = running.child.exit_code()
                if code is not None:
                    self._note_end(running, code, now)
            elif now >= running.restart_at:
                running.restarts += 1
                running.child = self._launch(running.part, running.restarts)
                running.started_at, running.restart_at = now, None

    def stop(self) -> None:
        stop_all([running.child for running in self._running], within_s=STOP_S_MAX)
        self._running.clear()
        if self._broker is not None:
            self._broker.stop()

    def pids(self) -> dict[str, int]:
        return {running.part.name: running.child.pid for running in self._running}

    def _launch(self, part: Part, restarts: int) -> Child:
        environment = part.environment() | {"RESTARTS": str(restarts)}
        return Child(part.name, part.argv, log=self._log_of(part), env=environment, cwd=ROOT)

    def _note_end(self, running: _Running, code: int, now: float) -> None:
        running.child.kill()  # what it started itself ends with it
        steady = now - running.started_at >= STEADY_S
        running.ends_in_a_row = 1 if steady else running.ends_in_a_row + 1
        delay = min(BACK_OFF_S_MAX, BACK_OFF_S_MIN * 2 ** (running.ends_in_a_row - 1))
        running.restart_at = now + delay
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        self._say(
            f"{running.part.name} ended ({how}); it is started again in {delay:g} s, see {self._log_of(running.part)}"
        )

    def _look_at_broker(self, now: float) -> None:
        if self._broker is None or self._broker.is_running():
            return
        if self._broker_restart_at is None:
            self._say("the private RabbitMQ node ended; it is started again")
            self._broker_restart_at = now
        if now >= self._broker_restart_at:
            self._broker_restart_at = now + BACK_OFF_S_MAX
            try:
                self._broker.start()
                self._broker_restart_at = None
            except CannotRun as error:
                self._say(str(error))

    def _log_of(self, part: Part) -> Path:
        return self._logs / f"{part.name}.log"

    def _last_words(self, part: Part) -> str:
        lines = self._log_of(part).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f"{lines[-1] if lines else 'it says nothing'} (see {self._log_of(part)})"


def _is_ready(url: str) -> tuple[bool, str]:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310 - our own http address
            return answer.status == 200, f"/readyz answers {answer.status}"
    except urllib.error.HTTPError as error:
        return False, f"/readyz answers {error.code}: {error.read(300).decode(errors='replace')}"
    except OSError as error:
        return False, f"/readyz does not answer: {error}"


def hold_lock(data_dir: Path) -> IO[str]:
    """Keep a second city off the same data while the returned file is open. Raises CannotRun."""
    data_dir.mkdir(parents=True, exist_ok=True)
    held = (data_dir / "lock").open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise CannotRun(f"A city already runs with the data in {data_dir}: stop it, or choose DATA_DIR.") from None
    return held
