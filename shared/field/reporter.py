"""Telemetry by exception: which points of a scan are worth telling.

A value is told when it left its deadband, when its quality changed, and at the latest after `max_silence`, then with
the times it really has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from shared.contracts.message import Scalar
from shared.field.columns import Floats, unless_nan
from shared.field.decoding import News
from shared.field.image import ControllerImage

_SWEEP_EVERY_S = 5.0


class Due(NamedTuple):
    """What is to be told of a controller now: numbers as they came, and points as they stand."""

    news: Sequence[News]
    indices: Sequence[int]


class Reporter:
    """What was told last of one controller. Times are seconds of city time."""

    def __init__(self, image: ControllerImage) -> None:
        self._image = image
        size = len(image.names)
        self._told_others: dict[int, Scalar] = {}
        self._told_at_s: Floats = np.full(size, float("-inf"))
        self._marked: deque[int] = deque()  # appended to by other threads, emptied by the line's: nothing is lost
        self._swept_at_s = float("-inf")

    def mark(self, indices: Iterable[int]) -> None:
        """These changed outside a scan (computed points): consider them at the next one."""
        self._marked.extend(indices)

    def due(self, news: Sequence[News], changed: Sequence[int], now_s: float) -> Due:
        """What to tell now; it counts as told. `changed`: of which `news` says nothing."""
        image = self._image
        if self._marked:
            changed = [*changed, *_emptied(self._marked)]
        found: set[int] = set()
        if image.requalified or image.marks:  # what came is not what stands
            changed = [*changed, *(at for each in news for at in each.indices())]
            news = ()
            found.update(_emptied(image.requalified))
        for each in news:
            self._note(each, now_s)
        if changed:
            found.update(self._outside_deadband(changed))
        if now_s - self._swept_at_s >= _SWEEP_EVERY_S:
            self._swept_at_s = now_s
            silence_s = image.columns.silence_s - _SWEEP_EVERY_S
            found.update(np.flatnonzero(now_s - self._told_at_s >= silence_s).tolist())
        if not found:
            return Due(news, ())
        indices = sorted(found)
        image.told[indices] = image.numbers[indices]
        self._told_at_s[indices] = now_s
        for at in indices:
            if image.columns.kinds[at] is None:
                self._told_others[at] = image.value(at)
        return Due(news, indices)

    def _note(self, news: News, now_s: float) -> None:
        layout = news.decoder.layout
        if news.told is None:
            self._image.told[layout.places] = news.values
            self._told_at_s[layout.places] = now_s
        else:
            where = layout.plain_places[news.told]
            self._image.told[where] = news.values[news.told]
            self._told_at_s[where] = now_s

    def _outside_deadband(self, changed: Iterable[int]) -> list[int]:
        found = []
        for at in changed:
            value, before = self._image.value(at), self._told_value(at)
            deadband = self._image.columns.deadband.item(at)
            try:
                if not -deadband <= value - before <= deadband:  # type: ignore[operator]
                    found.append(at)
            except TypeError:  # text, or one of the two is not known
                if value != before:
                    found.append(at)
        return found

    def _told_value(self, at: int) -> Scalar:
        if self._image.columns.kinds[at] is None:
            return self._told_others.get(at)
        return unless_nan(self._image.told.item(at))


def _emptied(waiting: deque[int]) -> list[int]:
    return [waiting.popleft() for _ in range(len(waiting))]
