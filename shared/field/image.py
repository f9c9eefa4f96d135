"""A controller's picture in memory, by columns: what was last read, how good it is, and when.

Times are seconds of city time since the epoch (`_s`); they become `datetime` where they leave the engine. Columns and
not an object a reading: a city has a hundred thousand of them, and most did not change.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.contracts.message import Scalar
from shared.field.profile import Profile

GOOD = "good"
BACKFILL = "good.backfill"
"""A value from the device's own memory: it keeps its time, and changes nothing that stands now."""
MANUAL = "good.manual"
"""A value that a person has set in the place of the sensor's."""
OUT_OF_SERVICE = "bad.disabled"
"""A person has said that the sensor is not to be believed."""
UNREAD = "bad.not_connected"
"""A point that was never read: nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value as it stands. `taken_at`: the last poll that confirmed it; `changed_at`: its last change."""

    asset: str
    point: str
    value: Scalar
    quality: str
    taken_at: datetime | None
    changed_at: datetime | None


class ControllerImage:
    """Everything known of one controller. Written by its line only; read by anybody."""

    def __init__(self, controller: str, profile: Profile, assets: dict[str, str]) -> None:
        self.controller = controller
        self.profile = profile
        self.names: tuple[str, ...] = (
            *sorted(profile.points, key=lambda name: _place(profile, name)),
            *profile.reported,
            *profile.computed,
        )
        """What is read and judged together stands together, so that it can be put and told as one piece."""
        self.index = {name: at for at, name in enumerate(self.names)}
        self.assets = tuple(assets[name] for name in self.names)
        size = len(self.names)
        self.values: list[Scalar] = [None] * size
        self.qualities: list[str] = [UNREAD] * size
        self.taken_at_s: list[float | None] = [None] * size
        self.changed_at_s: list[float | None] = [None] * size
        self.requalified: deque[int] = deque()
        """Indices whose quality changed since they were last told; emptied by whoever tells."""
        self.last_good_s: dict[str, float | None] = dict.fromkeys(profile.poll_groups)
        """When each poll group was last read without a fault."""
        self.marks: dict[int, tuple[Scalar, str, float]] = {}
        """What people have set, by index: value, quality, since when. It lies over what is read."""
        self._stale_after_s = [
            None if (group := profile.group_of(name)) is None else profile.poll_groups[group].stale_after
            for name in self.names
        ]

    def known(self, at: int, now_s: float) -> Scalar:
        """The value at an index when it is good and not stale, or set by hand, else None: unknown."""
        if self.marks and at in self.marks:
            return self.marks[at][0]
        return self.proven(at, now_s)

    def proven(self, at: int, now_s: float) -> Scalar:
        """The value that was read at an index, whatever is marked, when it is good and not stale, else None."""
        quality, taken_at_s, stale_after_s = self.qualities[at], self.taken_at_s[at], self._stale_after_s[at]
        if taken_at_s is None or (quality != GOOD and not quality.startswith(GOOD)):
            return None
        if stale_after_s is not None and now_s - taken_at_s > stale_after_s:
            return None
        return self.values[at]

    def put(self, at: int, value: Scalar, quality: str, taken_at_s: float) -> bool:
        """Note what was read; True when the value or its quality changed."""
        self.taken_at_s[at] = taken_at_s
        requalified = quality != self.qualities[at]
        if not requalified and value == self.values[at]:
            return False
        self.values[at] = value
        self.changed_at_s[at] = taken_at_s
        if requalified:
            self.requalify(at, quality)
        return True

    def requalify(self, at: int, quality: str) -> None:
        self.qualities[at] = quality
        self.requalified.append(at)

    def mark(self, at: int, value: Scalar, quality: str, since_s: float) -> None:
        """From now on this shows at an index, until `unmark`. By any thread; it is told with the next scan."""
        self.marks = {**self.marks, at: (value, quality, since_s)}
        self.requalified.append(at)

    def unmark(self, at: int) -> None:
        self.marks = {each: mark for each, mark in self.marks.items() if each != at}
        self.requalified.append(at)

    def spoil(self, points: Iterable[int], quality: str) -> list[int]:
        """Nothing is known of these points any more; their times stay. The indices that changed by it."""
        changed = [at for at in points if self.qualities[at] != quality]
        for at in changed:
            self.values[at] = None
            self.requalify(at, quality)
        return changed

    def compute(self, name: str, value: Scalar, now_s: float) -> int | None:
        """Fill in a computed point; its index when it changed. None as value: not known."""
        at = self.index[name]
        changed = self.put(at, value, GOOD if value is not None else "bad.not_known", now_s)
        return at if changed else None

    def shown(self, at: int) -> tuple[Scalar, str, float | None, float | None]:
        """What stands at an index: value, quality, taken at, changed at."""
        mark = self.marks.get(at)
        if mark is not None:
            return mark[0], mark[1], mark[2], mark[2]
        return self.values[at], self.qualities[at], self.taken_at_s[at], self.changed_at_s[at]

    def reading(self, at: int) -> Reading:
        value, quality, taken_at_s, changed_at_s = self.shown(at)
        return Reading(self.assets[at], self.names[at], value, quality, moment(taken_at_s), moment(changed_at_s))


def _place(profile: Profile, name: str) -> tuple[str, str, int, int]:
    point = profile.points[name]
    return point.poll, point.table, point.kinship(profile.modbus), point.address


class ImageFacts:
    """An image as the facts of expressions; `as_read` without what people have marked."""

    def __init__(self, image: ControllerImage, now_s: float = 0.0, *, as_read: bool = False) -> None:
        self.now_s = now_s
        self._image = image
        self._known = image.proven if as_read else image.known
        self._limits = image.profile.limits

    def value(self, point: str) -> Scalar:
        return self._known(self._image.index[point], self.now_s)

    def limit(self, point: str, limit: str) -> float | None:
        return self._limits.get((point, limit))

    def taken_at_s(self, point: str) -> float | None:
        return self._image.taken_at_s[self._image.index[point]]

    def changed_at_s(self, point: str) -> float | None:
        return self._image.changed_at_s[self._image.index[point]]


def moment(seconds: float | None) -> datetime | None:
    """City seconds since the epoch as an aware moment in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
