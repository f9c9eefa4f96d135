"""Arrays of raw bytes, a controller a row -> arrays of numbers, and what is to be seen in them at once. Pure."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.field.columns import NEVER, Floats
from shared.field.plan import Block
from shared.field.profile import Point, Profile
from shared.field.quality import GOOD_CODE, OUT_OF_RANGE_CODE, SENSOR_FAULT_CODE
from shared.field.registers import NUMBER_FORMAT

Bits = NDArray[np.bool_]


class Thresholds:
    """The conditions that are no more than a plain number against a bound, looked at for many controllers at once."""

    def __init__(self, profile: Profile, names: Sequence[str]) -> None:
        column = {name: at for at, name in enumerate(names)}
        found: dict[str, list[tuple[int, float]]] = {}
        for condition in profile.conditions.values():
            threshold = condition.when.threshold
            if threshold is None or threshold.point not in column:
                continue
            bound = profile.limit(*threshold.bound) if isinstance(threshold.bound, tuple) else threshold.bound
            if bound is not None:
                found.setdefault(threshold.order, []).append((column[threshold.point], bound))
        self._orders: list[tuple[Callable[[Floats, Floats], Bits], NDArray[np.intp], Floats]] = [
            (_ORDERS[order], np.array([at for at, _ in each], np.intp), np.array([bound for _, bound in each]))
            for order, each in found.items()
        ]

    def passed(self, values: Floats) -> Bits:
        """By row: does any of them hold?"""
        found = np.zeros(len(values), np.bool_)
        for compare, columns, bounds in self._orders:
            found |= np.logical_or.reduce(compare(values.take(columns, axis=1), bounds), axis=1)
        return found


class Coils:
    """Points of a block of coils or discrete inputs: packed eight a byte, the first in the lowest bit."""

    def __init__(self, profile: Profile, block: Block, points: Sequence[Point]) -> None:
        self._places = np.array([profile.wire_address(point) - block.address for point in points], np.intp)

    def unpacked(self, raw: bytes, rows: int) -> Floats:
        packed = np.frombuffer(raw, np.uint8).reshape(rows, -1)
        return np.unpackbits(packed, axis=1, bitorder="little").take(self._places, axis=1).astype(np.float64)

    def judged(self, values: Floats) -> None:  # noqa: ARG002 - a bit is always good
        return None


class Numbers:
    """The plain numbers of a block of registers, unpacked, scaled and checked in one step."""

    def __init__(self, profile: Profile, block: Block, points: Sequence[Point]) -> None:
        codecs = [point.codec(profile.modbus) for point in points]
        starts = [2 * (profile.wire_address(point) - block.address) for point in points]
        order: list[int] = []
        self._runs: list[_Run] = []
        for kind in sorted({codec.type for codec in codecs}):
            columns = [at for at, codec in enumerate(codecs) if codec.type == kind]
            first = len(order)
            order += [place for at in columns for place in codecs[at].places(starts[at])]
            self._runs.append(_Run(places(together(columns)), first, len(order), ">" + NUMBER_FORMAT[kind]))
        self._order = np.array(order, np.intp)
        self._count = len(points)
        scalings = [codec.scaling() for codec in codecs]
        self._is_scaled = any(divisor for _, _, divisor in scalings)
        self._factors = np.array([float(factor) for factor, _, _ in scalings])
        self._summands = np.array([float(summand) if divisor else -0.0 for _, summand, divisor in scalings])
        """Minus zero changes nothing, not even a minus zero."""
        self._divisors = np.array([float(divisor or 1) for _, _, divisor in scalings])
        ranges = [point.valid or _ANYTHING for point in points]
        self._lows, self._highs = np.array([low for low, _ in ranges]), np.array([high for _, high in ranges])

    def unpacked(self, raw: bytes, rows: int) -> Floats:
        ordered = np.frombuffer(raw, np.uint8).reshape(rows, -1).take(self._order, axis=1)
        values = np.empty((rows, self._count))
        for run in self._runs:
            values[:, run.columns] = ordered[:, run.first : run.last].view(run.dtype)
        if self._is_scaled:
            values *= self._factors
            values += self._summands
            values /= self._divisors
        return values

    def judged(self, values: Floats) -> NDArray[np.uint16] | None:
        """None: all are good. What is no number becomes one that is not known."""
        fits = (values >= self._lows) & (values <= self._highs)
        if fits.all():
            return None
        is_number = np.isfinite(values)
        values[~is_number] = NEVER
        return np.where(fits, GOOD_CODE, np.where(is_number, OUT_OF_RANGE_CODE, SENSOR_FAULT_CODE)).astype(np.uint16)


@dataclass(frozen=True, slots=True)
class _Run:
    """The numbers of one type in a block."""

    columns: slice | NDArray[np.intp]
    first: int
    last: int
    """Bytes [first, last) of the block in the order of the runs."""
    dtype: str


_ORDERS: dict[str, Callable[[Floats, Floats], Bits]] = {
    ">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal,
}  # fmt: skip
_ANYTHING = (-sys.float_info.max, sys.float_info.max)
"""The range of a point that has none: infinity and NaN lie outside it."""


def together(indices: Sequence[int]) -> Sequence[int]:
    """A range where they stand together."""
    if indices and list(indices) == list(range(indices[0], indices[-1] + 1)):
        return range(indices[0], indices[-1] + 1)
    return list(indices)


def places(indices: Sequence[int]) -> slice | NDArray[np.intp]:
    """The same, to index a column with."""
    if isinstance(indices, range):
        return slice(indices.start, indices.stop)
    return np.array(indices, np.intp)
