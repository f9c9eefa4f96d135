"""Documents become PDF in a child process each, few at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import Unavailable

AT_ONCE_MAX = 2
TIMEOUT_S = 60.0
DETAIL_CHARS_MAX = 200


class Printer:
    """Safe for several threads. `command`: what reads HTML and writes PDF."""

    def __init__(
        self,
        command: tuple[str, ...] = (sys.executable, "-m", "gateway.report.pdf"),
        timeout_s: float = TIMEOUT_S,
        at_once_max: int = AT_ONCE_MAX,
    ) -> None:
        self._command, self._timeout_s = command, timeout_s
        self._free = threading.BoundedSemaphore(at_once_max)

    def pdf(self, html: str) -> bytes:
        """Raises Unavailable: as many are printed as may be, or it took too long, or failed."""
        with self.held():
            return self._printed(html)

    @contextmanager
    def held(self) -> Iterator[None]:
        """One of the places at the printer. Raises Unavailable when none is free."""
        if not self._free.acquire(blocking=False):
            raise Unavailable("report_busy")
        try:
            yield
        finally:
            self._free.release()

    def _printed(self, html: str) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - our own command
                self._command, input=html.encode(), capture_output=True, timeout=self._timeout_s, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable("report_failed", detail=f"{self._timeout_s:g} s") from error
        if done.returncode != 0 or not done.stdout.startswith(b"%PDF"):
            said = done.stderr.decode(errors="replace").strip().splitlines()
            detail = said[-1][:DETAIL_CHARS_MAX] if said else f"exit code {done.returncode}"
            raise Unavailable("report_failed", detail=detail)
        return done.stdout
