"""Finds what a device refuses in a block that its profile says it has, by halves. Pure.

A device answers a read with exception 2 (illegal data address, V1.1b3, 7) when a single register of it does not exist,
and with 3 when it is asked for more than it can answer at once; it never says which.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

Range = tuple[int, int]
"""First and last address."""
Search = Generator[Range, bool, "Refused"]
"""Yields ranges to read, and is sent whether the device answered."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What was found."""

    addresses: tuple[int, ...]
    """They do not exist, or stand in a value that does not."""
    count_max: int
    """The longest read that was answered; without refused addresses it is the device's limit."""


NOTHING = Refused((), 0)
"""There is nothing to tell apart, or it is answered by now."""


def find_refused(block: Range, values: Sequence[Range]) -> Search:
    """Search a block that was refused as a whole. `values`: the points in it, which are never read in part.

    It is asked for once more first: a device that was busy for a moment teaches nothing. After that each hole costs
    two reads a halving at the most.
    """
    pieces = _pieces(block, values)
    if len(pieces) == 1 or (yield block):
        return NOTHING
    longest = 0

    def search(first: int, end: int) -> Generator[Range, bool, list[Range]]:
        """In pieces [first, end), which as a whole are refused."""
        nonlocal longest
        if end - first == 1:
            return [pieces[first]]
        found: list[Range] = []
        middle = (first + end) // 2
        for low, high in ((first, middle), (middle, end)):
            extent = (pieces[low][0], pieces[high - 1][1])
            answered = yield extent
            if answered:
                longest = max(longest, extent[1] - extent[0] + 1)
            else:
                found += yield from search(low, high)
        return found

    refused = yield from search(0, len(pieces))
    return Refused(tuple(at for first, last in refused for at in range(first, last + 1)), longest)


def _pieces(block: Range, values: Sequence[Range]) -> list[Range]:
    """What can be read by itself: a value, overlapping values together, or one register of a gap."""
    pieces: list[Range] = []
    at = block[0]
    for first, last in sorted(values):
        if pieces and first <= pieces[-1][1] and first < at:
            pieces[-1] = (pieces[-1][0], max(pieces[-1][1], last))
        else:
            pieces += [(gap, gap) for gap in range(at, first)]
            pieces.append((first, last))
        at = max(at, pieces[-1][1] + 1)
    return pieces + [(gap, gap) for gap in range(at, block[1] + 1)]
