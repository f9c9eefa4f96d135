"""Telemetry by exception: which points of a scan are worth telling.

A value is told when it left its deadband, when its quality changed, and at the latest after `max_silence`, then with
the times it really has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from shared.contracts.message import Scalar
from shared.field.image import ControllerImage

_SWEEP_EVERY_S = 5.0


class Reporter:
    """What was told last of one controller. Times are seconds of city time."""

    def __init__(self, image: ControllerImage) -> None:
        self._image = image
        size = len(image.names)
        self._told: list[Scalar] = [None] * size
        self._told_quality: list[str] = [""] * size
        self._told_at_s = [float("-inf")] * size
        points = [image.profile.points.get(name) for name in image.names]
        self._deadband = [point.deadband if point else 0.0 for point in points]
        self._silence_s = [point.max_silence if point else 60.0 for point in points]
        self._marked: deque[int] = deque()  # appended to by other threads, emptied by the line's: nothing is lost
        self._swept_at_s = float("-inf")

    def mark(self, indices: Iterable[int]) -> None:
        """These changed outside a scan (computed points): consider them at the next one."""
        self._marked.extend(indices)

    def due(self, changed: Iterable[int], now_s: float) -> list[int]:
        """The indices to tell now; they count as told."""
        candidates = set(changed) | {self._marked.popleft() for _ in range(len(self._marked))}
        if now_s - self._swept_at_s >= _SWEEP_EVERY_S:
            self._swept_at_s = now_s
            told_at, silence = self._told_at_s, self._silence_s
            candidates.update(at for at in range(len(told_at)) if now_s - told_at[at] >= silence[at] - _SWEEP_EVERY_S)
        due = sorted(at for at in candidates if self._tells(at, now_s))
        for at in due:
            self._told[at], self._told_quality[at] = self._image.values[at], self._image.qualities[at]
            self._told_at_s[at] = now_s
        return due

    def _tells(self, at: int, now_s: float) -> bool:
        if self._told_quality[at] != self._image.qualities[at]:
            return True
        if now_s - self._told_at_s[at] >= self._silence_s[at] - _SWEEP_EVERY_S:
            return True
        told, value = self._told[at], self._image.values[at]
        if told is None or value is None or isinstance(told, str | bool) or isinstance(value, str | bool):
            return told != value
        return abs(value - told) > self._deadband[at] or (self._deadband[at] == 0 and value != told)
