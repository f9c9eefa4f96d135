"""Rain from the growth of a gauge's counter: bars of five minutes, the highest hours, spells of rain. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.report.curve import Growth

BAR_US = 300_000_000
DRY_US = 6 * 3_600_000_000
"""So long without rain ends one event of rain and begins another: the usual inter-event time of design practice."""


@dataclass(frozen=True, slots=True)
class Spell:
    from_us: int
    to_us: int
    rain_mm: float


def bars(growths: Sequence[Growth], from_us: int, to_us: int, width_us: int = BAR_US) -> list[float]:
    """The sum of each piece of the period, in mm; the last piece may be shorter."""
    found = [0.0] * max(0, -((from_us - to_us) // width_us))
    for growth in growths:
        if from_us <= growth.at_us < to_us:
            found[(growth.at_us - from_us) // width_us] += growth.by
    return found


def highest(of: Sequence[float], count: int) -> tuple[float, int] | None:
    """The highest sum of `count` bars that follow each other, and which is the first of them."""
    if not of:
        return None
    count = min(count, len(of))
    running = sum(of[:count])
    best = running, 0
    for at in range(count, len(of)):
        running += of[at] - of[at - count]
        if running > best[0] + 1e-9:
            best = running, at - count + 1
    return best


def spells(growths: Sequence[Growth], dry_us: int = DRY_US) -> list[Spell]:
    """Events of rain, in their order: between two of them nothing fell for `dry_us`."""
    found: list[Spell] = []
    for growth in sorted(growths, key=lambda each: each.at_us):
        if growth.by <= 0:
            continue
        if found and growth.at_us - found[-1].to_us < dry_us:
            found[-1] = Spell(found[-1].from_us, growth.at_us, found[-1].rain_mm + growth.by)
        else:
            found.append(Spell(growth.at_us, growth.at_us, growth.by))
    return found
