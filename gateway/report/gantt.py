"""When a pump ran, when it stood, and when nobody knows. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from gateway.report.curve import Curve

State = Literal["running", "stopped", "unknown"]


@dataclass(frozen=True, slots=True)
class Stretch:
    from_us: int
    to_us: int
    state: State

    @property
    def seconds(self) -> float:
        return (self.to_us - self.from_us) / 1e6


def stretches(curve: Curve) -> list[Stretch]:
    """The whole period, without holes: neighbours differ in their state."""
    found: list[Stretch] = []
    at = curve.from_us

    def add(from_us: int, to_us: int, state: State) -> None:
        if to_us <= from_us:
            return
        if found and found[-1].state == state:
            found[-1] = Stretch(found[-1].from_us, to_us, state)
        else:
            found.append(Stretch(from_us, to_us, state))

    for piece in curve.pieces:
        add(at, piece.from_us, "unknown")
        add(max(at, piece.from_us), piece.to_us, "running" if piece.mean >= 0.5 else "stopped")
        at = max(at, piece.to_us)
    add(at, curve.to_us, "unknown")
    return found


def seconds_of(found: list[Stretch], state: State) -> float:
    return sum(each.seconds for each in found if each.state == state)


def starts(found: list[Stretch]) -> list[int]:
    """When it was seen to start: it stood before. Of a pump that is found running nobody knows when it began."""
    return [
        after.from_us for before, after in pairwise(found) if before.state == "stopped" and after.state == "running"
    ]
