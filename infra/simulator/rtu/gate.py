"""A sluice gate with an electric actuator."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Gate:
    travel_s: float
    """From closed to open."""
    position: float = 0.0
    """0 closed, 1 open."""
    direction: int = 0
    """+1 opening, -1 closing, 0 standing."""

    def open(self) -> None:
        self.direction = 1

    def close(self) -> None:
        self.direction = -1

    def halt(self) -> None:
        self.direction = 0

    def step(self, dt_s: float) -> None:
        self.position = min(1.0, max(0.0, self.position + self.direction * dt_s / self.travel_s))
        if (self.direction > 0 and self.position >= 1) or (self.direction < 0 and self.position <= 0):
            self.direction = 0
