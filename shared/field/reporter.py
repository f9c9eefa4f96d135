"""Telemetry by exception: which points of a scan are worth telling.

A value is told when it left its deadband, when its quality changed, and at the latest after `max_silence`, then with
the times it really has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import compress
from operator import gt, sub

from shared.contracts.message import Scalar
from shared.field.image import ControllerImage

_SWEEP_EVERY_S = 5.0


class Reporter:
    """What was told last of one controller. Times are seconds of city time."""

    def __init__(self, image: ControllerImage) -> None:
        self._image = image
        size = len(image.names)
        self._told: list[Scalar] = [None] * size
        self._told_at_s = [float("-inf")] * size
        points = [image.profile.points.get(name) for name in image.names]
        self._deadband = [point.deadband if point else 0.0 for point in points]
        self._silence_s = [(point.max_silence if point else 60.0) - _SWEEP_EVERY_S for point in points]
        self._marked: deque[int] = deque()  # appended to by other threads, emptied by the line's: nothing is lost
        self._swept_at_s = float("-inf")

    def mark(self, indices: Iterable[int]) -> None:
        """These changed outside a scan (computed points): consider them at the next one."""
        self._marked.extend(indices)

    def due(self, changed: Sequence[int], now_s: float) -> Sequence[int]:
        """The indices to tell now; they count as told. A range when all of a range are told."""
        if self._marked:
            changed = [*changed, *_emptied(self._marked)]
        due = self._outside_deadband(changed)
        more = _emptied(self._image.requalified)
        if now_s - self._swept_at_s >= _SWEEP_EVERY_S:
            self._swept_at_s = now_s
            more += self._silent(now_s)
        if more:
            due = sorted({*due, *more})
        told, told_at_s, values = self._told, self._told_at_s, self._image.values
        if isinstance(due, range):
            together = slice(due.start, due.stop)
            told[together], told_at_s[together] = values[together], [now_s] * len(due)
            return due
        for at in due:
            told[at] = values[at]
            told_at_s[at] = now_s
        return due

    def _outside_deadband(self, changed: Sequence[int]) -> Sequence[int]:
        if isinstance(changed, range):
            told, values, deadband = self._told, self._image.values, self._deadband
            together = slice(changed.start, changed.stop)
            try:
                moved = list(map(sub, values[together], told[together]))
            except TypeError:  # one of them is not known
                return self._one_by_one(changed)
            outside = list(map(gt, map(abs, moved), deadband[together]))
            return changed if outside.count(True) == len(outside) else list(compress(changed, outside))
        return self._one_by_one(changed)

    def _one_by_one(self, changed: Sequence[int]) -> list[int]:
        told, values, deadband = self._told, self._image.values, self._deadband
        found = []
        for at in changed:
            value, before = values[at], told[at]
            try:
                if not -deadband[at] <= value - before <= deadband[at]:  # type: ignore[operator]
                    found.append(at)
            except TypeError:  # text, or one of the two is not known
                if value != before:
                    found.append(at)
        return found

    def _silent(self, now_s: float) -> list[int]:
        silence_s = self._silence_s
        return [at for at, told_at_s in enumerate(self._told_at_s) if now_s - told_at_s >= silence_s[at]]


def _emptied(waiting: deque[int]) -> list[int]:
    return [waiting.popleft() for _ in range(len(waiting))]
