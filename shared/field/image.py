"""A controller's picture in memory, by columns: what was last read, how good it is, and when.

Times are seconds of city time since the epoch (`_s`); they become `datetime` where they leave the engine. Columns and
not an object a reading: a city has a hundred thousand of them, and most did not change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.contracts.message import Scalar
from shared.field.plan import Block, plan_reads
from shared.field.profile import Profile

GOOD = "good"
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
        self.names: tuple[str, ...] = (*profile.points, *profile.computed)
        self.index = {name: at for at, name in enumerate(self.names)}
        self.assets = tuple(assets[name] for name in self.names)
        size = len(self.names)
        self.values: list[Scalar] = [None] * size
        self.qualities: list[str] = [UNREAD] * size
        self.taken_at_s: list[float | None] = [None] * size
        self.changed_at_s: list[float | None] = [None] * size
        self.blocks: dict[str, list[Block]] = {group: plan_reads(profile, group) for group in profile.poll_groups}
        self.last_good_s: dict[str, float | None] = dict.fromkeys(profile.poll_groups)
        """When each poll group was last read without a fault."""
        self._stale_after_s = [
            profile.poll_groups[profile.points[name].poll].stale_after if name in profile.points else None
            for name in self.names
        ]

    def known(self, at: int, now_s: float) -> Scalar:
        """The value at an index when it is good and not stale, else None: unknown."""
        quality, taken_at_s, stale_after_s = self.qualities[at], self.taken_at_s[at], self._stale_after_s[at]
        if not quality.startswith(GOOD) or taken_at_s is None:
            return None
        if stale_after_s is not None and now_s - taken_at_s > stale_after_s:
            return None
        return self.values[at]

    def put(self, at: int, value: Scalar, quality: str, taken_at_s: float) -> bool:
        """Note what was read; True when the value or its quality changed."""
        self.taken_at_s[at] = taken_at_s
        if value == self.values[at] and quality == self.qualities[at]:
            return False
        self.values[at], self.qualities[at] = value, quality
        self.changed_at_s[at] = taken_at_s
        return True

    def spoil(self, points: Iterable[int], quality: str) -> list[int]:
        """Nothing is known of these points any more; their times stay. The indices that changed by it."""
        changed = [at for at in points if self.qualities[at] != quality]
        for at in changed:
            self.values[at], self.qualities[at] = None, quality
        return changed

    def compute(self, name: str, value: Scalar, now_s: float) -> int | None:
        """Fill in a computed point; its index when it changed. None as value: not known."""
        at = self.index[name]
        changed = self.put(at, value, GOOD if value is not None else "bad.not_known", now_s)
        return at if changed else None

    def reading(self, at: int) -> Reading:
        return Reading(
            self.assets[at],
            self.names[at],
            self.values[at],
            self.qualities[at],
            moment(self.taken_at_s[at]),
            moment(self.changed_at_s[at]),
        )


class ImageFacts:
    """An image as the facts of expressions."""

    def __init__(self, image: ControllerImage, now_s: float = 0.0) -> None:
        self.now_s = now_s
        self._image = image

    def value(self, point: str) -> Scalar:
        return self._image.known(self._image.index[point], self.now_s)

    def limit(self, point: str, limit: str) -> float | None:
        return self._image.profile.limit(point, limit)

    def taken_at_s(self, point: str) -> float | None:
        return self._image.taken_at_s[self._image.index[point]]

    def changed_at_s(self, point: str) -> float | None:
        return self._image.changed_at_s[self._image.index[point]]


def moment(seconds: float | None) -> datetime | None:
    """City seconds since the epoch as an aware moment in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
