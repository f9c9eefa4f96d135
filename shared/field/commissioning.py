"""A controller that is being commissioned: it is read, and silent, until its loop test is signed.

Each point is checked against what the device, or a meter held beside it, shows; then somebody signs for the whole.
Until that a silent controller raises no alarm, takes no command, feeds no watchdog, and nothing is decided upon it.
The signature counts for the profile it was given for: another version is to be tested again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

from shared.clock import Clock
from shared.contracts.field import ControllerCommissioned, LoopTestRefused, PointChecked
from shared.contracts.gateway import CheckPoint, SignLoopTest
from shared.contracts.message import Event, Params, Reason
from shared.field.profile import Profile
from shared.field.unit import Unit


class Commissioning:
    """The loop tests of one trade in this process. Safe for several threads."""

    def __init__(self, trade: str, clock: Clock) -> None:
        self._trade = trade
        self._clock = clock
        self._lock = threading.Lock()
        self._checks: dict[tuple[str, str], PointChecked] = {}
        self._signed: dict[str, ControllerCommissioned] = {}

    def remember(self, checks: Iterable[PointChecked], signed: Iterable[ControllerCommissioned]) -> None:
        """After a restart, or when another owner had the area: what was checked and signed, the newest of each."""
        with self._lock:
            for check in checks:
                known = self._checks.get((check.controller, check.point))
                if known is None or known.at < check.at:
                    self._checks[check.controller, check.point] = check
            for signature in signed:
                before = self._signed.get(signature.controller)
                if before is None or before.at < signature.at:
                    self._signed[signature.controller] = signature

    def hush(self, units: Sequence[Unit]) -> None:
        """Make silent of these what must be so by now; what somebody has signed for begins to speak."""
        with self._lock:
            for unit in units:
                silent = unit.entry.commissioning and not self._is_signed(unit)
                if unit.scanner.silent and not silent:
                    unit.speak()
                unit.scanner.silent = silent

    def check(self, wish: CheckPoint, units: Sequence[Unit]) -> Event:
        """Note that a point was compared with what it should be, with the reading as it stands."""
        if not wish.actor.may("configure", self._trade, wish.area):
            return self.refuse(wish, wish.point, _forbidden(wish))
        unit = next((each for each in units if each.id == wish.controller), None)
        at = None if unit is None else unit.image.index.get(wish.point)
        if unit is None or at is None or wish.point not in unit.profile.device_names:
            params: Params = {"controller": wish.controller, "point": wish.point}
            return self.refuse(wish, wish.point, Reason(code="loop_test_unknown", params=params))
        reading = unit.image.reading(at)
        if wish.passed and (at in unit.image.marks or not reading.quality.startswith("good")):
            params = {"point": wish.point, "quality": reading.quality}
            return self.refuse(wish, wish.point, Reason(code="loop_test_not_read", params=params))
        event = PointChecked(
            area=wish.area,
            trade=self._trade,
            controller=unit.id,
            asset=reading.asset,
            point=wish.point,
            profile=profile_name(unit.profile),
            value=reading.value,
            quality=reading.quality,
            expected=wish.expected,
            passed=wish.passed,
            remark=wish.remark,
            by=wish.actor.username,
            at=self._clock.now(),
        )
        with self._lock:
            self._checks[unit.id, wish.point] = event
        return event

    def sign(self, wish: SignLoopTest, units: Sequence[Unit]) -> Event:
        """Put the controller into service, when every point of it has passed."""
        if not wish.actor.may("configure", self._trade, wish.area):
            return self.refuse(wish, "", _forbidden(wish))
        unit = next((each for each in units if each.id == wish.controller), None)
        if unit is None:
            return self.refuse(
                wish, "", Reason(code="loop_test_unknown", params={"controller": wish.controller, "point": "-"})
            )
        open_points = self.open_points(unit)
        if open_points:
            listed = ", ".join(open_points[:5]) + (", …" if len(open_points) > 5 else "")
            return self.refuse(wish, "", Reason(code="loop_test_open", params={"points": listed}))
        event = ControllerCommissioned(
            area=wish.area,
            trade=self._trade,
            controller=unit.id,
            asset=unit.entry.asset,
            profile=profile_name(unit.profile),
            points=len(unit.profile.device_names),
            remark=wish.remark,
            by=wish.actor.username,
            at=self._clock.now(),
        )
        with self._lock:
            self._signed[unit.id] = event
        return event

    def open_points(self, unit: Unit) -> list[str]:
        """The points that have not passed for the present profile, as they stand in it."""
        with self._lock:
            return [name for name in unit.profile.device_names if not self._has_passed(unit, name)]

    def record(self, unit: Unit) -> tuple[list[PointChecked], ControllerCommissioned | None]:
        """What was checked of it, and whether somebody has signed; for the present profile."""
        with self._lock:
            checks = [
                self._checks[unit.id, name] for name in unit.profile.device_names if (unit.id, name) in self._checks
            ]
            current = [each for each in checks if each.profile == profile_name(unit.profile)]
            return current, self._signed[unit.id] if self._is_signed(unit) else None

    def refuse(self, wish: CheckPoint | SignLoopTest, point: str, reason: Reason) -> LoopTestRefused:
        return LoopTestRefused(
            area=wish.area,
            trade=self._trade,
            controller=wish.controller,
            point=point,
            by=wish.actor.username,
            reason=reason,
        )

    def _has_passed(self, unit: Unit, point: str) -> bool:
        check = self._checks.get((unit.id, point))
        return check is not None and check.passed and check.profile == profile_name(unit.profile)

    def _is_signed(self, unit: Unit) -> bool:
        signed = self._signed.get(unit.id)
        return signed is not None and signed.profile == profile_name(unit.profile)


def profile_name(profile: Profile) -> str:
    """What a loop test is made for."""
    return f"{profile.id} {profile.version}"


def _forbidden(wish: CheckPoint | SignLoopTest) -> Reason:
    return Reason(code="loop_test_forbidden", params={"actor": wish.actor.username})
