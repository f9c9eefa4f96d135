"""Telemetry frames: the readings of one area since the last frame, column by column, as msgpack.

Times are microseconds since 1970, city time. Columnar because it is a tenth of the bytes and of the work of one object
a reading; a version byte because history keeps frames for years.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgpack

from shared.contracts.message import Scalar
from shared.errors import Malformed

VERSION = 1
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
    rows: Sequence[Row]


def encode_frame(frame: Frame) -> bytes:
    columns = list(zip(*frame.rows, strict=True)) if frame.rows else [()] * len(Row._fields)
    packed: bytes = msgpack.packb(
        {
            "v": VERSION,
            "source": frame.source,
            "trade": frame.trade,
            "area": frame.area,
            "epoch": frame.epoch,
            "seq": frame.seq,
            "sent_us": frame.sent_us,
            "controllers": list(frame.controllers),
            **dict(zip(Row._fields, columns, strict=True)),
        }
    )
    return packed


def decode_frame(body: bytes) -> Frame:
    """Raises Malformed. Keys that this version does not know are ignored."""
    try:
        packed = msgpack.unpackb(body)
    except (ValueError, TypeError, RecursionError) as error:  # msgpack's own errors are ValueErrors
        raise Malformed("frame_malformed", path="(body)", expected=f"msgpack ({error})") from error
    if not isinstance(packed, dict):
        raise Malformed("frame_malformed", path="(body)", expected="a map")
    if packed.get("v") != VERSION:
        raise Malformed("frame_malformed", path="v", expected=f"version {VERSION}")
    return Frame(
        source=_of(packed, "source", str),
        trade=_of(packed, "trade", str),
        area=_of(packed, "area", str),
        epoch=_of(packed, "epoch", int),
        seq=_of(packed, "seq", int),
        sent_us=_of(packed, "sent_us", int),
        controllers=_seen(_of(packed, "controllers", list)),
        rows=_rows(packed),
    )


_COLUMNS: dict[str, tuple[type[Any], ...]] = {
    "asset": (str,),
    "point": (str,),
    "value": (bool, int, float, str, type(None)),
    "quality": (str,),
    "taken_us": (int,),
    "changed_us": (int,),
}


def _rows(packed: dict[str, Any]) -> list[Row]:
    columns: list[list[Any]] = []
    for name, kinds in _COLUMNS.items():
        column = _of(packed, name, list)
        if not all(isinstance(item, kinds) for item in column):
            raise Malformed("frame_malformed", path=name, expected=" or ".join(kind.__name__ for kind in kinds))
        columns.append(column)
    if len({len(column) for column in columns}) != 1:
        raise Malformed("frame_malformed", path="asset", expected="columns of equal length")
    return [Row(*row) for row in zip(*columns, strict=True)]


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
