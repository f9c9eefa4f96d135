"""When polls are due: each poll group of a controller at a fixed phase of a clock that never goes back. Pure."""

from __future__ import annotations

import math
import zlib

from shared.field.profile import PollGroup

TICK_S = 0.1
"""Phases are multiples of this: polls that wake together cost less than polls that wake one by one."""
FIRST_POLL_S_MAX = 1.0
"""Every group is read soon after the start, however rare it is after that: interlocks may hang on it."""
_RANK = {"high": 0, "normal": 1, "low": 2}


def first_due_s(start_s: float, controller: str, group: str, every_s: float) -> float:
    """When a poll group is read first by a line that starts at `start_s`."""
    return math.ceil(start_s / TICK_S) * TICK_S + min(_phase_s(controller, group, every_s), FIRST_POLL_S_MAX)


def next_due_s(due_s: float, every_s: float, now_s: float) -> tuple[float, int]:
    """When a poll that was due and is begun now is due again, and how many periods a busy line has missed."""
    missed = int((now_s - due_s) // every_s)
    return due_s + (missed + 1) * every_s, missed


def rank(group: PollGroup) -> int:
    """Of polls that are due together, the lowest goes first."""
    return _RANK[group.priority]


def _phase_s(controller: str, group: str, every_s: float) -> float:
    """Where in its period a poll begins: spread over the controllers, the same at each start, a multiple of a tick."""
    slots = max(1, int(every_s / TICK_S))
    return (zlib.crc32(f"{controller}/{group}".encode()) % slots) * TICK_S
