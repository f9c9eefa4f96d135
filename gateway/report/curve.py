"""What a point was worth over a period: pieces of which it is known, and gaps with their causes. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """From one moment to another (microseconds of city time) the value stood between `low` and `high`."""

    from_us: int
    to_us: int
    low: float
    high: float
    mean: float

    @property
    def seconds(self) -> float:
        return (self.to_us - self.from_us) / 1e6


@dataclass(frozen=True, slots=True)
class Gap:
    from_us: int
    to_us: int
    cause: str


@dataclass(frozen=True, slots=True)
class Growth:
    """A counter grew by so much, told at that moment."""

    at_us: int
    by: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """`width_s`: how long a piece is where there were too many readings to take each one; 0 when each was taken."""

    from_us: int
    to_us: int
    pieces: tuple[Piece, ...]
    gaps: tuple[Gap, ...]
    growths: tuple[Growth, ...] = ()
    width_s: float = 0.0

    @property
    def seconds(self) -> float:
        return (self.to_us - self.from_us) / 1e6

    @property
    def known_s(self) -> float:
        return sum(piece.seconds for piece in self.pieces)

    @property
    def known(self) -> float:
        """Of how much of the period a good value is known, 0 to 1."""
        return min(1.0, self.known_s / self.seconds) if self.seconds else 0.0

    def peak(self) -> tuple[float, int] | None:
        """The highest value, and when it first stood."""
        if not self.pieces:
            return None
        found = max(self.pieces, key=lambda piece: piece.high)
        return found.high, found.from_us

    def above_s(self, limit: float) -> float:
        """For how long it is known to have stood at the limit or above."""
        return sum(_share(piece, limit) * piece.seconds for piece in self.pieces)

    def first_at(self, limit: float) -> int | None:
        """When it first stood at the limit or above."""
        return next((piece.from_us for piece in self.pieces if piece.high >= limit), None)

    def integral(self) -> float:
        """Value times seconds, over the time of which it is known."""
        return sum(piece.mean * piece.seconds for piece in self.pieces)

    def thinned(self, count: int) -> list[tuple[int, float | None, float | None]]:
        """For a drawing: equal parts with their least and most, None where nothing is known."""
        width = max(1, (self.to_us - self.from_us) // count)
        low: dict[int, float] = {}
        high: dict[int, float] = {}
        for piece in self.pieces:
            last = max(piece.from_us, piece.to_us - 1)
            for part in range((piece.from_us - self.from_us) // width, (last - self.from_us) // width + 1):
                low[part] = min(piece.low, low.get(part, piece.low))
                high[part] = max(piece.high, high.get(part, piece.high))
        parts = range((self.to_us - self.from_us + width - 1) // width)
        return [(self.from_us + part * width, low.get(part), high.get(part)) for part in parts]


def curve_of(told: Mapping[str, Any], from_us: int, to_us: int) -> Curve:
    """What the history answers to `read_trend`, within the period."""
    gaps = tuple(Gap(*gap) for gap in told["gaps"] if gap[1] > from_us and gap[0] < to_us)
    spans = [(gap.from_us, gap.to_us) for gap in gaps]
    if told["samples"] is not None:
        pieces, growths = _of_samples(told["samples"], spans, from_us, to_us)
        width_s = 0.0
    else:
        pieces, growths = _of_buckets(told["buckets"], told["width_us"], spans, from_us, to_us)
        width_s = told["width_us"] / 1e6
    return Curve(from_us=from_us, to_us=to_us, pieces=pieces, gaps=gaps, growths=growths, width_s=width_s)


def _of_samples(
    told: Mapping[str, Sequence[Any]], gaps: Sequence[Span], from_us: int, to_us: int
) -> tuple[tuple[Piece, ...], tuple[Growth, ...]]:
    pieces: list[Piece] = []
    growths: list[Growth] = []
    rows = list(zip(told["at_us"], told["value"], told["quality"], strict=True))
    ends = [at_us for at_us, _, _ in rows[1:]] + ([to_us] if rows else [])
    before: float | None = None
    for (at_us, value, quality), end_us in zip(rows, ends, strict=True):
        if not isinstance(value, int | float) or not quality.startswith("good"):
            continue
        number = float(value)
        if before is not None and number != before and from_us <= at_us < to_us:
            # A counter that falls began anew, and has counted since what it shows.
            growths.append(Growth(at_us, number - before if number > before else number))
        before = number
        for begin, end in _outside(gaps, max(at_us, from_us), min(end_us, to_us)):
            pieces.append(Piece(begin, end, number, number, number))
    return tuple(pieces), tuple(growths)


def _of_buckets(
    told: Mapping[str, Sequence[Any]], width_us: int, gaps: Sequence[Span], from_us: int, to_us: int
) -> tuple[tuple[Piece, ...], tuple[Growth, ...]]:
    pieces: list[Piece] = []
    growths: list[Growth] = []
    columns = zip(*(told[name] for name in ("start_us", "min", "max", "mean", "gain")), strict=True)
    for start_us, low, high, mean, gain in columns:
        begin, end = max(start_us, from_us), min(start_us + width_us, to_us)
        if low is None or end <= begin:
            continue
        pieces += [Piece(*span, low, high, mean) for span in _outside(gaps, begin, end)]
        if gain:
            growths.append(Growth(begin, gain * (end - begin) / width_us))
    return tuple(pieces), tuple(growths)


def _outside(gaps: Sequence[Span], begin: int, end: int) -> Iterator[Span]:
    """What of a period lies in no gap; the gaps stand in their order."""
    at = max(0, bisect_right(gaps, (begin, begin)) - 1)
    while begin < end:
        while at < len(gaps) and gaps[at][1] <= begin:
            at += 1
        if at == len(gaps) or gaps[at][0] >= end:
            yield begin, end
            return
        if gaps[at][0] > begin:
            yield begin, gaps[at][0]
        begin = gaps[at][1]


def _share(piece: Piece, limit: float) -> float:
    """Of a piece that crosses the limit, the part of its height that lies above."""
    if piece.low >= limit:
        return 1.0
    return 0.0 if piece.high < limit else (piece.high - limit) / (piece.high - piece.low)


def rises(values: Sequence[float]) -> float:
    """By how much the values rose in all."""
    return sum(max(0.0, after - before) for before, after in pairwise(values))
