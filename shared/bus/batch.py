"""What was reported of one area since its last frames, and how it goes into frames. Pure.

Nobody who reads the frames in their order may see an older reading of a point behind a newer one. In a frame the
tables come first; so what becomes a table row after other readings of the same controller came begins a frame anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.bus.frames import ROWS_MAX, ControllerSeen, Numbers, Readings, Table, tables_of


@dataclass(slots=True)
class Portion:
    """What goes into one frame."""

    tables: list[Table] = field(default_factory=list)
    readings: list[Readings] = field(default_factory=list)
    seen: list[ControllerSeen] = field(default_factory=list)


@dataclass(slots=True)
class _Stretch:
    """What may go into frames as tables first and groups behind them."""

    numbers: list[Numbers] = field(default_factory=list)
    readings: list[Readings] = field(default_factory=list)
    grouped: set[str] = field(default_factory=set)
    """The controllers of `readings`."""


class Batch:
    """Filled by whoever reports, emptied by the sender; its owner locks it."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.seq = 0
        self._stretches = [_Stretch()]
        self._seen: dict[tuple[str, str], ControllerSeen] = {}

    def add(self, readings: Readings | None, numbers: Sequence[Numbers], seen: ControllerSeen | None) -> int:
        """The readings of one scan; how many they are."""
        stretch, count = self._stretches[-1], 0
        if numbers:
            if seen is not None and seen.controller in stretch.grouped:
                stretch = _Stretch()
                self._stretches.append(stretch)
            stretch.numbers += numbers
            count = sum(len(each.values) for each in numbers) // 8
        if readings:
            stretch.readings.append(readings)
            count += len(readings)
            if seen is not None:
                stretch.grouped.add(seen.controller)
        self.note(seen)
        return count

    def note(self, seen: ControllerSeen | None) -> None:
        """Its age goes with the last frame."""
        if seen is not None:
            self._seen[seen.controller, seen.group] = seen

    def taken(self) -> list[Portion]:
        """All there is, at most ROWS_MAX readings a frame; nothing is left."""
        stretches, self._stretches = self._stretches, [_Stretch()]
        seen, self._seen = list(self._seen.values()), {}
        portions = [
            portion
            for stretch in stretches
            for portion in _portions(tables_of(stretch.numbers, ROWS_MAX), stretch.readings)
        ]
        if seen:
            portions = portions or [Portion()]
            portions[-1].seen = seen
        return portions


def _portions(tables: Sequence[Table], groups: Sequence[Readings]) -> list[Portion]:
    portions: list[Portion] = []
    room = 0
    for table in tables:
        if room < len(table):
            portions.append(Portion())
            room = ROWS_MAX
        portions[-1].tables.append(table)
        room -= len(table)
    for group in groups:
        start = 0
        while start < len(group):
            if room <= 0:
                portions.append(Portion())
                room = ROWS_MAX
            end = min(start + room, len(group))
            portions[-1].readings.append(group if end - start == len(group) else group.part(start, end))
            room -= end - start
            start = end
    return portions
