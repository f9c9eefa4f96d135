"""Which type, order, scale, offset and address shift explain what a display shows. Pure search over the codec.

A technician reads raw registers with a tool and the value on the device's display. Everything that turns the one into
the other is a candidate; the simplest comes first, for devices are seldom odd in two ways at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from shared.errors import Malformed
from shared.field.decipher.shown import Shown
from shared.field.registers import Codec, Order, RegisterType, register_count

REGISTERS_MAX = 125
"""One read (Modbus V1.1b3, 6.3)."""

_TYPES: dict[RegisterType, tuple[float, float]] = {
    "u16": (0, 0), "f32": (0.5, 0.5), "i16": (0.6, 0), "u32": (1, 1), "i32": (1.6, 1), "f64": (1.5, 1.5),
    "bcd16": (2, 2), "u64": (2.5, 2.5), "i64": (3.1, 2.5),
}  # fmt: skip
"""How unusual a type is, for a number from zero up and for a negative one: a sign that is not needed is doubtful."""
_ORDERS: tuple[tuple[Order, Order, float], ...] = (
    ("big", "big", 0.0),
    ("big", "little", 0.5),
    ("little", "little", 0.8),
    ("little", "big", 1.2),
)
"""Byte order, word order, and how unusual they are together: ABCD, CDAB, DCBA, BADC."""
SCALES: dict[float, float] = {
    1: 0, 0.1: 1, 0.01: 1, 0.001: 1.2, 10: 2, 0.0001: 2, 100: 2.5, 0.5: 2.5, 1000: 3, 0.00001: 3, 0.000001: 3.2,
    0.05: 3, 0.005: 3, 0.2: 3, 0.02: 3, 0.25: 3, 0.025: 3.2, 2: 3, 5: 3, 0.0625: 3.4, 0.00390625: 3.4,
}  # fmt: skip
OFFSETS: dict[float, float] = {
    0: 0, -40: 3, -50: 3, -100: 3, -200: 3, -20: 3.2, -30: 3.2, -273.15: 3.4, -1000: 3.4, -10000: 3.6, -32768: 3.6,
}  # fmt: skip
"""What vendors add so that a register needs no sign; in units of the value, but -10000 and -32768, which are raw."""
_RAW_OFFSETS = (-1000.0, -10000.0, -32768.0)
_OFFSET_SCALES = (1, 0.1, 0.01, 0.001)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a value may lie in the registers. `shift`: how many registers after the expected place it begins."""

    type: RegisterType
    byte_order: Order
    word_order: Order
    scale: float
    offset: float
    shift: int
    length: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """An encoding that explains every observation; `value` is what it makes of the first."""

    encoding: Encoding
    value: float | str
    oddity: float


@dataclass(frozen=True, slots=True)
class Observation:
    """Raw registers, and what the display showed; the value is expected to begin in register `at`."""

    words: tuple[int, ...]
    shown: Shown
    at: int = 0


def find_candidates(observations: Sequence[Observation]) -> list[Candidate]:
    """What explains all of them, the least odd first. Raises Malformed for registers that are none."""
    assert observations
    for observation in observations:
        if not 1 <= len(observation.words) <= REGISTERS_MAX:
            raise Malformed("registers_expected", count_max=REGISTERS_MAX)
    found = [{each.encoding: each for each in _explain(observation)} for observation in observations]
    common = reduce(lambda left, right: left & right, (set(each) for each in found))
    candidates = [
        Candidate(encoding, found[0][encoding].value, max(each[encoding].oddity for each in found))
        for encoding in common
    ]
    return sorted(candidates, key=lambda each: (round(each.oddity, 6), _stable(each.encoding)))


def _stable(encoding: Encoding) -> tuple[int, str, str, str, float, float]:
    return (
        abs(encoding.shift), encoding.type, encoding.word_order, encoding.byte_order, encoding.scale, encoding.offset,
    )  # fmt: skip


def _explain(observation: Observation) -> Iterator[Candidate]:
    raw = b"".join(word.to_bytes(2, "big") for word in observation.words)
    for start in range(len(observation.words)):
        shift = start - observation.at
        moved = 0.0 if shift == 0 else 1.0 if abs(shift) == 1 else 2.0 + 0.1 * abs(shift)
        if observation.shown.text is not None:
            yield from _texts(raw[2 * start :], observation.shown.text, shift, moved)
            continue
        for type_ in _TYPES:
            count = register_count(type_)
            if start + count <= len(observation.words):
                yield from _numbers(type_, raw[2 * start : 2 * (start + count)], observation.shown, shift, moved)


def _numbers(type_: RegisterType, raw: bytes, shown: Shown, shift: int, moved: float) -> Iterator[Candidate]:
    orders = _ORDERS if len(raw) > 2 else (_ORDERS[0], ("little", "big", 1.2))
    for byte_order, word_order, order_oddity in orders:
        number = _number(Codec(type=type_, byte_order=byte_order, word_order=word_order), raw)
        if number is None:
            continue
        oddity = _TYPES[type_][number < 0] + order_oddity + moved
        for scale, offset, scale_oddity in _scalings(type_):
            value = number * scale + offset
            misfit = shown.misfit(value)
            if misfit is not None:
                encoding = Encoding(type_, byte_order, word_order, scale, offset, shift)
                yield Candidate(encoding, float(f"{value:.9g}"), oddity + scale_oddity + misfit)


def _number(codec: Codec, raw: bytes) -> float | None:
    try:
        value = codec.decode(raw)
    except Malformed:
        return None  # a BCD digit above nine: these registers hold no BCD
    return None if value is None or isinstance(value, str) else value


def _scalings(type_: RegisterType) -> Iterator[tuple[float, float, float]]:
    """Scale, offset and how unusual they are. A float carries its own point: another scale is doubtful."""
    is_float = type_ in ("f32", "f64")
    for scale, oddity in SCALES.items():
        yield scale, 0.0, oddity + (1.5 if is_float and scale != 1 else 0.0)
        if is_float or scale not in _OFFSET_SCALES:
            continue
        for offset, offset_oddity in OFFSETS.items():
            if offset:
                yield scale, (offset * scale if offset in _RAW_OFFSETS else offset), oddity + offset_oddity


def _texts(raw: bytes, text: str, shift: int, moved: float) -> Iterator[Candidate]:
    length = len(text.encode())
    for byte_order, oddity in (("big", 0.0), ("little", 1.0)):
        order: Order = "big" if byte_order == "big" else "little"
        count = register_count("string", length)
        if len(raw) < 2 * count:
            return
        try:
            value = Codec(type="string", byte_order=order, length=length).decode(raw[: 2 * count])
        except Malformed:
            continue  # not UTF-8 from here on
        if value == text:
            yield Candidate(Encoding("string", order, "big", 1.0, 0.0, shift, length), text, oddity + moved)
