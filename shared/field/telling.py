"""From an image to the columns in which readings travel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, TypeVar

from shared.bus.frames import Readings
from shared.field.image import ControllerImage

_T = TypeVar("_T")


def in_columns(image: ControllerImage, indices: Sequence[int]) -> Readings:
    """The readings at some indices, as they stand. What is equal for all of them is said once."""
    if image.marks and not image.marks.keys().isdisjoint(indices):
        return _one_by_one(image, indices)
    pick: Any = _slice(indices) if isinstance(indices, range) else _places(indices)
    return Readings(
        asset=_once(pick(image.assets)),
        point=pick(image.names),
        value=pick(image.values),
        quality=_once(pick(image.qualities)),
        taken_us=_moments(pick(image.taken_at_s)),
        changed_us=_moments(pick(image.changed_at_s)),
    )


def _one_by_one(image: ControllerImage, indices: Sequence[int]) -> Readings:
    """Some are marked by people."""
    rows = [image.shown(at) for at in indices]
    return Readings(
        asset=[image.assets[at] for at in indices],
        point=[image.names[at] for at in indices],
        value=[row[0] for row in rows],
        quality=[row[1] for row in rows],
        taken_us=[microseconds(row[2]) for row in rows],
        changed_us=[microseconds(row[3]) for row in rows],
    )


def _slice(indices: range) -> Callable[[Sequence[_T]], Sequence[_T]]:
    return itemgetter(slice(indices.start, indices.stop))


def _places(indices: Sequence[int]) -> Callable[[Sequence[_T]], Sequence[_T]]:
    return lambda column: [column[at] for at in indices]


def microseconds(seconds: float | None) -> int:
    """Zero: never."""
    return 0 if seconds is None else int(seconds * 1e6)


def _once(column: Sequence[_T]) -> _T | Sequence[_T]:
    return column[0] if column.count(column[0]) == len(column) else column


def _moments(column: Sequence[float | None]) -> int | Sequence[int]:
    if column.count(column[0]) == len(column):
        return microseconds(column[0])
    return [microseconds(seconds) for seconds in column]
