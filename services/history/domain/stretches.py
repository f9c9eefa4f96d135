"""What a point was worth between its readings. Pure.

Points are told by exception: a good value stands until something else is told, but no longer than its hold. What a
person has set stands until it ends. Where nothing stands is a gap. Of a bad value the time is the last poll that
confirmed the one before it, so the gap begins there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.history.domain.rows import Flags, Floats, Ints, Rows

MANUAL_HOLD_S = 7 * 86_400.0
"""A value that a person has set is told with the time at which it was set, for as long as it stands."""

Span = tuple[int, int]
"""From and to, microseconds."""


@dataclass(frozen=True, slots=True)
class Stretches:
    """Runs of time in which a good value stood, in their order; `value` is not a number where it was told in words."""

    from_us: Ints
    to_us: Ints
    value: Floats

    def __len__(self) -> int:
        return len(self.value)


def stretches(
    rows: Rows, good: Flags, manual: Flags, from_us: int, to_us: int, hold_s: float, cuts: Sequence[Span] = ()
) -> Stretches:
    """Of one series, in the order of time, within [from_us, to_us).

    `rows` begin with the last one before the period, if there is any. `good`, `manual`: of each row. `cuts`: when
    nobody can have read it, whatever stood before.
    """
    hold_us = np.where(manual, int(MANUAL_HOLD_S * 1e6), int(hold_s * 1e6))
    ends = np.minimum(np.append(rows.at_us[1:], to_us), rows.at_us + hold_us)
    for begin, _ in cuts:
        # what stood when nobody read any more stands no longer; what was read in the meantime does
        struck = (rows.at_us <= begin) & (ends > begin)
        ends = np.where(struck, begin, ends)
    starts = np.maximum(rows.at_us, from_us)
    ends = np.minimum(ends, to_us)
    stands = good & (ends > starts)
    return Stretches(starts[stands], ends[stands], rows.value[stands])


def gaps(known: Stretches, from_us: int, to_us: int) -> list[Span]:
    """When nothing stood."""
    begins = np.append(from_us, known.to_us)
    ends = np.append(known.from_us, to_us)
    there = ends > begins
    return list(zip(begins[there].tolist(), ends[there].tolist(), strict=True))
