"""Points set by hand: a value that stands for the sensor's, or a sensor that nobody is to believe, each until a time.

A mark lies over what is read and never changes it: when it ends, the last reading shows again. Conditions, interlocks
and the trade see what is marked; a command is never proven by it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Literal

from shared.clock import Clock
from shared.contracts.field import PointMarked, PointUnmarked
from shared.contracts.gateway import MarkPoint, UnmarkPoint
from shared.contracts.message import Event, Reason, Scalar
from shared.field.held import Held
from shared.field.image import ControllerImage
from shared.field.profile import Point, Profile, Reported
from shared.field.quality import MANUAL, OUT_OF_SERVICE
from shared.field.unit import Unit

UNTIL_S_MAX = 30 * 86400.0
"""A mark ends by itself; what is to last longer is a change of the site's files."""


class Marks:
    """Of one trade in this process. Safe for several threads."""

    def __init__(self, trade: str, clock: Clock) -> None:
        self._trade = trade
        self._clock = clock
        self._lock = threading.Lock()
        self._held: Held[PointMarked] = Held()

    def remember(self, area: str, marks: Iterable[PointMarked], units: Sequence[Unit]) -> None:
        """After a restart: these stand on an area's units, in place of what was read before."""
        with self._lock:
            gone = {(each.asset, each.point) for each in self._held.remember(area, marks)[0]}
            for unit in units:
                for at, key in enumerate(zip(unit.image.assets, unit.image.names, strict=True)):
                    if key in gone:
                        unit.image.unmark(at)
        self.show(units)

    def forget(self, area: str) -> None:
        """Another owner has them now."""
        with self._lock:
            self._held.forget(area)

    def of(self, asset: str) -> list[PointMarked]:
        with self._lock:
            return [each for each in self._held if each.asset == asset]

    def show(self, units: Sequence[Unit]) -> None:
        """Lay the marks over the images of units that were just built."""
        with self._lock:
            for unit in units:
                for at, key in enumerate(zip(unit.image.assets, unit.image.names, strict=True)):
                    mark = self._held.find(key)
                    if mark is not None:
                        _lay(unit.image, at, mark)

    def mark(self, wish: MarkPoint, units: Sequence[Unit]) -> Event | Reason:
        """Mark a point of one of these units; a Reason when that may not be."""
        found = _find(wish.asset, wish.point, units)
        if found is None:
            return Reason(code="mark_point_unknown", params={"asset": wish.asset, "point": wish.point})
        unit, at = found
        refused = _refusal(unit, wish) or self._untimely(wish)
        if not wish.reason.strip():
            refused = Reason(code="mark_reason", params={})
        if refused is not None:
            return refused
        event = PointMarked(
            area=wish.area,
            trade=self._trade,
            asset=wish.asset,
            point=wish.point,
            kind=wish.kind,
            value=wish.value if wish.kind == "substituted" else None,
            by=wish.actor.username,
            reason=wish.reason,
            since=self._clock.now(),
            until=wish.until,
        )
        with self._lock:
            self._held.set(event)
            _lay(unit.image, at, event)
        return event

    def unmark(self, wish: UnmarkPoint, units: Sequence[Unit]) -> Event | Reason:
        """End a mark before its time."""
        with self._lock:
            held = self._held.find((wish.asset, wish.point))
        if held is None:
            return Reason(code="mark_missing", params={"asset": wish.asset, "point": wish.point})
        return self._end(held, "released", wish.actor.username, units)

    def expire(self, area: str, units: Sequence[Unit]) -> list[Event]:
        """End those whose time is over."""
        now = self._clock.now()
        with self._lock:
            over = [each for each in self._held if each.area == area and now >= each.until]
        return [self._end(each, "expired", each.by, units) for each in over]

    def _end(
        self, held: PointMarked, cause: Literal["released", "expired"], by: str, units: Sequence[Unit]
    ) -> PointUnmarked:
        found = _find(held.asset, held.point, units)
        with self._lock:
            self._held.end((held.asset, held.point), held.area)
            if found is not None:
                found[0].image.unmark(found[1])
        return PointUnmarked(
            area=held.area,
            trade=held.trade,
            asset=held.asset,
            point=held.point,
            kind=held.kind,
            by=by,
            cause=cause,
        )

    def _untimely(self, wish: MarkPoint) -> Reason | None:
        now = self._clock.now()
        if now < wish.until <= now + timedelta(seconds=UNTIL_S_MAX):
            return None
        return Reason(code="mark_until", params={"days_max": int(UNTIL_S_MAX / 86400)})


def value_refusal(point: Point | Reported, value: Scalar) -> Reason | None:
    """Why a value cannot stand for a reading of this point; None when it can."""
    if isinstance(point, Point) and (point.type == "bool" or point.bit is not None):
        if isinstance(value, bool):
            return None
        return Reason(code="mark_value_bool", params={})
    low, high = point.valid or (float("-inf"), float("inf"))
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return Reason(code="mark_value_number", params={"low": low, "high": high})
    return None


def is_settable(profile: Profile, point: str) -> bool:
    """Not what keeps the device and the platform apart from others, and not what is no reading."""
    if point in profile.reported:
        return True
    spec = profile.points.get(point)
    guards = {each.point for each in profile.identity} | ({profile.watchdog.write} if profile.watchdog else set())
    return spec is not None and point not in guards and not spec.type.startswith("string")


def _refusal(unit: Unit, wish: MarkPoint) -> Reason | None:
    if not is_settable(unit.profile, wish.point):
        return Reason(code="mark_point_forbidden", params={"point": wish.point})
    point = unit.profile.device_point(wish.point)
    return value_refusal(point, wish.value) if point is not None and wish.kind == "substituted" else None


def _lay(image: ControllerImage, at: int, mark: PointMarked) -> None:
    if mark.kind == "substituted":
        image.mark(at, mark.value, MANUAL, mark.since.timestamp())
    else:
        image.mark(at, None, OUT_OF_SERVICE, mark.since.timestamp())


def _find(asset: str, point: str, units: Sequence[Unit]) -> tuple[Unit, int] | None:
    for unit in units:
        at = unit.image.index.get(point)
        if at is not None and unit.image.assets[at] == asset:
            return unit, at
    return None
