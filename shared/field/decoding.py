"""A block's raw bytes -> the points that changed. What did not change on the wire is not decoded.

Most points of a block are plain numbers. They are unpacked, scaled and compared all at once; only what is not plain
(text, bits of registers, BCD, a limited rate of change, codes for "no value") is looked at one by one.
"""

from __future__ import annotations

import struct
import sys
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from operator import itemgetter, le, ne, truediv
from typing import Any

from shared.contracts.message import Scalar
from shared.errors import Malformed
from shared.field.image import GOOD, ControllerImage
from shared.field.plan import Block
from shared.field.profile import BIT_TABLES, Point, Profile
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
        names = sorted(block.points, key=lambda name: (_kinship(image.profile, name), image.index[name]))
        if block.table in BIT_TABLES:
            self._plain: _Bits | _Numbers = _Bits(image, block, names)
            self._slots: list[_Slot] = []
        else:
            slots = [_slot(image, block, name) for name in names]
            self._slots = [slot for slot in slots if slot.kinship == 3]
            self._plain = _Numbers([slot for slot in slots if slot.kinship < 3])
        self._is_paced = any(slot.point.rate_max is not None for slot in self._slots)
        self.indices = sorted((*self._plain.group.indices, *(slot.at for slot in self._slots)))
        self._span = _Span(self.indices)

    def decode(self, raw: bytes, taken_at_s: float) -> Sequence[int]:
        """Put what came into the image; the indices of the points whose value or quality changed."""
        image, before = self._image, self._raw
        self._span.fill(image.taken_at_s, taken_at_s)
        if raw == before:  # what moved too fast has come to rest
            return self._decode_slots(raw, before, taken_at_s) if self._is_paced else ()
        self._raw = raw
        plain = self._plain.decode(image, raw, taken_at_s)
        return plain if not self._slots else [*plain, *self._decode_slots(raw, before, taken_at_s)]

    def _decode_slots(self, raw: bytes, before: bytes | None, taken_at_s: float) -> list[int]:
        image, changed = self._image, []
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
    kinship: int
    first: int
    last: int
    """Bytes [first, last) of the block."""
    judged_at_s: float | None = None


class _Span:
    """Some indices of an image; where they stand together, whole slices are moved."""

    def __init__(self, indices: Sequence[int]) -> None:
        together = bool(indices) and list(indices) == list(range(indices[0], indices[-1] + 1))
        self.indices: Sequence[int] = range(indices[0], indices[-1] + 1) if together else tuple(indices)
        self._slice = slice(indices[0], indices[-1] + 1) if together else None

    def fill(self, column: list[Any], value: Any) -> None:
        if self._slice is not None:
            column[self._slice] = [value] * len(self.indices)
        else:
            for at in self.indices:
                column[at] = value

    def of(self, column: list[Any]) -> list[Any]:
        return column[self._slice] if self._slice is not None else [column[at] for at in self.indices]

    def put(self, column: list[Any], values: Sequence[Any]) -> None:
        if self._slice is not None:
            column[self._slice] = values
        else:
            for at, value in zip(self.indices, values, strict=True):
                column[at] = value

    def put_good(self, image: ControllerImage, values: list[Any], taken_at_s: float) -> Sequence[int]:
        """`image.put` for values that are good; the indices that changed, as a range when all did."""
        held, qualities = self.of(image.values), self.of(image.qualities)
        if qualities.count(GOOD) != len(qualities):
            return [
                at for at, value in zip(self.indices, values, strict=True) if image.put(at, value, GOOD, taken_at_s)
            ]
        differs = list(map(ne, held, values))
        count = differs.count(True)
        if count == 0:
            return ()
        self.put(image.values, values)
        if count == len(values):
            self.fill(image.changed_at_s, taken_at_s)
            return self.indices
        changed = list(compress(self.indices, differs))
        for at in changed:
            image.changed_at_s[at] = taken_at_s
        return changed


class _Bits:
    """The points of a block of coils or discrete inputs."""

    def __init__(self, image: ControllerImage, block: Block, names: Sequence[str]) -> None:
        self.group = _Span([image.index[name] for name in names])
        places = [image.profile.wire_address(image.profile.points[name]) - block.address for name in names]
        self._masks = [(place >> 3, 1 << (place & 7)) for place in places]

    def decode(self, image: ControllerImage, raw: bytes, taken_at_s: float) -> Sequence[int]:
        return self.group.put_good(image, [raw[byte] & mask != 0 for byte, mask in self._masks], taken_at_s)


class _Numbers:
    """The plain numbers of a block of registers, unpacked, scaled and checked in one step. Slots by kinship."""

    def __init__(self, slots: list[_Slot]) -> None:
        self.group = _Span([slot.at for slot in slots])
        self._unpack = struct.Struct(">" + "".join(NUMBER_FORMAT[slot.codec.type] for slot in slots)).unpack
        order = [place for slot in slots for place in slot.codec.places(slot.first)]
        self._length = len(order)
        self._reorder: Any = itemgetter(*order) if order != list(range(len(order))) else None
        kinships = [slot.kinship for slot in slots]
        self._divided_from, self._scaled_from = bisect_left(kinships, 1), bisect_left(kinships, 2)
        scalings = [slot.codec.scaling() for slot in slots]
        self._divisors = [divisor for _, _, divisor in scalings[self._divided_from : self._scaled_from]]
        self._scalings = scalings[self._scaled_from :]
        self._lows, self._highs = (
            map(list, zip(*(slot.point.valid or _ANYTHING for slot in slots), strict=True)) if slots else ([], [])
        )

    def decode(self, image: ControllerImage, raw: bytes, taken_at_s: float) -> Sequence[int]:
        ordered = raw[: self._length] if self._reorder is None else bytes(self._reorder(raw))
        numbers = self._unpack(ordered)
        values = [
            *numbers[: self._divided_from],
            *map(truediv, numbers[self._divided_from : self._scaled_from], self._divisors),
            *(
                (number * factor + summand) / divisor
                for number, (factor, summand, divisor) in zip(numbers[self._scaled_from :], self._scalings, strict=True)
            ),
        ]
        if all(map(le, self._lows, values)) and all(map(le, values, self._highs)):
            return self.group.put_good(image, values, taken_at_s)
        changed = []
        for at, value, low, high in zip(self.group.indices, values, self._lows, self._highs, strict=True):
            if value - value != 0:  # an infinite number, or none: the device has no value
                now: tuple[Scalar, str] = (None, SENSOR_FAULT)
            else:
                now = (value, GOOD if low <= value <= high else OUT_OF_RANGE)
            if image.put(at, *now, taken_at_s):
                changed.append(at)
        return changed


_ANYTHING = (-sys.float_info.max, sys.float_info.max)
"""The range of a point that has none: infinity and NaN lie outside it."""


def _kinship(profile: Profile, name: str) -> int:
    return profile.points[name].kinship(profile.modbus)


def _slot(image: ControllerImage, block: Block, name: str) -> _Slot:
    point, modbus = image.profile.points[name], image.profile.modbus
    first = 2 * (image.profile.wire_address(point) - block.address)
    codec, kinship = point.codec(modbus), point.kinship(modbus)
    return _Slot(image.index[name], point, codec, kinship, first, first + 2 * point.count)
