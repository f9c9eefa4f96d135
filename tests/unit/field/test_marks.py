"""Points set by hand: what is marked is believed, and no command is proven by it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.contracts.field import PointMarked, PointUnmarked
from shared.contracts.gateway import MarkPoint, UnmarkPoint
from shared.contracts.message import Actor, Event, Reason, Scalar
from shared.field.commands import Failed
from shared.field.marks import Marks
from shared.field.telling import in_columns
from tests.unit.field.operating import AREA, Desk, desk
from tests.unit.field.profiles import TITLE, profile
from tests.waiting import eventually

WANG = Actor(username="wang", role="dispatcher", scopes=())


def sitting() -> AbstractContextManager[Desk]:
    points = {
        "level": {"address": 1, "valid": [0, 100]},
        "out": {"address": 10, "access": "rw"},
        "lamp": {"address": 3, "table": "coil", "type": "bool"},
        "kind": {"address": 20},
    }
    proof = {"point": "level", "expect": "> 50", "within": "1s"}
    found = profile(
        points,
        poll_groups={"fast": {"every": "100ms", "stale_after": "1s"}},
        identity=[{"point": "kind", "equals": 0}],
        commands={
            "do": {
                "title": TITLE, "point": "out", "write": {"value": 7}, "verify": proof,
                "require": [{"expr": "level > 40", "message": TITLE}],
            }
        },
    )  # fmt: skip
    return desk(found)


def wish(at: Desk, point: str, value: Scalar = None, *, kind: str = "substituted", minutes: float = 60) -> MarkPoint:
    return MarkPoint(
        area=AREA,
        trade="flood",
        asset="pump",
        point=point,
        kind=kind,  # type: ignore[arg-type]
        value=value,
        reason="the meter hangs",
        until=at.clock.now() + timedelta(minutes=minutes),
        actor=WANG,
    )


def mark(at: Desk, marks: Marks, *args: object, **more: object) -> Event | Reason:
    return marks.mark(wish(at, *args, **more), at.engine.units_of(AREA))  # type: ignore[arg-type]


def read(at: Desk) -> None:
    """The device was read after now."""
    at.move(0.2)


def test_a_substitute_is_believed_and_told_whatever_the_device_says() -> None:
    with sitting() as at:
        marks, unit = Marks("flood", at.clock), at.engine.units["rtu"]
        read(at)
        assert 0 == unit.facts.value("level")
        told = mark(at, marks, "level", 60.5)
        assert isinstance(told, PointMarked)
        assert ("wang", "the meter hangs", 60.5) == (told.by, told.reason, told.value)
        at.device.holding[1] = 33
        read(at)
        assert (60.5, 33) == (unit.facts.value("level"), unit.proof.value("level"))
        level = unit.image.index["level"]
        shown = in_columns(unit.image, [level])
        assert ([60.5], "good.manual") == (shown.value, shown.quality)
        at.move(30)  # long after it would be stale
        assert 60.5 == unit.image.known(level, at.clock.now_s() + 30)

        assert [] == marks.expire(AREA, at.engine.units_of(AREA))
        at.move(3600)
        (over,) = marks.expire(AREA, at.engine.units_of(AREA))
        assert isinstance(over, PointUnmarked)
        assert ("expired", "wang") == (over.cause, over.by)
        assert 33 == unit.facts.value("level")
        assert [] == marks.of("pump")


def test_out_of_service_is_not_known_until_it_is_released() -> None:
    with sitting() as at:
        marks, unit = Marks("flood", at.clock), at.engine.units["rtu"]
        read(at)
        mark(at, marks, "level", kind="out_of_service")
        read(at)
        assert unit.facts.value("level") is None
        assert "bad.disabled" == unit.image.reading(unit.image.index["level"]).quality
        released = marks.unmark(
            UnmarkPoint(area=AREA, trade="flood", asset="pump", point="level", actor=WANG), at.engine.units_of(AREA)
        )
        assert isinstance(released, PointUnmarked)
        assert "released" == released.cause
        assert 0 == unit.facts.value("level")


def test_interlocks_go_by_it_and_proofs_do_not() -> None:
    with sitting() as at:
        marks = Marks("flood", at.clock)
        read(at)
        at.operate("1")
        assert "interlock_open" == at.reason("1")
        mark(at, marks, "level", 60)
        at.operate("2")
        eventually(lambda: "2" in at.ended, 5)
        assert isinstance(at.ended["2"], Failed)
        assert "feedback_disagrees" == at.reason("2")
        assert [7] == [at.device.holding[10]]


@pytest.mark.parametrize(
    ("point", "value", "code"),
    [
        ("level", 101, "mark_value_number"),
        ("level", True, "mark_value_number"),
        ("level", None, "mark_value_number"),
        ("lamp", 1, "mark_value_bool"),
        ("kind", 0, "mark_point_forbidden"),
        ("nothing", 0, "mark_point_unknown"),
    ],
)
def test_what_cannot_be_is_refused(point: str, value: Scalar, code: str) -> None:
    with sitting() as at:
        marks = Marks("flood", at.clock)
        refused = mark(at, marks, point, value)
        assert isinstance(refused, Reason)
        assert code == refused.code
        assert [] == marks.of("pump")


@pytest.mark.parametrize("minutes", [-1.0, 0.0, 31 * 1440.0])
def test_it_ends_some_day(minutes: float) -> None:
    with sitting() as at:
        refused = mark(at, Marks("flood", at.clock), "level", 50, minutes=minutes)
        assert isinstance(refused, Reason)
        assert "mark_until" == refused.code


def test_nothing_is_set_without_a_reason() -> None:
    with sitting() as at:
        marks = Marks("flood", at.clock)
        refused = marks.mark(replace(wish(at, "level", 50), reason=" "), at.engine.units_of(AREA))
        assert isinstance(refused, Reason)
        assert "mark_reason" == refused.code
        assert [] == marks.of("pump")


def test_after_a_restart_what_was_set_meanwhile_counts() -> None:
    with sitting() as at:
        marks, units = Marks("flood", at.clock), at.engine.units_of(AREA)
        mark(at, marks, "level", 50)
        (now,) = marks.of("pump")
        marks.remember(AREA, [replace(now, value=10.0), replace(now, point="lamp", value=True)], units)
        assert (50, True) == (units[0].facts.value("level"), units[0].facts.value("lamp"))
        marks.forget(AREA)
        assert [] == marks.of("pump")


def test_what_is_read_once_more_takes_the_place_of_what_was_believed() -> None:
    """The mark on `level` was ended, that on `lamp` set, by events that still waited when it was read first."""
    with sitting() as at:
        marks, units = Marks("flood", at.clock), at.engine.units_of(AREA)
        mark(at, marks, "level", 50)
        (held,) = marks.of("pump")
        again = Marks("flood", at.clock)
        again.remember(AREA, [held], units)
        again.remember(AREA, [replace(held, point="lamp", value=True)], units)
        assert ["lamp"] == [each.point for each in again.of("pump")]
        assert [True] == [value for value, *_ in units[0].image.marks.values()]


def test_what_this_run_has_ended_is_not_found_again() -> None:
    with sitting() as at:
        marks, units = Marks("flood", at.clock), at.engine.units_of(AREA)
        mark(at, marks, "level", 50)
        (held,) = marks.of("pump")
        again = Marks("flood", at.clock)
        again.remember(AREA, [held], units)
        again.unmark(UnmarkPoint(area=AREA, trade="flood", asset="pump", point="level", actor=WANG), units)
        again.remember(AREA, [held], units)
        assert [] == again.of("pump")
        assert {} == units[0].image.marks
