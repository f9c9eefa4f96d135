"""Isolates a controller that does not answer: after some failed polls only a probe is sent, ever less often. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """Closed: polled as planned. Open: one probe when it is due; the first that is answered closes it again."""

    open_after: int
    probe_after_s: tuple[float, ...]
    failures: int = 0
    probe_at_s: float = 0.0

    @property
    def is_open(self) -> bool:
        return self.failures >= self.open_after

    def allows(self, now_s: float) -> bool:
        """May a request be sent now?"""
        return not self.is_open or now_s >= self.probe_at_s

    def answered(self) -> None:
        self.failures = 0

    def failed(self, now_s: float) -> None:
        self.failures += 1
        if self.is_open:
            step = min(self.failures - self.open_after, len(self.probe_after_s) - 1)
            self.probe_at_s = now_s + self.probe_after_s[step]
