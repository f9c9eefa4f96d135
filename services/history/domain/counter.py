"""Counters of hours, starts, energy and volume: by how much they grew, over their end and over resets. Pure."""

from __future__ import annotations

import numpy as np

from services.history.domain.rows import Flags, Floats

END_PART = 0.1
"""A counter that falls from the last tenth of its range into the first has come round; one that falls otherwise began
anew, as a replaced meter does, and has counted since what it shows."""


def gains(values: Floats, rollover: float | None) -> tuple[Floats, Flags]:
    """By how much each value is more than the one before it, the first by nothing, and where the counter began anew.

    `values`: good ones, in the order of time. `rollover`: at what a counter that has come to its end begins at zero
    again.
    """
    gained = np.diff(values, prepend=values[:1])
    fell = gained < 0
    came_round = np.zeros(len(values), np.bool_)
    if rollover is not None:
        before = np.append(values[:1], values[:-1])
        came_round = fell & (before >= rollover * (1 - END_PART)) & (values <= rollover * END_PART)
        gained = np.where(came_round, gained + rollover, gained)
    reset = fell & ~came_round
    return np.where(reset, values, gained), reset
