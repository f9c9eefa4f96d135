"""Telemetry frames: the readings of one area since the last frame, column by column, as msgpack.

Most readings are good numbers that have just changed, of controllers that are alike: they lie in tables, eight bytes a
number. All others lie in groups of rows.

Times are microseconds since 1970, city time. Columnar because it is a tenth of the bytes and of the work of one object
a reading; a version byte because history keeps frames for years.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgpack

from shared.contracts.message import Scalar
from shared.errors import Malformed

VERSION = 3
"""3: tables of numbers beside the groups. 2: rows lie in groups, one a scan, in which what is equal for all is said
once. 1: one group of lists."""
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


class Numbers(NamedTuple):
    """Numbers of one controller that are good and have just changed: a row of a table on its way."""

    points: Sequence[str]
    """The same object for all controllers that are alike."""
    kinds: str
    asset: str | Sequence[str]
    taken_us: int
    told: bytes
    values: bytes


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers that are good and have just changed, of controllers that are alike: a scan a row, a point a column."""

    points: Sequence[str]
    kinds: str
    """What a number of each point means: f a number, i a whole one, b true or false."""
    assets: Sequence[str | Sequence[str]]
    """Of each row: one for all its points, or one a point."""
    taken_us: Sequence[int]
    """Of each row; its numbers have changed then, too."""
    told: bytes
    """Of each row a bit a point, the first highest, filled up to whole bytes: is its number there? Empty: all are."""
    values: bytes
    """The numbers that are there, row by row, as little-endian 64-bit floats."""

    def __len__(self) -> int:
        return len(self.values) // 8

    def rows(self) -> Iterator[Row]:
        values = iter(struct.unpack(f"<{len(self)}d", self.values))
        width = len(self.points)
        stride = (width + 7) // 8
        columns = list(zip(self.points, [_MEANINGS[kind] for kind in self.kinds], strict=True))
        for number, (asset, taken_us) in enumerate(zip(self.assets, self.taken_us, strict=True)):
            bits = _bits(self.told[number * stride : (number + 1) * stride], width) if self.told else [True] * width
            for (point, meaning), of, is_told in zip(columns, _spread(asset, width), bits, strict=True):
                if is_told:
                    yield Row(of, point, meaning(next(values)), "good", taken_us, taken_us)


def tables_of(numbers: Sequence[Numbers], rows_max: int) -> list[Table]:
    """Rows of one shape together, at most so many readings a table."""
    alike: dict[tuple[int, bool], list[Numbers]] = {}
    for row in numbers:
        alike.setdefault((id(row.points), bool(row.told)), []).append(row)
    tables = []
    for rows in alike.values():
        step = max(1, rows_max // len(rows[0].points))
        for start in range(0, len(rows), step):
            points, kinds, assets, taken_us, told, values = zip(*rows[start : start + step], strict=True)
            tables.append(Table(points[0], kinds[0], assets, taken_us, b"".join(told), b"".join(values)))
    return tables


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
    readings: Sequence[Readings] = ()
    tables: Sequence[Table] = ()

    @property
    def rows(self) -> list[Row]:
        rows = [row for table in self.tables for row in table.rows()]
        return rows + [row for readings in self.readings for row in readings.rows()]


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
            "tables": [
                (table.points, table.kinds, table.assets, table.taken_us, table.told, table.values)
                for table in frame.tables
            ],
        }
    )
    return packed


def decode_frame(body: bytes) -> Frame:
    """Raises Malformed. Keys that this version does not know are ignored; frames of earlier versions are read too."""
    try:
        packed = msgpack.unpackb(body)
    except (ValueError, TypeError, RecursionError) as error:  # msgpack's own errors are ValueErrors
        raise Malformed("frame_malformed", path="(body)", expected=f"msgpack ({error})") from error
    if not isinstance(packed, dict):
        raise Malformed("frame_malformed", path="(body)", expected="a map")
    if packed.get("v") not in range(1, VERSION + 1):
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
        tables=[_table(table) for table in _of(packed, "tables", list)] if packed["v"] == VERSION else [],
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


_MEANINGS: dict[str, Callable[[float], Scalar]] = {"f": float, "i": int, "b": bool}


def _table(columns: Any) -> Table:
    if not isinstance(columns, list) or len(columns) != 6:
        raise Malformed("frame_malformed", path="tables", expected="6 columns")
    points, kinds, assets, taken_us, told, values = columns
    if not _is_list_of(points, str):
        raise Malformed("frame_malformed", path="tables.points", expected="names")
    if not isinstance(kinds, str) or len(kinds) != len(points) or not set(kinds) <= _MEANINGS.keys():
        raise Malformed("frame_malformed", path="tables.kinds", expected="f, i or b for each point")
    if not isinstance(assets, list) or not all(
        isinstance(asset, str) or (_is_list_of(asset, str) and len(asset) == len(points)) for asset in assets
    ):
        raise Malformed("frame_malformed", path="tables.assets", expected="of each row a name, or one a point")
    if not _is_list_of(taken_us, int) or len(taken_us) != len(assets):
        raise Malformed("frame_malformed", path="tables.taken_us", expected="a whole number a row")
    stride = (len(points) + 7) // 8
    if not isinstance(told, bytes) or (told and len(told) != stride * len(assets)):
        raise Malformed("frame_malformed", path="tables.told", expected="a bit a point, or nothing")
    count = len(assets) * len(points)
    if told:
        count = sum(sum(_bits(told[at : at + stride], len(points))) for at in range(0, len(told), stride))
    if not isinstance(values, bytes) or len(values) != 8 * count:
        raise Malformed("frame_malformed", path="tables.values", expected="eight bytes for each number that is told")
    if not all(map(math.isfinite, struct.unpack(f"<{count}d", values))):
        raise Malformed("frame_malformed", path="tables.values", expected="finite numbers")
    return Table(points, kinds, assets, taken_us, told, values)


def _bits(packed: bytes, width: int) -> list[bool]:
    number = int.from_bytes(packed, "big") >> (8 * len(packed) - width)
    return [number >> place & 1 == 1 for place in range(width - 1, -1, -1)]


def _is_list_of(column: Any, kind: type[Any]) -> bool:
    return isinstance(column, list) and all(type(each) is kind for each in column)


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
