"""From frames of the telemetry stream to rows of the archive. Pure.

The time of a good reading is when it was taken. A bad one was never taken: its time is right behind the last poll that
confirmed the value before it, so that the value and the gap meet there; of a point that was never read, when it was
said. What is told again with the time and the worth that it had is one row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from services.history.domain.expectation import Expectation
from services.history.domain.rows import Ids, Rows, joined
from shared.bus.frames import Frame, Readings, Table
from shared.contracts.message import Scalar
from shared.field.quality import GOOD

Key = tuple[str, str]
"""Asset and point."""
WORDS = "s"
_THIN_US = 60_000_000
"""Of a point whose profile says `history: 1m` a reading a minute is kept, and each change of its quality."""
_NEVER_US = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Series:
    id: int
    key: Key
    kind: str


@dataclass(slots=True)
class Known:
    """What the archive has: its series, its words of quality, and the newest moment of each series."""

    series: dict[Key, Series] = field(default_factory=dict)
    qualities: dict[str, int] = field(default_factory=dict)
    last_us: Mapping[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Batch:
    """What is to be written at once."""

    rows: Rows
    late: Rows
    """Not newer than what is there of its series."""
    new_series: list[Series]
    new_qualities: dict[str, int]


class Collector:
    """Rows of frames until they are written. Knows of each series what came last."""

    def __init__(self, known: Known, expected: Callable[[str, str], Expectation]) -> None:
        self._known = known
        self._expected = expected
        self._parts: list[Rows] = []
        self._new_series: list[Series] = []
        self._new_qualities: dict[str, int] = {}
        self._good = self._quality(GOOD)
        size = max((series.id for series in known.series.values()), default=-1) + 1
        self._last_us = np.full(size, _NEVER_US)
        for each, at_us in known.last_us.items():
            self._last_us[each] = at_us
        self._last_value, self._last_quality = np.full(size, np.nan), np.full(size, -1, np.int16)
        self._thinned, self._dropped = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
        for series in known.series.values():
            self._expect(series)
        self._ids: dict[tuple[Any, ...], Ids] = {}
        self.count = 0
        """Readings that came since the last batch."""

    def add(self, frame: Frame) -> None:
        for table in frame.tables:
            self._add_table(table)
        for readings in frame.readings:
            self._add_readings(readings, frame.sent_us)

    def expect_anew(self) -> None:
        """The site was changed."""
        for series in self._known.series.values():
            self._expect(series)

    def taken(self) -> Batch:
        """Everything since the last call, in order and without what says nothing new."""
        rows = joined(self._parts).in_order()
        self._parts, self.count = [], 0
        rows = rows.where(~self._dropped[rows.series] & ~self._repeats(rows))
        if self._thinned[rows.series].any():
            rows = rows.where(~self._too_often(rows))
        fresh = rows.at_us > self._last_us[rows.series]
        self._note(rows.where(fresh))
        batch = Batch(rows.where(fresh), rows.where(~fresh), self._new_series, self._new_qualities)
        self._new_series, self._new_qualities = [], {}
        return batch

    def _add_table(self, table: Table) -> None:
        width, points = len(table.points), tuple(table.points)
        ids = np.concatenate([self._ids_of(asset, points, table.kinds) for asset in table.assets])
        at_us = np.repeat(np.array(table.taken_us, np.int64), width)
        if table.told:
            bits = np.frombuffer(table.told, np.uint8).reshape(len(table.assets), -1)
            told = np.unpackbits(bits, axis=1, count=width).astype(np.bool_).ravel()
            ids, at_us = ids[told], at_us[told]
        values = np.frombuffer(table.values, "<f8")
        self._append(Rows(ids, at_us, values, np.full(len(values), self._good, np.int16)))

    def _add_readings(self, readings: Readings, sent_us: int) -> None:
        series: list[int] = []
        at_us: list[int] = []
        values: list[float] = []
        qualities: list[int] = []
        texts: dict[int, str] = {}
        for row in readings.rows():
            if isinstance(row.value, str):
                texts[len(series)] = row.value
            series.append(self._series((row.asset, row.point), _kind(row.value)).id)
            at_us.append(_moment(row.quality, row.taken_us, sent_us))
            values.append(np.nan if row.value is None or isinstance(row.value, str) else float(row.value))
            qualities.append(self._quality(row.quality))
        self._append(
            Rows(
                np.array(series, np.int32),
                np.array(at_us, np.int64),
                np.array(values, np.float64),
                np.array(qualities, np.int16),
                texts,
            )
        )

    def _append(self, rows: Rows) -> None:
        self._parts.append(rows)
        self.count += len(rows)

    def _ids_of(self, asset: str | Sequence[str], points: tuple[str, ...], kinds: str) -> Ids:
        key = (asset if isinstance(asset, str) else tuple(asset), points)
        found = self._ids.get(key)
        if found is None:
            assets = [asset] * len(points) if isinstance(asset, str) else asset
            named = zip(assets, points, kinds, strict=True)
            found = np.array([self._series((each, point), kind).id for each, point, kind in named], np.int32)
            self._ids[key] = found
        return found

    def _series(self, key: Key, kind: str | None) -> Series:
        found = self._known.series.get(key)
        if found is None:
            found = self._known.series[key] = Series(len(self._last_us), key, kind or "f")
            self._new_series.append(found)
            self._last_us = np.append(self._last_us, _NEVER_US)
            self._last_value = np.append(self._last_value, np.nan)
            self._last_quality = np.append(self._last_quality, np.int16(-1))
            self._thinned, self._dropped = np.append(self._thinned, False), np.append(self._dropped, False)
            self._expect(found)
        elif kind is not None and kind != found.kind:
            found = self._known.series[key] = Series(found.id, key, kind)
            self._new_series.append(found)
        return found

    def _expect(self, series: Series) -> None:
        keep = self._expected(*series.key).keep
        self._thinned[series.id], self._dropped[series.id] = keep == "1m", keep == "none"

    def _quality(self, word: str) -> int:
        code = self._known.qualities.get(word)
        if code is None:
            code = self._known.qualities[word] = len(self._known.qualities)
            self._new_qualities[word] = code
        return code

    def _repeats(self, rows: Rows) -> Any:
        of = rows.series
        same = (rows.value == self._last_value[of]) | (np.isnan(rows.value) & np.isnan(self._last_value[of]))
        return (rows.at_us == self._last_us[of]) & (rows.quality == self._last_quality[of]) & same

    def _too_often(self, rows: Rows) -> Any:
        """Nearer than a minute to the one that is kept before it, and no better or worse."""
        skipped = np.zeros(len(rows), np.bool_)
        kept_us, quality = self._last_us.copy(), self._last_quality.copy()
        for at in np.flatnonzero(self._thinned[rows.series]).tolist():
            of = rows.series[at]
            if rows.quality[at] == quality[of] and kept_us[of] <= rows.at_us[at] < kept_us[of] + _THIN_US:
                skipped[at] = True
            else:
                kept_us[of], quality[of] = rows.at_us[at], rows.quality[at]
        return skipped

    def _note(self, rows: Rows) -> None:
        last = np.ones(len(rows), np.bool_)
        last[:-1] = rows.series[1:] != rows.series[:-1]
        of = rows.series[last]
        self._last_us[of] = rows.at_us[last]
        self._last_value[of] = rows.value[last]
        self._last_quality[of] = rows.quality[last]


def _moment(quality: str, taken_us: int, sent_us: int) -> int:
    if not quality.startswith("bad"):
        return taken_us
    return taken_us + 1 if taken_us else sent_us


def _kind(value: Scalar) -> str | None:
    """None: it does not tell."""
    match value:
        case bool():
            return "b"
        case int():
            return "i"
        case float():
            return "f"
        case str():
            return WORDS
    return None
