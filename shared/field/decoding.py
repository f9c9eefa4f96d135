"""A block's raw bytes -> the points that changed. What did not change on the wire is not decoded."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.message import Scalar
from shared.errors import Malformed
from shared.field.image import GOOD, ControllerImage
from shared.field.plan import Block
from shared.field.profile import BIT_TABLES, Point
from shared.field.registers import Codec

SENSOR_FAULT = "bad.sensor_fault"
UNDECODABLE = "bad.decode"
OUT_OF_RANGE = "uncertain.out_of_range"


@dataclass(frozen=True, slots=True)
class _Slot:
    at: int
    point: Point
    codec: Codec
    first: int
    last: int
    """Bytes [first, last) of the block; for coils and discrete inputs `first` is the bit."""


class BlockDecoder:
    """Remembers the raw bytes of one block from poll to poll."""

    def __init__(self, image: ControllerImage, block: Block) -> None:
        self.block = block
        self._image = image
        self._bits = block.table in BIT_TABLES
        self._raw: bytes | None = None
        self._slots = [self._slot(name) for name in block.points]
        self.indices = tuple(slot.at for slot in self._slots)

    def decode(self, raw: bytes, taken_at_s: float) -> list[int]:
        """Put what came into the image; the indices of the points whose value or quality changed."""
        image, before = self._image, self._raw
        self._raw = raw
        if raw == before:
            taken = image.taken_at_s
            for at in self.indices:
                taken[at] = taken_at_s
            return []
        changed = []
        for slot in self._slots:
            if self._bits:
                value: Scalar = bool(raw[slot.first >> 3] >> (slot.first & 7) & 1)
                quality = GOOD
            else:
                piece = raw[slot.first : slot.last]
                if before is not None and piece == before[slot.first : slot.last] and slot.point.rate_max is None:
                    image.taken_at_s[slot.at] = taken_at_s
                    continue
                value, quality = self._judge(slot, piece, taken_at_s)
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
        before, before_s = self._image.values[slot.at], self._image.taken_at_s[slot.at]
        if before is None or isinstance(before, str) or before_s is None or taken_at_s <= before_s:
            return False
        assert slot.point.rate_max is not None
        return abs(value - before) / (taken_at_s - before_s) > slot.point.rate_max

    def _slot(self, name: str) -> _Slot:
        profile = self._image.profile
        point = profile.points[name]
        first = profile.wire_address(point) - self.block.address
        if not self._bits:
            first *= 2
        last = first + 2 * point.count
        return _Slot(self._image.index[name], point, point.codec(profile.modbus), first, last)
