"""From an image to the columns in which readings travel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from shared.bus.frames import Numbers, Readings
from shared.field.decoding import News
from shared.field.image import ControllerImage

_T = TypeVar("_T")


def in_columns(image: ControllerImage, indices: Sequence[int]) -> Readings:
    """The readings at some indices, as they stand. What is equal for all of them is said once."""
    rows = [image.shown(at) for at in indices]
    return Readings(
        asset=_once([image.assets[at] for at in indices]),
        point=[image.names[at] for at in indices],
        value=[row[0] for row in rows],
        quality=_once([row[1] for row in rows]),
        taken_us=_once([microseconds(row[2]) for row in rows]),
        changed_us=_once([microseconds(row[3]) for row in rows]),
    )


def in_numbers(news: News) -> Numbers:
    """Good numbers that have just changed, as they came."""
    layout, told = news.decoder.layout, news.told
    return Numbers(
        points=layout.names,
        kinds=layout.kinds,
        asset=news.decoder.asset,
        taken_us=microseconds(news.taken_at_s),
        told=b"" if told is None else np.packbits(told).tobytes(),
        values=(news.values if told is None else news.values[told]).astype("<f8", copy=False).tobytes(),
    )


def microseconds(seconds: float | None) -> int:
    """Zero: never."""
    return 0 if seconds is None else int(seconds * 1e6)


def _once(column: Sequence[_T]) -> _T | Sequence[_T]:
    return column[0] if column.count(column[0]) == len(column) else column
