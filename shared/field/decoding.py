"""A block's raw bytes -> the points that changed. What did not change on the wire is not decoded.

Most points of a block are plain numbers. They are unpacked, scaled and compared all at once; only what is not plain
(text, bits of registers, BCD, a limited rate of change, codes for "no value") is looked at one by one.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from shared.contracts.message import Scalar
from shared.errors import Malformed
from shared.field.image import GOOD, ControllerImage
from shared.field.plan import Block
from shared.field.profile import BIT_TABLES, Point
from shared.field.registers import NUMBER_FORMAT, Codec

SENSOR_FAULT = "bad.sensor_fault"
UNDECODABLE = "bad.decode"
OUT_OF_RANGE = "uncertain.out_of_range"


class BlockDecoder:
    """Remembers the raw bytes of one block from poll to poll."""

    def __init__(self, image: ControllerImage, block: Block) -> None:
        self.block = block
        self._image = image
        self._raw: bytes | None = None
        if block.table in BIT_TABLES:
            self._plain: _Bits | _Numbers = _Bits(image, block)
            self._slots: list[_Slot] = []
        else:
            slots = [_slot(image, block, name) for name in block.points]
            self._slots = [slot for slot in slots if not slot.is_plain()]
            self._plain = _Numbers([slot for slot in slots if slot.is_plain()])
        self._paced = [slot for slot in self._slots if slot.point.rate_max is not None]
        self.indices = (*self._plain.indices, *(slot.at for slot in self._slots))

    def decode(self, raw: bytes, taken_at_s: float) -> list[int]:
        """Put what came into the image; the indices of the points whose value or quality changed."""
        image, before = self._image, self._raw
        taken = image.taken_at_s
        for at in self.indices:
            taken[at] = taken_at_s
        if raw == before:
            for slot in self._paced:
                slot.judged_at_s = taken_at_s
            return []
        self._raw = raw
        changed = self._plain.decode(image, raw, taken_at_s) if self._plain.indices else []
        for slot in self._slots:
            piece = raw[slot.first : slot.last]
            if before is None or slot.point.rate_max is not None or piece != before[slot.first : slot.last]:
                value, quality = self._judge(slot, piece, taken_at_s)
                slot.judged_at_s = taken_at_s
                if image.put(slot.at, value, quality, taken_at_s):
                    changed.append(slot.at)
        return changed

    def spoil(self, quality: str) -> list[int]:
        """The read failed: nothing is known of its points, and its next bytes are new whatever they are."""
        self._raw = None
        return self._image.spoil(self.indices, quality)

    def forget(self) -> None:
        """Decode everything again at the next poll, changed or not."""
        self._raw = None

    def _judge(self, slot: _Slot, piece: bytes, taken_at_s: float) -> tuple[Scalar, str]:
        point = slot.point
        try:
            value = slot.codec.decode(piece)
        except Malformed:
            return None, UNDECODABLE
        if value is None or (point.nan and slot.codec.raw_number(piece) in point.nan):
            return None, SENSOR_FAULT
        if isinstance(value, str | bool):
            return value, GOOD
        if point.valid is not None and not point.valid[0] <= value <= point.valid[1]:
            return value, OUT_OF_RANGE
        if point.rate_max is not None and self._too_fast(slot, value, taken_at_s):
            return value, OUT_OF_RANGE
        return value, GOOD

    def _too_fast(self, slot: _Slot, value: float, taken_at_s: float) -> bool:
        before, before_s = self._image.values[slot.at], slot.judged_at_s
        if before is None or isinstance(before, str) or before_s is None or taken_at_s <= before_s:
            return False
        assert slot.point.rate_max is not None
        return abs(value - before) / (taken_at_s - before_s) > slot.point.rate_max


@dataclass(slots=True)
class _Slot:
    at: int
    point: Point
    codec: Codec
    first: int
    last: int
    """Bytes [first, last) of the block."""
    judged_at_s: float | None = None

    def is_plain(self) -> bool:
        """A number whose goodness hangs on nothing but itself and its range."""
        point = self.point
        return self.codec.type in NUMBER_FORMAT and self.codec.type != "bcd16" and not point.nan and not point.rate_max


_ANYTHING = (-sys.float_info.max, sys.float_info.max)
"""The range of a point that has none: infinity and NaN lie outside it."""


class _Bits:
    """The points of a block of coils or discrete inputs."""

    def __init__(self, image: ControllerImage, block: Block) -> None:
        self.indices = tuple(image.index[name] for name in block.points)
        places = [image.profile.wire_address(image.profile.points[name]) - block.address for name in block.points]
        self._masks = [(place >> 3, 1 << (place & 7)) for place in places]

    def decode(self, image: ControllerImage, raw: bytes, taken_at_s: float) -> list[int]:
        return _put_good(image, self.indices, [raw[byte] & mask != 0 for byte, mask in self._masks], taken_at_s)


class _Numbers:
    """The plain numbers of a block of registers, unpacked in one step."""

    def __init__(self, slots: list[_Slot]) -> None:
        self.indices = tuple(slot.at for slot in slots)
        self._unpack = struct.Struct(">" + "".join(NUMBER_FORMAT[slot.codec.type] for slot in slots)).unpack
        order = [place for slot in slots for place in slot.codec.places(slot.first)]
        self._length = len(order)
        self._reorder: Any = itemgetter(*order) if order != list(range(len(order))) else None
        self._scaling = [slot.codec.scaling() for slot in slots]
        self._ranges = [slot.point.valid or _ANYTHING for slot in slots]

    def decode(self, image: ControllerImage, raw: bytes, taken_at_s: float) -> list[int]:
        ordered = raw[: self._length] if self._reorder is None else bytes(self._reorder(raw))
        values = [
            (number * factor + summand) / divisor if divisor else number
            for number, (factor, summand, divisor) in zip(self._unpack(ordered), self._scaling, strict=True)
        ]
        within = [low <= value <= high for value, (low, high) in zip(values, self._ranges, strict=True)]
        if all(within):
            return _put_good(image, self.indices, values, taken_at_s)
        changed = []
        for at, value, inside in zip(self.indices, values, within, strict=True):
            if value - value != 0:  # an infinite number, or none: the device has no value
                now: tuple[Scalar, str] = (None, SENSOR_FAULT)
            else:
                now = (value, GOOD if inside else OUT_OF_RANGE)
            if image.put(at, *now, taken_at_s):
                changed.append(at)
        return changed


def _put_good(
    image: ControllerImage, indices: Sequence[int], values: Sequence[bool | float], taken_at_s: float
) -> list[int]:
    """`image.put` for many good values; the indices that changed."""
    held, changed_at, qualities = image.values, image.changed_at_s, image.qualities
    changed = []
    for at, value in zip(indices, values, strict=True):
        if held[at] != value or qualities[at] != GOOD:
            held[at], changed_at[at] = value, taken_at_s
            changed.append(at)
            if qualities[at] != GOOD:
                image.requalify(at, GOOD)
    return changed


def _slot(image: ControllerImage, block: Block, name: str) -> _Slot:
    point = image.profile.points[name]
    first = 2 * (image.profile.wire_address(point) - block.address)
    return _Slot(image.index[name], point, point.codec(image.profile.modbus), first, first + 2 * point.count)
