"""Isolates a controller that does not answer, so that it costs its neighbours next to nothing. Pure.

After some failed polls only a probe is sent, ever less often; and all that the silent ones of a line may cost together
is a small share of its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BreakerState = Literal["closed", "open", "probing"]

LOSS_SHARE_MAX = 0.08
"""Share of a shared line's time that waiting for silent controllers may take, in the long run."""
LOSS_BURST_S = 2.0
"""What it may take at once: a controller that missed a single answer is asked again without delay."""


@dataclass(slots=True)
class Breaker:
    """Closed: polled as planned. Open: one probe when it is due; the first that is answered closes it again.

    Times are seconds of a clock that never goes back.
    """

    open_after: int
    probe_after_s: tuple[float, ...]
    failures: int = 0
    opened_at_s: float = 0.0
    probe_at_s: float = 0.0

    @property
    def is_open(self) -> bool:
        return self.failures >= self.open_after

    def state(self, now_s: float) -> BreakerState:
        """`probing`: its probe is due, or on the wire."""
        if not self.is_open:
            return "closed"
        return "probing" if now_s >= self.probe_at_s else "open"

    def allows(self, now_s: float) -> bool:
        """May a request be sent now?"""
        return not self.is_open or now_s >= self.probe_at_s

    def answered(self) -> None:
        self.failures = 0

    def failed(self, now_s: float) -> None:
        self.failures += 1
        if self.failures == self.open_after:
            self.opened_at_s = now_s
        if self.is_open:
            step = min(self.failures - self.open_after, len(self.probe_after_s) - 1)
            self.probe_at_s = now_s + self.probe_after_s[step]


@dataclass(slots=True)
class LossBudget:
    """What a shared line may still spend on waiting in vain. Wall seconds: it is the wire's time."""

    share: float = LOSS_SHARE_MAX
    burst_s: float = LOSS_BURST_S
    left_s: float = LOSS_BURST_S
    seen_at_s: float = 0.0
    sharers: int = 2
    """Controllers on the line: one alone keeps nobody waiting."""

    def allows(self, now_s: float) -> bool:
        """May a controller that missed its last answer be asked now?"""
        if self.sharers < 2:
            return True
        self.left_s = min(self.burst_s, self.left_s + (now_s - self.seen_at_s) * self.share)
        self.seen_at_s = now_s
        return self.left_s > 0

    def spend(self, seconds: float) -> None:
        """So long was waited in vain."""
        self.left_s -= seconds
