"""How fast a value moves: the change over the last readings, per second. Pure."""

from __future__ import annotations

from collections import deque

WINDOW_S = 10.0


class Trend:
    """Readings of one point. Values that are none begin it anew."""

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._readings: deque[tuple[float, float]] = deque()

    def note(self, value: object, at_s: float) -> None:
        if isinstance(value, bool | str) or not isinstance(value, int | float):
            self._readings.clear()
            return
        if self._readings and self._readings[-1][0] == at_s:
            return
        self._readings.append((at_s, float(value)))
        while len(self._readings) > 2 and self._readings[1][0] <= at_s - self._window_s:
            self._readings.popleft()

    def per_s(self) -> float | None:
        """None while there are not two readings."""
        if len(self._readings) < 2:
            return None
        (first_s, first), (last_s, last) = self._readings[0], self._readings[-1]
        return (last - first) / (last_s - first_s)
