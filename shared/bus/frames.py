"""Telemetry frames: the readings of one area since the last frame, column by column, as msgpack.

Times are microseconds since 1970, city time. Columnar because it is a tenth of the bytes and of the work of one object
a reading; a version byte because history keeps frames for years.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgpack

from shared.contracts.message import Scalar
from shared.errors import Malformed

VERSION = 2
"""2: rows lie in groups, one a scan, in which what is equal for all is said once. Version 1: one group of lists."""
ROWS_MAX = 5000
CONTENT_TYPE = "application/msgpack"


class Row(NamedTuple):
    """One reading: what it is worth, how good it is, when it was last confirmed and when it last changed."""

    asset: str
    point: str
    value: Scalar
    quality: str
    taken_us: int
    changed_us: int


class ControllerSeen(NamedTuple):
    """The last good scan of one poll group of a controller: from it, the age of a point that did not change."""

    controller: str
    group: str
    last_good_us: int


@dataclass(frozen=True, slots=True)
class Readings:
    """Some rows by column. A column that is not a list holds one value, which is every row's."""

    asset: str | Sequence[str]
    point: Sequence[str]
    value: Sequence[Scalar]
    quality: str | Sequence[str]
    taken_us: int | Sequence[int]
    changed_us: int | Sequence[int]

    def __len__(self) -> int:
        return len(self.point)

    def rows(self) -> Iterator[Row]:
        columns = [_spread(column, len(self)) for column in self.columns()]
        return map(Row._make, zip(*columns, strict=True))

    def columns(self) -> tuple[Any, ...]:
        return self.asset, self.point, self.value, self.quality, self.taken_us, self.changed_us

    def part(self, start: int, end: int) -> Readings:
        """Rows [start, end)."""
        return Readings(*(column if _is_single(column) else column[start:end] for column in self.columns()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """(source, area, epoch, seq) is its identity: seq grows by one from 1 within an owner's epoch."""

    source: str
    trade: str
    area: str
    epoch: int
    seq: int
    sent_us: int
    controllers: Sequence[ControllerSeen]
    readings: Sequence[Readings]

    @property
    def rows(self) -> list[Row]:
        return [row for readings in self.readings for row in readings.rows()]


def encode_frame(frame: Frame) -> bytes:
    packed: bytes = msgpack.packb(
        {
            "v": VERSION,
            "source": frame.source,
            "trade": frame.trade,
            "area": frame.area,
            "epoch": frame.epoch,
            "seq": frame.seq,
            "sent_us": frame.sent_us,
            "controllers": frame.controllers,
            "readings": [readings.columns() for readings in frame.readings],
        }
    )
    return packed


def decode_frame(body: bytes) -> Frame:
    """Raises Malformed. Keys that this version does not know are ignored; frames of version 1 are read too."""
    try:
        packed = msgpack.unpackb(body)
    except (ValueError, TypeError, RecursionError) as error:  # msgpack's own errors are ValueErrors
        raise Malformed("frame_malformed", path="(body)", expected=f"msgpack ({error})") from error
    if not isinstance(packed, dict):
        raise Malformed("frame_malformed", path="(body)", expected="a map")
    if packed.get("v") not in (1, VERSION):
        raise Malformed("frame_malformed", path="v", expected=f"version {VERSION}")
    groups = [[packed.get(name) for name in Row._fields]] if packed["v"] == 1 else _of(packed, "readings", list)
    return Frame(
        source=_of(packed, "source", str),
        trade=_of(packed, "trade", str),
        area=_of(packed, "area", str),
        epoch=_of(packed, "epoch", int),
        seq=_of(packed, "seq", int),
        sent_us=_of(packed, "sent_us", int),
        controllers=_seen(_of(packed, "controllers", list)),
        readings=[_readings(group) for group in groups],
    )


_COLUMNS: dict[str, tuple[type[Any], ...]] = {
    "asset": (str,),
    "point": (str,),
    "value": (bool, int, float, str, type(None)),
    "quality": (str,),
    "taken_us": (int,),
    "changed_us": (int,),
}


_SINGLE = ("asset", "quality", "taken_us", "changed_us")
"""Columns that may hold one value for all rows."""


def _readings(group: Any) -> Readings:
    if not isinstance(group, list) or len(group) != len(_COLUMNS):
        raise Malformed("frame_malformed", path="readings", expected=f"{len(_COLUMNS)} columns")
    lengths = set()
    for (name, kinds), column in zip(_COLUMNS.items(), group, strict=True):
        if name in _SINGLE and type(column) in kinds:
            continue
        if not isinstance(column, list) or not all(isinstance(item, kinds) for item in column):
            raise Malformed("frame_malformed", path=name, expected=" or ".join(kind.__name__ for kind in kinds))
        lengths.add(len(column))
    if len(lengths) != 1:
        raise Malformed("frame_malformed", path="asset", expected="columns of equal length")
    return Readings(*group)


def _is_single(column: object) -> bool:
    return isinstance(column, str | int)


def _spread(column: Any, length: int) -> Sequence[Any]:
    return [column] * length if _is_single(column) else column


def _seen(items: list[Any]) -> list[ControllerSeen]:
    for item in items:
        if not (isinstance(item, list) and [type(part) for part in item] == [str, str, int]):
            raise Malformed("frame_malformed", path="controllers", expected="[controller, group, last_good_us]")
    return [ControllerSeen(*item) for item in items]


def _of(packed: dict[str, Any], name: str, kind: type[Any]) -> Any:
    value = packed.get(name)
    if type(value) is not kind:
        raise Malformed("frame_malformed", path=name, expected=kind.__name__)
    return value
