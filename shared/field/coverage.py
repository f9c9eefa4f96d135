"""Between which moments a station told of nothing, though it was heard again. Pure."""

from __future__ import annotations

HOLES_MAX = 64


class Coverage:
    """Times are seconds. Observations may come in any order; those from a station's memory come before those of now."""

    def __init__(self, patience_s: float) -> None:
        """`patience_s`: so far apart two observations may be and nothing is missing between them."""
        self._patience_s = patience_s
        self._newest_s: float | None = None
        self._holes: list[tuple[float, float]] = []

    def note(self, observed_at_s: float) -> None:
        if self._newest_s is None:
            self._newest_s = observed_at_s
        elif observed_at_s > self._newest_s:
            self._holes = [*self._holes, *self._wide((self._newest_s, observed_at_s))][-HOLES_MAX:]
            self._newest_s = observed_at_s
        else:
            for hole in self._holes:
                if hole[0] < observed_at_s < hole[1]:
                    at = self._holes.index(hole)
                    self._holes[at : at + 1] = self._wide((hole[0], observed_at_s), (observed_at_s, hole[1]))
                    return

    def holes(self) -> list[tuple[float, float]]:
        """What is missing by now, told once."""
        found, self._holes = self._holes, []
        return found

    def _wide(self, *spans: tuple[float, float]) -> list[tuple[float, float]]:
        return [span for span in spans if span[1] - span[0] > self._patience_s]
