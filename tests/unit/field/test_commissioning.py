"""A controller that is being commissioned is read and silent, until all points have passed and somebody has signed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from shared.contracts.field import CommandSending, ControllerCommissioned, LoopTestRefused, PointChecked
from shared.contracts.gateway import CheckPoint, SignLoopTest
from shared.contracts.message import Actor, Event, Scope
from shared.field.commands import Verified
from shared.field.commissioning import Commissioning
from tests.unit.field.operating import AREA, Desk, desk
from tests.unit.field.profiles import TITLE, profile
from tests.waiting import eventually

ENGINEER = Actor(username="li", role="engineer", scopes=(Scope(trade="*", area="*", verb="configure"),))
DISPATCHER = Actor(username="wang", role="dispatcher", scopes=(Scope(trade="*", area="*", verb="operate"),))


@contextmanager
def commissioning() -> Iterator[tuple[Desk, Commissioning]]:
    """`level` stands at 80, over its limit; `do` writes `out`."""
    found = profile(
        {"level": {"address": 1}, "out": {"address": 10, "access": "rw"}},
        poll_groups={"fast": {"every": "100ms", "stale_after": "5s"}},
        conditions={"high": {"when": "level > 50", "priority": 1, "title": TITLE, "action": TITLE, "about": "level"}},
        commands={
            "do": {
                "title": TITLE, "point": "out", "write": {"value": 7},
                "verify": {"point": "out", "expect": "== 7", "within": "3s"},
            }
        },
    )  # fmt: skip
    with desk(found) as at:
        unit = at.engine.units["rtu"]
        unit.entry = unit.entry.model_copy(update={"commissioning": True})
        at.device.holding[1] = 80
        tests = Commissioning("flood", at.clock)
        tests.hush([unit])
        unit.judged = False
        eventually(lambda: unit.facts.value("level") == 80, 5)
        yield at, tests


def check(at: Desk, tests: Commissioning, point: str, *, passed: bool = True, actor: Actor = ENGINEER) -> Event:
    wish = CheckPoint(
        area=AREA,
        trade="flood",
        controller="rtu",
        point=point,
        expected="as read",
        passed=passed,
        remark="",
        actor=actor,
    )
    return tests.check(wish, at.engine.units_of(AREA))


def sign(at: Desk, tests: Commissioning, actor: Actor = ENGINEER) -> Event:
    wish = SignLoopTest(area=AREA, trade="flood", controller="rtu", remark="", actor=actor)
    return tests.sign(wish, at.engine.units_of(AREA))


def code(event: Event) -> str:
    assert isinstance(event, LoopTestRefused)
    return event.reason.code


def test_it_is_read_and_takes_no_command_until_it_is_signed() -> None:
    with commissioning() as (at, tests):
        unit = at.engine.units["rtu"]
        assert not unit.judged
        at.operate("1")
        assert "not_commissioned" == at.reason("1")
        assert [] == at.said(CommandSending)
        assert [] == at.device.written

        told = check(at, tests, "level")
        assert isinstance(told, PointChecked)
        assert (80, "good", True, "li") == (told.value, told.quality, told.passed, told.by)
        assert "loop_test_open" == code(sign(at, tests))
        check(at, tests, "out", passed=False)
        assert ["out"] == tests.open_points(unit)
        assert "loop_test_open" == code(sign(at, tests))
        check(at, tests, "out")
        signed = sign(at, tests)
        assert isinstance(signed, ControllerCommissioned)
        assert ("li", 2, "test 1.0.0") == (signed.by, signed.points, signed.profile)

        tests.hush([unit])
        assert unit.scanner.silent is False
        unit.speak()
        eventually(lambda: unit.judged, 5)
        at.operate("2")
        eventually(lambda: "2" in at.ended, 5)
        assert isinstance(at.ended["2"], Verified)


def test_what_is_not_read_well_cannot_pass() -> None:
    with commissioning() as (at, tests):
        image = at.engine.units["rtu"].image
        image.mark(image.index["level"], 3, "good.manual", 0.0)
        assert "loop_test_not_read" == code(check(at, tests, "level"))
        assert isinstance(check(at, tests, "level", passed=False), PointChecked)
        assert "loop_test_unknown" == code(check(at, tests, "none"))


def test_only_who_may_configure_tests_and_signs() -> None:
    with commissioning() as (at, tests):
        assert "loop_test_forbidden" == code(check(at, tests, "level", actor=DISPATCHER))
        assert "loop_test_forbidden" == code(sign(at, tests, actor=DISPATCHER))


def test_a_signature_is_remembered_for_the_profile_it_was_given_for() -> None:
    with commissioning() as (at, tests):
        unit = at.engine.units["rtu"]
        checks = [check(at, tests, point) for point in ("level", "out")]
        signed = sign(at, tests)
        assert isinstance(signed, ControllerCommissioned)

        again = Commissioning("flood", at.clock)
        again.remember([each for each in checks if isinstance(each, PointChecked)], [signed])
        again.hush([unit])
        assert not unit.scanner.silent
        assert signed == again.record(unit)[1]

        other = Commissioning("flood", at.clock)
        other.remember([], [replace(signed, profile="test 0.9.0")])
        other.hush([unit])
        assert unit.scanner.silent
        assert ([], None) == other.record(unit)


def test_what_the_database_still_has_of_before_does_not_replace_what_was_checked_and_signed_since() -> None:
    with commissioning() as (at, tests):
        unit = at.engine.units["rtu"]
        check(at, tests, "level")
        now = check(at, tests, "out")
        signed = sign(at, tests)
        assert isinstance(now, PointChecked)
        assert isinstance(signed, ControllerCommissioned)
        earlier = now.at - timedelta(hours=1)
        tests.remember([replace(now, passed=False, at=earlier)], [replace(signed, profile="test 0.9.0", at=earlier)])
        assert now in tests.record(unit)[0]
        assert signed == tests.record(unit)[1]
