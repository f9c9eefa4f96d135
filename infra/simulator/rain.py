"""What a tipping bucket counts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW_S = 300.0


@dataclass(slots=True)
class TippingBucket:
    """Counts whole tips of `tip_mm`; the five-minute sum is of the tips of the last 300 s."""

    tip_mm: float = 0.1
    tips: int = 0
    in_bucket_mm: float = 0.0
    recent: deque[list[float]] = field(default_factory=deque)
    """[age in s, tips] of each step that tipped within the window, oldest first."""

    def step(self, dt_s: float, rain_mm: float) -> None:
        for entry in self.recent:
            entry[0] += dt_s
        while self.recent and self.recent[0][0] >= WINDOW_S:
            self.recent.popleft()
        self.in_bucket_mm += rain_mm
        tipped = int(self.in_bucket_mm / self.tip_mm + 1e-9)
        if tipped:
            self.in_bucket_mm -= tipped * self.tip_mm
            self.tips += tipped
            self.recent.append([0.0, float(tipped)])

    @property
    def total_mm(self) -> float:
        return self.tips * self.tip_mm

    @property
    def five_minutes_mm(self) -> float:
        return sum(entry[1] for entry in self.recent) * self.tip_mm
