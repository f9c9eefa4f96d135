"""Overrides release themselves: to the inverse command, or to what stood there before."""

from __future__ import annotations

from contextlib import AbstractContextManager

from shared.contracts.field import OverrideBegan, OverrideEnded
from shared.field.commands import Verified
from shared.field.overrides import RETRY_S
from tests.unit.field.operating import AREA, Desk, desk
from tests.unit.field.profiles import TITLE, profile
from tests.waiting import eventually

HOURS_4 = 4 * 3600.0


def sitting(**more: object) -> AbstractContextManager[Desk]:
    """`do` overrides a set-point for four hours; `on` and `off` a coil."""
    proof = {"point": "out", "tolerance": 0, "within": "3s"}
    points = {
        "out": {"address": 10, "access": "rw"},
        "lamp": {"address": 3, "table": "coil", "type": "bool", "access": "rw"},
        "key": {"address": 20},
    }

    def switch(value: bool, **extra: object) -> dict[str, object]:
        expect = f"== {int(value)}"
        return {
            "title": TITLE, "point": "lamp", "write": {"value": value},
            "verify": {"point": "lamp", "expect": expect, "within": "3s"}, **extra,
        }  # fmt: skip

    set_point = {"title": TITLE, "point": "out", "write": {"param": {"min": 0, "max": 100, "step": 1}}, "verify": proof}
    found = profile(
        points,
        poll_groups={"fast": {"every": "100ms", "stale_after": "5s"}},
        commands={
            "do": {**set_point, "expires": "4h", **more},
            "on": switch(True, expires="4h", inverse="off"),
            "off": switch(False),
        },
    )
    return desk(found)


def done(at: Desk, identity: str) -> None:
    eventually(lambda: identity in at.ended, 5)
    assert isinstance(at.ended[identity], Verified)


def release(at: Desk) -> str:
    """Carry out the one release that is due; its command's id."""
    (wish,) = at.overrides.due(AREA)
    at.operations.act(wish)
    eventually(lambda: wish.command_id in at.ended, 5)
    return wish.command_id


def test_a_set_point_goes_back_to_what_it_was() -> None:
    with sitting() as at:
        at.device.holding[10] = 25
        eventually(lambda: at.engine.units["rtu"].facts.value("out") == 25, 5)
        at.operate("1", {"param": 60})
        done(at, "1")
        (began,) = at.said(OverrideBegan)
        assert ("do", {"param": 25}, "wang") == (began.release, began.release_params, began.actor)
        assert [] == at.overrides.due(AREA)
        at.move(HOURS_4 + 1)
        done(at, release(at))
        assert 25 == at.device.holding[10]
        assert ["expired"] == [ended.cause for ended in at.said(OverrideEnded)]
        at.move(2 * HOURS_4)
        assert [] == at.overrides.due(AREA)


def test_a_switch_is_released_by_its_inverse() -> None:
    with sitting() as at:
        eventually(lambda: at.engine.units["rtu"].judged, 5)
        at.operate("1", command="on")
        done(at, "1")
        at.move(HOURS_4 + 1)
        done(at, release(at))
        assert at.device.coils[3] is False


def test_another_command_to_the_same_point_ends_it() -> None:
    with sitting() as at:
        eventually(lambda: at.engine.units["rtu"].judged, 5)
        at.operate("1", command="on")
        done(at, "1")
        at.operate("2", command="off")
        done(at, "2")
        assert ["replaced"] == [ended.cause for ended in at.said(OverrideEnded)]
        at.move(HOURS_4 + 1)
        assert [] == at.overrides.due(AREA)


def test_an_override_of_an_override_goes_back_to_what_stood_before_both() -> None:
    with sitting() as at:
        at.device.holding[10] = 25
        eventually(lambda: at.engine.units["rtu"].facts.value("out") == 25, 5)
        for number, value in ((1, 60), (2, 80)):
            at.operate(str(number), {"param": value})
            done(at, str(number))
        assert [{"param": 25}] * 2 == [began.release_params for began in at.said(OverrideBegan)]


def test_a_release_that_an_interlock_refuses_is_tried_again() -> None:
    with sitting(require=[{"expr": "key == 0", "message": TITLE}]) as at:
        eventually(lambda: at.engine.units["rtu"].judged, 5)
        at.operate("1", {"param": 60})
        done(at, "1")
        at.device.holding[20] = 1
        eventually(lambda: at.engine.units["rtu"].facts.value("key") == 1, 5)
        at.move(HOURS_4 + 1)
        assert "interlock_open" == at.reason(release(at))
        assert [] == at.overrides.due(AREA)
        at.device.holding[20] = 0
        at.move(RETRY_S)
        eventually(lambda: at.engine.units["rtu"].facts.value("key") == 0, 5)
        done(at, release(at))
        assert 0 == at.device.holding[10]


def test_what_cannot_be_released_is_not_begun() -> None:
    with sitting() as at:
        at.operate("1", {"param": 60})
        if "1" in at.ended:
            assert at.reason("1") in ("override_unreleasable", "controller_offline")
            assert [] == at.device.written


def test_after_a_restart_it_still_releases_itself() -> None:
    with sitting() as at:
        eventually(lambda: at.engine.units["rtu"].judged, 5)
        at.operate("1", {"param": 60})
        done(at, "1")
        held = at.said(OverrideBegan)
    with sitting() as again:
        again.device.holding[10] = 60
        eventually(lambda: again.engine.units["rtu"].judged, 5)
        again.overrides.remember(AREA, held)
        again.move(HOURS_4 + 1)
        eventually(lambda: again.engine.units["rtu"].facts.value("out") == 60, 5)
        done(again, release(again))
        assert 0 == again.device.holding[10]


def test_an_override_whose_proof_never_agrees_was_written_all_the_same_and_is_released() -> None:
    with sitting(verify={"point": "key", "expect": "== 9", "within": "300ms"}) as at:
        eventually(lambda: at.engine.units["rtu"].judged, 5)
        at.operate("1", {"param": 60})
        eventually(lambda: "1" in at.ended, 5)
        assert "feedback_disagrees" == at.reason("1")
        at.move(HOURS_4 + 1)
        release(at)
        assert 0 == at.device.holding[10]


def test_it_is_kept_before_anything_is_written_and_taken_back_when_the_device_refuses() -> None:
    with sitting() as at:
        eventually(lambda: at.engine.units["rtu"].judged, 5)
        at.device.refuses = True
        at.operate("1", {"param": 60})
        eventually(lambda: "1" in at.ended, 5)
        names = [type(event).__name__ for event in at.ledger.events]
        assert ["CommandSending", "OverrideBegan", "CommandFailed", "OverrideEnded"] == names
        assert ["not_written"] == [ended.cause for ended in at.said(OverrideEnded)]
        at.move(HOURS_4 + 1)
        assert [] == at.overrides.due(AREA)


def test_a_replacement_that_the_device_refuses_leaves_the_override_as_it_was() -> None:
    with sitting() as at:
        eventually(lambda: at.engine.units["rtu"].judged, 5)
        at.operate("1", command="on")
        done(at, "1")
        at.device.refuses = True
        at.operate("2", command="off")
        eventually(lambda: "2" in at.ended, 5)
        at.device.refuses = False
        at.move(HOURS_4 + 1)
        done(at, release(at))
        assert at.device.coils[3] is False


def test_a_release_that_was_overtaken_writes_nothing() -> None:
    with sitting() as at:
        eventually(lambda: at.engine.units["rtu"].judged, 5)
        at.operate("1", {"param": 60})
        done(at, "1")
        at.move(HOURS_4 + 1)
        (wish,) = at.overrides.due(AREA)
        at.operate("2", {"param": 70})
        done(at, "2")
        at.operations.act(wish)
        assert "override_replaced" == at.reason(wish.command_id)
        assert 70 == at.device.holding[10]


def test_an_override_whose_release_is_no_longer_configured_ends_once_as_it_is() -> None:
    with sitting() as at:
        eventually(lambda: at.engine.units["rtu"].judged, 5)
        at.operate("1", {"param": 50})
        done(at, "1")
        at.move(HOURS_4 + 1)
        (wish,) = at.overrides.due(AREA)
        at.engine.units["rtu"].profile.commands.pop("do")  # type: ignore[attr-defined]
        at.operations.act(wish)
        assert "command_unknown" == at.reason(wish.command_id)
        assert [] == at.overrides.due(AREA)
        at.move(RETRY_S + 1)
        assert [] == at.overrides.due(AREA)
        assert ["command_gone"] == [ended.cause for ended in at.said(OverrideEnded)]
        assert 50 == at.device.holding[10]
