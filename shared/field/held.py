"""What holds on points by people's hands: as the database said it, and as this run has changed it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

Key = tuple[str, str]
"""Asset and point."""


class OnPoint(Protocol):
    @property
    def area(self) -> str: ...

    @property
    def asset(self) -> str: ...

    @property
    def point(self) -> str: ...


_Each = TypeVar("_Each", bound=OnPoint)


class Held(Generic[_Each]):
    """By asset and point. Not safe for several threads: who keeps it has a lock."""

    def __init__(self) -> None:
        self._held: dict[Key, _Each] = {}
        self._changed: dict[Key, tuple[str, _Each | None]] = {}
        """What this run has set or ended: its area, and what it set or ended last. The database knows nothing newer."""

    def __iter__(self) -> Iterator[_Each]:
        return iter(list(self._held.values()))

    def find(self, key: Key) -> _Each | None:
        return self._held.get(key)

    def set(self, each: _Each) -> None:
        key = each.asset, each.point
        self._held[key], self._changed[key] = each, (each.area, each)

    def end(self, key: Key, area: str) -> _Each | None:
        """What held there; None when nothing did, and then nothing that is read later does."""
        ended = self._held.pop(key, None)
        self._changed[key] = area, ended
        return ended

    def unchange(self, key: Key) -> None:
        """What was to change it has not: the database is believed again."""
        if key not in self._held:
            self._changed.pop(key, None)

    def remember(self, area: str, read: Iterable[_Each]) -> tuple[list[_Each], list[_Each]]:
        """Believe of an area what was read just now, in place of what was read before; what this run has changed
        stays. What holds no more since then, and what this run had replaced before it was known."""
        found = {(each.asset, each.point): each for each in read}
        gone = [
            each
            for key, each in self._held.items()
            if each.area == area and key not in self._changed and found.get(key) != each
        ]
        late = [
            each
            for key, each in found.items()
            if key in self._changed and key not in self._held and self._changed[key][1] != each
        ]
        self._held = {key: each for key, each in self._held.items() if each not in gone}
        self._held |= {key: each for key, each in found.items() if key not in self._changed}
        return gone, late

    def forget(self, area: str) -> None:
        """Another owner has them now."""
        self._held = {key: each for key, each in self._held.items() if each.area != area}
        self._changed = {key: last for key, last in self._changed.items() if last[0] != area}
