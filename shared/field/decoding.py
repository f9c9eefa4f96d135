"""Raw bytes of blocks -> the points that changed. What did not change on the wire is not decoded.

The answers of controllers that are alike are decoded as one array, a row each: to scale, to judge and to compare a
number costs a hundredth so of what it costs alone. Only what is not plain (text, bits of registers, BCD, a limited
rate of change, codes for "no value") is looked at one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import structlog

from shared.contracts.message import Scalar
from shared.errors import Malformed
from shared.field.arrays import Bits, Coils, Numbers, Thresholds, places, together
from shared.field.columns import Columns, Floats, Kind, is_plain
from shared.field.image import ControllerImage
from shared.field.plan import Block
from shared.field.profile import BIT_TABLES, Point, Profile
from shared.field.quality import (
    GOOD,
    GOOD_CODE,
    OUT_OF_RANGE,
    SENSOR_FAULT,
    UNDECODABLE,
)
from shared.field.registers import Codec

_log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class News:
    """Numbers of one block of a controller that are good, have just changed, and have left their deadband."""

    decoder: BlockDecoder
    values: Floats
    """Of every plain point of the block."""
    told: Bits | None
    """Which of them are meant; None: all."""
    taken_at_s: float

    def indices(self) -> Sequence[int]:
        plain = self.decoder.layout.plain
        return plain if self.told is None else [plain[at] for at in np.flatnonzero(self.told).tolist()]


@dataclass(slots=True, eq=False)
class Answer:
    """The bytes of one block as they were read, and, when they are decoded, what they say."""

    decoder: BlockDecoder
    raw: bytes
    taken_at_s: float
    changed: Sequence[int] = ()
    """The points whose value or quality changed."""
    news: News | None = None
    rest: Sequence[int] = ()
    """Those of `changed` of which `news` says nothing because they are not as simple."""
    calm: bool = True
    """No plain number has passed a threshold of a condition."""

    def add(self, changed: Sequence[int]) -> None:
        if changed:
            self.changed, self.rest = [*self.changed, *changed], [*self.rest, *changed]


class BlockDecoder:
    """Remembers the raw bytes of one block from poll to poll."""

    def __init__(self, image: ControllerImage, block: Block) -> None:
        self.block = block
        self.image = image
        self.layout = layout_of(image.profile, block)
        assets = [image.assets[at] for at in self.layout.plain]
        self.asset = assets[0] if len(set(assets)) == 1 else assets
        """Of its plain points: one for all, or one a point."""
        self.raw: bytes | None = None
        self._judged_at_s: dict[int, float] = {}
        """Of points whose rate of change is limited."""

    @property
    def indices(self) -> Sequence[int]:
        return self.layout.indices

    def decode(self, raw: bytes, taken_at_s: float) -> Answer:
        """Put what came into the image, alone."""
        answer = Answer(self, raw, taken_at_s)
        decode_together([answer])
        return answer

    def take(self, answer: Answer) -> bool:
        """Look at what is looked at one by one. True when the plain numbers may have changed."""
        layout, before = self.layout, self.raw
        self.raw = answer.raw
        self.image.taken_at_s[layout.everything] = answer.taken_at_s
        is_new = answer.raw != before
        if layout.slots and (is_new or layout.is_paced):  # what moved too fast has come to rest
            self._take_slots(answer, before)
        return is_new and len(layout.plain) > 0

    def _take_slots(self, answer: Answer, before: bytes | None) -> None:
        changed = []
        for slot in self.layout.slots:
            piece = answer.raw[slot.first : slot.last]
            if before is None or slot.point.rate_max is not None or piece != before[slot.first : slot.last]:
                value, quality = self._judge(slot, piece, answer.taken_at_s)
                self._judged_at_s[slot.at] = answer.taken_at_s
                if self.image.put(slot.at, value, quality, answer.taken_at_s):
                    changed.append(slot.at)
        answer.add(changed)

    def spoil(self, quality: str) -> list[int]:
        """The read failed: nothing is known of its points, and its next bytes are new whatever they are."""
        self.raw = None
        return self.image.spoil(self.indices, quality)

    def forget(self) -> None:
        """Decode everything again at the next poll, changed or not."""
        self.raw = None

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
        before, before_s = self.image.value(slot.at), self._judged_at_s.get(slot.at)
        if before is None or isinstance(before, str) or before_s is None or taken_at_s <= before_s:
            return False
        assert slot.point.rate_max is not None
        return abs(value - before) / (taken_at_s - before_s) > slot.point.rate_max


def decode_together(answers: Iterable[Answer]) -> None:
    """Put what came into the images. Answers of controllers that are alike cost little more than one."""
    alike: dict[Layout, list[Answer]] = {}
    for answer in answers:
        try:
            if answer.decoder.take(answer):
                alike.setdefault(answer.decoder.layout, []).append(answer)
        except Exception:  # a defect; the other controllers go on
            _fail([answer])
    for layout, rows in alike.items():
        try:
            layout.decode(rows)
        except Exception:  # a defect; the other controllers go on
            _fail(rows)


def _fail(answers: Iterable[Answer]) -> None:
    """What could not be decoded is not known."""
    _log.exception("answers_not_decoded")
    for answer in answers:
        answer.add(answer.decoder.spoil(UNDECODABLE))


@dataclass(frozen=True, slots=True)
class _Slot:
    at: int
    point: Point
    codec: Codec
    first: int
    last: int
    """Bytes [first, last) of the block."""


def layout_of(profile: Profile, block: Block) -> Layout:
    """One for all controllers whose profile this is."""
    columns = profile.columns
    if block not in columns.layouts:
        columns.layouts[block] = Layout(profile, block)
    return columns.layouts[block]


class Layout:
    """How a block of a profile is decoded."""

    def __init__(self, profile: Profile, block: Block) -> None:
        self.columns: Columns = profile.columns
        index, points = self.columns.index, profile.points
        self.indices = together(sorted(index[name] for name in block.points))
        self.everything = places(self.indices)
        self.plain = together([at for at in self.indices if is_plain(profile, points[self.columns.names[at]])])
        self.slots = [_slot(profile, block, at) for at in self.indices if at not in set(self.plain)]
        self.is_paced = any(slot.point.rate_max is not None for slot in self.slots)
        self.places = places(self.plain)
        self.plain_places = np.array(self.plain, np.intp)
        self.names = [self.columns.names[at] for at in self.plain]
        self.kinds = "".join(_LETTERS[self.columns.kinds[at]] for at in self.plain)
        self._thresholds = Thresholds(profile, self.names)
        self._deadband = self.columns.deadband[self.places]
        named = [points[name] for name in self.names]
        self._numbers: Numbers | Coils = (
            Coils(profile, block, named) if block.table in BIT_TABLES else Numbers(profile, block, named)
        )

    def decode(self, answers: Sequence[Answer]) -> None:
        """The plain points of one controller a row."""
        with np.errstate(all="ignore"):
            values = self._numbers.unpacked(b"".join([answer.raw for answer in answers]), len(answers))
            codes = self._numbers.judged(values)
            images = [answer.decoder.image for answer in answers]
            held = self._rows([image.numbers for image in images])
            told = self._rows([image.told for image in images])
            held_codes = np.concatenate([image.codes[self.places] for image in images]).reshape(values.shape)
            changed: Bits = np.not_equal(values, held)
            moved: Bits = ~(np.abs(values - told) <= self._deadband)  # what was never told has left any deadband
            for number in np.flatnonzero(self._thresholds.passed(values)).tolist():
                answers[number].calm = False
        if codes is None and not held_codes.any():
            self._put(answers, values, changed, moved & changed)
            return
        if codes is None:
            codes = np.zeros(values.shape, np.uint16)
        requalified = codes != held_codes
        changed = requalified | (changed & ~(np.isnan(values) & np.isnan(held)))
        simple = (codes == GOOD_CODE) & ~requalified.any(axis=1, keepdims=True)
        self._put(answers, values, changed, moved & changed & simple)
        for answer, now, new, odd in zip(answers, codes, requalified, changed & ~simple, strict=True):
            image = answer.decoder.image
            image.codes[self.places] = now
            image.requalified.extend(self.plain_places[new].tolist())
            answer.rest = [*answer.rest, *self.plain_places[odd].tolist()]

    def _rows(self, columns: list[Floats]) -> Floats:
        return np.concatenate([column[self.places] for column in columns]).reshape(len(columns), len(self.plain))

    def _put(self, answers: Sequence[Answer], values: Floats, changed: Bits, told: Bits) -> None:
        """Numbers into the images; of each row what changed, and what of it is to be told."""
        every_changed, every_told = (np.logical_and.reduce(each, axis=1).tolist() for each in (changed, told))
        places = self.places
        for number, answer in enumerate(answers):
            image, row = answer.decoder.image, values[number]
            image.numbers[places] = row
            if every_changed[number]:
                image.changed_at_s[places] = answer.taken_at_s
                found: Sequence[int] = self.plain
            else:
                where = self.plain_places[changed[number]]
                if not len(where):
                    continue
                image.changed_at_s[where] = answer.taken_at_s
                found = where.tolist()
            answer.changed = [*found, *answer.changed] if answer.changed else found
            if every_told[number]:
                answer.news = News(answer.decoder, row, None, answer.taken_at_s)
            elif told[number].any():
                answer.news = News(answer.decoder, row, told[number], answer.taken_at_s)


_LETTERS: dict[Kind | None, str] = {float: "f", int: "i", bool: "b"}


def _slot(profile: Profile, block: Block, at: int) -> _Slot:
    point = profile.points[profile.columns.names[at]]
    first = 2 * (profile.wire_address(point) - block.address)
    return _Slot(at, point, point.codec(profile.modbus), first, first + 2 * point.count)
