"""The reads of one controller as they stand: planned, and planned anew by what the device taught.

It teaches what it costs to read, and which registers it does not have although its profile says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from shared.field.bisection import Range, Refused, Search, find_refused
from shared.field.decoding import BlockDecoder
from shared.field.image import ControllerImage
from shared.field.plan import Block, Learned, ReadCost, plan_reads
from shared.field.profile import BIT_TABLES
from shared.field.timing import CostMeter

REPLAN_EVERY = 500
"""Reads between two looks at the measured cost."""


@dataclass(slots=True)
class Probing:
    """A search in a block that was refused; `next` is the range to read now."""

    block: Block
    search: Search
    next: Range

    def answered(self, legal: bool) -> Refused | None:
        """What was found, when the search has ended."""
        try:
            self.next = self.search.send(legal)
        except StopIteration as end:
            found: Refused = end.value
            return found
        return None


class PlannedReads:
    """Decoders by poll group. Only the controller's line calls it."""

    def __init__(self, image: ControllerImage, expected: ReadCost) -> None:
        self._image = image
        self._meter = CostMeter(expected)
        self._reads = 0
        self._cost = expected
        self.learned = Learned()
        self._probing: dict[str, Probing] = {}
        self._decoders: dict[str, list[BlockDecoder]] = {}
        for group in image.profile.poll_groups:
            self._plan(group)

    def of(self, group: str) -> list[BlockDecoder]:
        return self._decoders[group]

    def everything(self) -> Iterator[BlockDecoder]:
        for decoders in self._decoders.values():
            yield from decoders

    def missing(self, group: str) -> list[int]:
        """The points of a group that are in no block: the device does not have them."""
        read = {at for decoder in self._decoders[group] for at in decoder.indices}
        points = self._image.profile.points
        named = [self._image.index[name] for name, point in points.items() if point.poll == group]
        return [at for at in named if at not in read]

    def note(self, block: Block, seconds: float) -> None:
        """A read was answered; now and then the plan is looked at again by what reads really cost."""
        self._meter.note(block.count / 16 if block.table in BIT_TABLES else block.count, seconds)
        self._reads += 1
        if self._reads % REPLAN_EVERY == 0:
            self._cost = self._meter.cost()
            for group in self._decoders:
                self._plan(group)

    def search(self, group: str, block: Block) -> Probing | None:
        """The search in a block that was refused, begun or under way; None when it has nothing to tell apart."""
        under_way = self._probing.get(group)
        if under_way is not None and under_way.block == block:
            return under_way
        profile = self._image.profile
        points = [profile.points[name] for name in block.points]
        values = [(first := profile.wire_address(point), first + point.count - 1) for point in points]
        search = find_refused((block.address, block.address + block.count - 1), values)
        try:
            self._probing[group] = Probing(block, search, next(search))
        except StopIteration:
            return None
        return self._probing[group]

    def found(self, group: str, refused: Refused) -> bool:
        """The search of a group has ended. False: it taught nothing; the device refuses every read, or none by now."""
        table = self._probing.pop(group).block.table
        if not refused.count_max:
            return False
        if refused.addresses:
            places = {(table, at) for at in refused.addresses}
            self.learned = replace(self.learned, illegal=self.learned.illegal | places)
        else:
            others = [each for each in self.learned.count_max if each[:2] != (group, table)]
            self.learned = replace(self.learned, count_max=(*others, (group, table, refused.count_max)))
        self._plan(group)
        return True

    def restore(self, point: str) -> None:
        """The device has this point after all."""
        profile = self._image.profile
        spec = profile.points[point]
        first = profile.wire_address(spec)
        places = {(spec.table, at) for at in range(first, first + spec.count)}
        self.learned = replace(self.learned, illegal=self.learned.illegal - places)
        self._plan(spec.poll)

    def _plan(self, group: str) -> None:
        blocks = plan_reads(self._image.profile, group, self._cost, self.learned)
        if blocks != [decoder.block for decoder in self._decoders.get(group, [])]:
            self._decoders[group] = [BlockDecoder(self._image, block) for block in blocks]
        self._decoders.setdefault(group, [])
