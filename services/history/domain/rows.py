"""Readings by column, as they go into the archive and come out of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Ids = npt.NDArray[np.int32]
Codes = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """One reading a row. `at_us`: microseconds of city time since 1970."""

    series: Ids
    at_us: Ints
    value: Floats
    """Not a number where there is none; truth values are 0 and 1."""
    quality: Codes
    texts: Mapping[int, str] = field(default_factory=dict)
    """By row: what is told in words."""

    def __len__(self) -> int:
        return len(self.at_us)

    def where(self, chosen: Flags) -> Rows:
        return self._at(np.flatnonzero(chosen))

    def in_order(self) -> Rows:
        """By series and time; of several that are told for one moment the last one."""
        order = np.lexsort((self.at_us, self.series))  # stable: what was told last stays last
        series, at_us = self.series[order], self.at_us[order]
        last = np.ones(len(order), np.bool_)
        last[:-1] = (series[1:] != series[:-1]) | (at_us[1:] != at_us[:-1])
        return self._at(order[last])

    def _at(self, places: npt.NDArray[np.intp]) -> Rows:
        texts = {}
        if self.texts:
            texts = {new: self.texts[old] for new, old in enumerate(places.tolist()) if old in self.texts}
        return Rows(self.series[places], self.at_us[places], self.value[places], self.quality[places], texts)


def with_none(column: Floats) -> list[float | None]:
    """As databases and messages want it: None for what is not a number."""
    found: list[float | None] = column.tolist()
    for at in np.flatnonzero(np.isnan(column)).tolist():
        found[at] = None
    return found


NO_ROWS = Rows(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int16))


def joined(parts: Sequence[Rows]) -> Rows:
    """One after the other."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return NO_ROWS
    texts: dict[int, str] = {}
    begin = 0
    for part in parts:
        texts |= {begin + at: text for at, text in part.texts.items()}
        begin += len(part)
    return Rows(
        np.concatenate([part.series for part in parts]),
        np.concatenate([part.at_us for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.quality for part in parts]),
        texts,
    )
