"""The city as it stands: every reading, how good it is now, its last ten minutes, and what an asset's commands await.

Fed by one thread, read by many, under one lock. Times inside are microseconds of city time since 1970.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from shared.bus.frames import Frame
from shared.clock import Clock
from shared.contracts.message import Scalar
from shared.field.catalogue import Catalogue
from shared.field.commands import Interlock, interlocks
from shared.field.profile import CommandSpec, Profile, Shown
from shared.field.profile_load import ProfileLibrary
from shared.field.quality import BACKFILL, MANUAL
from shared.site import AssetEntry, ControllerEntry, Site

TREND_S = 600
TREND_EVERY_US = 2_000_000
COMPUTED_STALE_AFTER_S = 90.0
"""Computed points are told at least each minute; later than this nobody computes them."""

AssetQuality = Literal["good", "uncertain", "bad", "stale", "none"]
_WORSE: tuple[AssetQuality, ...] = ("none", "good", "uncertain", "stale", "bad")


@dataclass(slots=True)
class PointView:
    """One point of one asset, as it was told last."""

    asset: str
    name: str
    controller: str
    group: str | None
    """Its poll group; None for a computed point."""
    profile: Profile
    stale_after_us: int
    reported: bool = False
    """The device told it by itself: it has the time that it was told with, and no scan confirms it."""
    value: Scalar = None
    quality: str = "bad.not_connected"
    taken_us: int = 0
    changed_us: int = 0
    trend: deque[tuple[int, Scalar, str]] = field(default_factory=lambda: deque(maxlen=TREND_S))

    @property
    def shown(self) -> Shown:
        shown = self.profile.shown(self.name)
        assert shown is not None
        return shown


@dataclass(frozen=True, slots=True)
class Reading:
    """A point at one moment. `quality` is `stale` when what was good is too old to be believed."""

    point: PointView
    value: Scalar
    quality: str
    taken_at: datetime | None
    changed_at: datetime | None
    age_s: float | None


class CityView:
    """Every point of every asset of the site."""

    def __init__(self, site: Site, profiles: Mapping[str, ProfileLibrary], clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._began_us = self._now_us()
        self.site = site
        self.catalogue: Catalogue
        self.controllers: Mapping[str, ControllerEntry] = {}
        self._points: dict[tuple[str, str], PointView] = {}
        self._by_asset: dict[str, list[PointView]] = {}
        self._last_good_us: dict[str, dict[str, int]] = {}
        self._dirty: set[tuple[str, str]] = set()
        self.field_to_screen_s: deque[float] = deque(maxlen=200)
        self.adopt(site, profiles)

    def adopt(self, site: Site, profiles: Mapping[str, ProfileLibrary]) -> None:
        """Show this site from now on. What was told of points that are in it too stays.

        Raises Malformed and MalformedDocument for a profile that is not there or wrong; then nothing changes.
        """
        catalogue = Catalogue(site, profiles)
        with self._lock:
            before = self._points
            self._points, self._by_asset = {}, {asset.id: [] for asset in site.assets}
            self._last_good_us = {entry.id: self._last_good_us.get(entry.id, {}) for entry in site.controllers}
            self.catalogue, self.controllers, self.site = catalogue, site.controllers_by_id, site
            for entry in site.controllers:
                self._add(entry, catalogue.profiles[entry.id], before)
            self._dirty &= self._points.keys()

    def profile_of(self, asset: str, condition: str = "") -> Profile | None:
        """The profile behind an asset; the one that has the condition when several controllers serve it."""
        return self.catalogue.profile_of(asset, condition)

    def profile_by_controller(self, controller: str) -> Profile:
        return self.catalogue.profiles[controller]

    def on_frame(self, frame: Frame) -> None:
        """Fold a telemetry frame."""
        now_us = self._now_us()
        with self._lock:
            for controller, group, last_good_us in frame.controllers:
                groups = self._last_good_us.get(controller)
                if groups is not None:
                    groups[group] = max(last_good_us, groups.get(group, 0))
            newest_us = 0
            for row in frame.rows:
                point = self._points.get((row.asset, row.point))
                if point is None or row.quality == BACKFILL:
                    continue
                point.value, point.quality = row.value, row.quality
                point.taken_us, point.changed_us = row.taken_us, row.changed_us
                if not point.reported:
                    newest_us = max(newest_us, row.changed_us)
                at_us = row.taken_us if point.reported else frame.sent_us
                if not point.trend or at_us - point.trend[-1][0] >= TREND_EVERY_US or point.value is None:
                    point.trend.append((at_us, row.value, row.quality))
                self._dirty.add((row.asset, row.point))
            if newest_us and frame.sent_us >= self._began_us:  # what was sent before says nothing of how fast we are
                self.field_to_screen_s.append(max(0.0, (now_us - newest_us) / 1e6 / self._clock.rate))

    def take_dirty(self) -> list[Reading]:
        """What was told since the last call."""
        with self._lock:
            dirty, self._dirty = self._dirty, set()
            return [self._reading(self._points[key], self._now_us()) for key in sorted(dirty)]

    def readings(self, asset: str) -> list[Reading]:
        with self._lock:
            return [self._reading(point, self._now_us()) for point in self._by_asset.get(asset, ())]

    def find_point(self, asset: str, point: str) -> PointView | None:
        return self._points.get((asset, point))

    def trend(self, point: PointView) -> list[tuple[int, Scalar, str]]:
        """The last ten minutes, oldest first, ending with what stands now."""
        now_us = self._now_us()
        with self._lock:
            reading = self._reading(point, now_us)
            kept = [sample for sample in point.trend if now_us - sample[0] <= TREND_S * 1_000_000]
            known = reading.quality.startswith("good")
            return [*kept, (now_us, reading.value if known else None, reading.quality)]

    def quality(self, asset: str) -> AssetQuality:
        """The worst among the asset's points; `none` when it has none of its own."""
        worst: AssetQuality = "none"
        now_us = self._now_us()
        with self._lock:
            for point in self._by_asset.get(asset, ()):
                if point.group is None:
                    continue  # a computed point is as good as what it was computed from
                quality = self._reading(point, now_us).quality.partition(".")[0]
                found: AssetQuality = next((kind for kind in _WORSE if kind == quality), "bad")
                if _WORSE.index(found) > _WORSE.index(worst):
                    worst = found
        return worst

    def count_stale(self) -> int:
        now_us = self._now_us()
        with self._lock:
            return sum(1 for point in self._points.values() if self._reading(point, now_us).quality == "stale")

    def last_good_at(self, controller: str) -> datetime | None:
        groups = self._last_good_us.get(controller)
        return _moment(max(groups.values())) if groups else None

    def is_online(self, controller: str) -> bool:
        """False when no poll group of the controller was read for longer than any of them may be silent."""
        with self._lock:
            groups = self._last_good_us[controller]
            newest_us = max(groups.values(), default=0)
        patience_s = min(group.stale_after for group in self.catalogue.profiles[controller].poll_groups.values())
        return self._now_us() - newest_us <= patience_s * 1_000_000

    def commands(self, asset: str) -> list[tuple[str, str, CommandSpec, Profile]]:
        """(controller, name, command, profile) of everything the asset offers."""
        return [
            (entry.id, name, spec, self.catalogue.profiles[entry.id])
            for entry in self.site.controllers
            for name, spec in self.catalogue.profiles[entry.id].commands.items()
            if entry.points.get(spec.point, entry.asset) == asset
        ]

    def interlocks(self, controller: str, spec: CommandSpec) -> list[tuple[Interlock, list[Reading]]]:
        """A command's interlocks as they stand, each with the readings it hangs on."""
        entry, now_us = self.controllers[controller], self._now_us()
        with self._lock:
            facts = _Facts(self, entry, self.catalogue.profiles[controller], now_us / 1e6)
            return [
                (interlock, [self._reading(self._point(entry, name), now_us) for name in interlock.points])
                for interlock in interlocks(spec, facts, {})
            ]

    def assets_of(
        self, *, trade: str | None = None, area: str | None = None, kind: str | None = None
    ) -> list[AssetEntry]:
        return [
            asset
            for asset in self.site.assets
            if (trade is None or asset.trade == trade)
            and (area is None or asset.area == area or asset.area.startswith(area + "/"))
            and (kind is None or asset.kind == kind)
        ]

    def all_readings(self, assets: Iterable[str]) -> list[Reading]:
        return [reading for asset in assets for reading in self.readings(asset)]

    def _add(self, entry: ControllerEntry, profile: Profile, before: Mapping[tuple[str, str], PointView]) -> None:
        for name in profile.names:
            group = profile.group_of(name)
            stale_after_s = profile.poll_groups[group].stale_after if group else COMPUTED_STALE_AFTER_S
            asset, reported = entry.points.get(name, entry.asset), name in profile.reported
            point = PointView(asset, name, entry.id, group, profile, int(stale_after_s * 1e6), reported)
            old = before.get((asset, name))
            if old is not None and old.controller == entry.id and old.shown == point.shown:
                point = replace(old, group=group, profile=profile, stale_after_us=point.stale_after_us)
            self._points[asset, name] = point
            self._by_asset[asset].append(point)

    def _point(self, entry: ControllerEntry, name: str) -> PointView:
        return self._points[entry.points.get(name, entry.asset), name]

    def _reading(self, point: PointView, now_us: int) -> Reading:
        """A good point that did not change was confirmed by each good poll of its group since."""
        taken_us, quality = point.taken_us, point.quality
        if quality.startswith("good") and quality != MANUAL:  # what a person has set is as fresh as ever until it ends
            if point.group is not None and not point.reported:
                taken_us = max(taken_us, self._last_good_us[point.controller].get(point.group, 0))
            if now_us - taken_us > point.stale_after_us:
                quality = "stale"
        age_s = round((now_us - taken_us) / 1e6, 1) if taken_us else None
        return Reading(point, point.value, quality, _moment(taken_us), _moment(point.changed_us), age_s)

    def _now_us(self) -> int:
        return int(self._clock.now().timestamp() * 1e6)


class _Facts:
    """The view of one controller's points, as the facts of expressions: what the owner would see."""

    def __init__(self, view: CityView, entry: ControllerEntry, profile: Profile, now_s: float) -> None:
        self.now_s = now_s
        self._view, self._entry, self._profile = view, entry, profile

    def value(self, point: str) -> Scalar:
        reading = self._reading(point)
        return reading.value if reading.quality.startswith("good") else None

    def limit(self, point: str, limit: str) -> float | None:
        return self._profile.limit(point, limit)

    def taken_at_s(self, point: str) -> float | None:
        taken_at = self._reading(point).taken_at
        return taken_at.timestamp() if taken_at else None

    def changed_at_s(self, point: str) -> float | None:
        changed_at = self._reading(point).changed_at
        return changed_at.timestamp() if changed_at else None

    def _reading(self, point: str) -> Reading:
        return self._view._reading(self._view._point(self._entry, point), int(self.now_s * 1e6))  # noqa: SLF001


def _moment(us: int) -> datetime | None:
    """Zero: never."""
    return datetime.fromtimestamp(us / 1e6, UTC) if us else None
