"""From an image to the columns in which readings travel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from shared.bus.frames import Readings
from shared.field.image import ControllerImage

_T = TypeVar("_T")


def in_columns(image: ControllerImage, indices: Sequence[int]) -> Readings:
    """The readings at some indices, as they stand. What is equal for all of them is said once."""
    names, values, taken_at_s, changed_at_s = image.names, image.values, image.taken_at_s, image.changed_at_s
    return Readings(
        asset=_once([image.assets[at] for at in indices]),
        point=[names[at] for at in indices],
        value=[values[at] for at in indices],
        quality=_once([image.qualities[at] for at in indices]),
        taken_us=_moments([taken_at_s[at] for at in indices]),
        changed_us=_moments([changed_at_s[at] for at in indices]),
    )


def microseconds(seconds: float | None) -> int:
    """Zero: never."""
    return 0 if seconds is None else int(seconds * 1e6)


def _once(column: list[_T]) -> _T | list[_T]:
    return column[0] if column.count(column[0]) == len(column) else column


def _moments(column: list[float | None]) -> int | list[int]:
    if column.count(column[0]) == len(column):
        return microseconds(column[0])
    return [microseconds(seconds) for seconds in column]
