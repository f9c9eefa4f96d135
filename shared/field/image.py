"""A controller's picture in memory, by columns: what was last read, how good it is, and when.

Times are seconds of city time since the epoch (`_s`); they become `datetime` where they leave the engine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from shared.contracts.message import Scalar
from shared.field.columns import NEVER, Codes, Floats, unless_nan
from shared.field.profile import Profile
from shared.field.quality import GOOD, GOOD_CODE, UNKNOWN, UNREAD, code_of, is_good, word_of


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
    """Everything known of one controller. Written by its line only; read by anybody.

    The columns are for who reads and writes many places at once; one place is read by `value`, `quality`,
    `taken_s` and `changed_s`.
    """

    def __init__(self, controller: str, profile: Profile, assets: dict[str, str]) -> None:
        self.controller = controller
        self.profile = profile
        self.columns = columns = profile.columns
        self.names = columns.names
        self.index = columns.index
        self.assets = tuple(assets[name] for name in self.names)
        size = len(self.names)
        self.numbers: Floats = np.full(size, NEVER)
        """Not a number where nothing is known, and where `_others` has the value."""
        self.codes: Codes = np.full(size, code_of(UNREAD), np.uint16)
        self.taken_at_s: Floats = np.full(size, NEVER)
        self.changed_at_s: Floats = np.full(size, NEVER)
        self.told: Floats = np.full(size, NEVER)
        """The number that was told last, by the reporter."""
        self._others: dict[int, Scalar] = {}
        """Values that are no numbers, or wider than a float."""
        self.requalified: deque[int] = deque()
        """Indices whose quality changed since they were last told; emptied by whoever tells."""
        self.last_good_s: dict[str, float | None] = dict.fromkeys(profile.poll_groups)
        """When each poll group was last read without a fault."""
        self.marks: dict[int, tuple[Scalar, str, float]] = {}
        """What people have set, by index: value, quality, since when. It lies over what is read."""

    def value(self, at: int) -> Scalar:
        """What was read last, None when nothing is known."""
        kind = self.columns.kinds[at]
        if kind is None:
            return self._others.get(at)
        number = unless_nan(self.numbers.item(at))
        return None if number is None else kind(number)

    def quality(self, at: int) -> str:
        return word_of(self.codes.item(at))

    def taken_s(self, at: int) -> float | None:
        """The last poll that confirmed it; None: never."""
        return unless_nan(self.taken_at_s.item(at))

    def changed_s(self, at: int) -> float | None:
        return unless_nan(self.changed_at_s.item(at))

    def is_read(self) -> bool:
        """Was anything ever?"""
        return not np.isnan(self.taken_at_s).all()

    def known(self, at: int, now_s: float) -> Scalar:
        """The value at an index when it is good and not stale, or set by hand, else None: unknown."""
        if self.marks and at in self.marks:
            return self.marks[at][0]
        return self.proven(at, now_s)

    def proven(self, at: int, now_s: float) -> Scalar:
        """The value that was read at an index, whatever is marked, when it is good and not stale, else None."""
        code = self.codes.item(at)
        if code != GOOD_CODE and not is_good(word_of(code)):
            return None
        stale_after_s = self.columns.stale_after_s[at]
        if stale_after_s is not None and now_s - self.taken_at_s.item(at) > stale_after_s:
            return None
        return self.value(at)

    def put(self, at: int, value: Scalar, quality: str, taken_at_s: float) -> bool:
        """Note what was read; True when the value or its quality changed."""
        self.taken_at_s[at] = taken_at_s
        requalified = quality != self.quality(at)
        if not requalified and value == self.value(at):
            return False
        self._set(at, value)
        self.changed_at_s[at] = taken_at_s
        if requalified:
            self.requalify(at, quality)
        return True

    def requalify(self, at: int, quality: str) -> None:
        self.codes[at] = code_of(quality)
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
        changed = [at for at in points if self.quality(at) != quality]
        for at in changed:
            self._set(at, None)
            self.requalify(at, quality)
        return changed

    def compute(self, name: str, value: Scalar, now_s: float) -> int | None:
        """Fill in a computed point; its index when it changed. None as value: not known."""
        at = self.index[name]
        changed = self.put(at, value, GOOD if value is not None else UNKNOWN, now_s)
        return at if changed else None

    def shown(self, at: int) -> tuple[Scalar, str, float | None, float | None]:
        """What stands at an index: value, quality, taken at, changed at."""
        mark = self.marks.get(at)
        if mark is not None:
            return mark[0], mark[1], mark[2], mark[2]
        return self.value(at), self.quality(at), self.taken_s(at), self.changed_s(at)

    def reading(self, at: int) -> Reading:
        value, quality, taken_at_s, changed_at_s = self.shown(at)
        return Reading(self.assets[at], self.names[at], value, quality, moment(taken_at_s), moment(changed_at_s))

    def _set(self, at: int, value: Scalar) -> None:
        if self.columns.kinds[at] is None:
            self._others[at] = value
        else:
            assert not isinstance(value, str)
            self.numbers[at] = NEVER if value is None else value


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
        return self._image.taken_s(self._image.index[point])

    def changed_at_s(self, point: str) -> float | None:
        return self._image.changed_s(self._image.index[point])


def moment(seconds: float | None) -> datetime | None:
    """City seconds since the epoch as an aware moment in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
