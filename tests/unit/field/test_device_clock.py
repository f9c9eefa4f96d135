"""Clocks of devices: how far they are off, and the one write that sets them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulator.profiled.device import ProfileDevice
from shared.documents import MalformedDocument
from shared.field.commands import Verified, telegram
from shared.field.device_clock import drift_s, written_fields
from shared.field.profile import DeviceClock, Profile
from tests.unit.field.operating import desk
from tests.unit.field.profiles import TITLE, profile
from tests.waiting import eventually

SHANGHAI = ZoneInfo("Asia/Shanghai")
NAMES = ("year", "month", "day", "hour", "minute", "second")
FIELDS = {name: name for name in NAMES}
UNIX = {"unix": "unix"}
PACKED = {"year": "year", "month_day": "month", "hour_minute": "day"}


def device(fields: dict[str, str], *, zone: str = "site", settable: bool = True, gap: int = 0) -> Profile:
    """Parts side by side from register 40; `unix` has two."""
    access = "rw" if settable else "r"
    wide = {"type": "u32"} if fields == UNIX else {}
    points: dict[str, dict[str, Any]] = {
        name: {"address": 40 + at * (1 + gap), "access": access, **wide} for at, name in enumerate(fields.values())
    }
    command = {
        "title": TITLE, "point": next(iter(fields.values())), "write": {"style": "clock"},
        "verify": {"point": "drift", "expect": "< 3 and drift > -3", "within": "5s"},
    }  # fmt: skip
    return profile(
        points,
        poll_groups={"fast": {"every": "100ms", "stale_after": "5s"}},
        clock={**fields, "drift": "drift", "zone": zone},
        computed={"drift": {"unit": "s", "title": TITLE}},
        commands={"do": command},
    )


def shown(found: Profile, at: datetime) -> dict[str, int]:
    """What a device's clock shows that goes right, by the simulator's own reckoning."""
    assert found.clock is not None
    made = ProfileDevice(1, found, lambda: 0.0, lambda: at.replace(tzinfo=None))
    return {name: int(made.value(name) or 0) for _, name in found.clock.fields()}


MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2098, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(MOMENTS, st.integers(-86400, 86400), st.sampled_from([FIELDS, UNIX, PACKED]), st.sampled_from(["site", "utc"]))
def test_the_drift_is_what_the_clock_is_off(at: datetime, ahead_s: int, fields: dict[str, str], zone: str) -> None:
    found = device(fields, zone=zone)
    local = at.astimezone(SHANGHAI if zone == "site" else UTC)
    drift = drift_s(_clock(found), shown(found, local + timedelta(seconds=ahead_s)), at.timestamp(), SHANGHAI)
    assert drift is not None
    coarse_s = 60 if fields == PACKED else 1
    assert abs(drift - ahead_s) <= coarse_s
    assert abs(drift) <= abs(ahead_s)


def test_year_of_two_digits_is_set_with_two_digits() -> None:
    made = device(FIELDS)
    points = {**made.points, "year": made.points["year"].model_copy(update={"valid": (0, 99)})}
    at = datetime(2026, 7, 29, 4, 0, 0, tzinfo=UTC)
    _, data = written_fields(made.model_copy(update={"points": points}), at, SHANGHAI)
    assert bytes([0, 26, 0, 7, 0, 29, 0, 12, 0, 0, 0, 0]) == data


@given(MOMENTS, st.sampled_from([FIELDS, UNIX, PACKED]), st.sampled_from(["site", "utc"]))
def test_what_is_written_is_what_a_right_clock_shows(at: datetime, fields: dict[str, str], zone: str) -> None:
    found = device(fields, zone=zone)
    sent = telegram(found, found.commands["do"], {}, at, SHANGHAI)
    assert (16, 40) == (sent.function, sent.address)
    taken = ProfileDevice(1, found, lambda: 0.0, lambda: datetime(2000, 1, 1))  # noqa: DTZ001
    words = [int.from_bytes(sent.data[place : place + 2], "big") for place in range(0, len(sent.data), 2)]
    taken.write("holding", 40, words)
    values = {name: taken.value(name) for _, name in _clock(found).fields()}
    drift = drift_s(_clock(found), values, at.timestamp(), SHANGHAI)
    assert drift is not None
    assert abs(drift) < 0.001


@pytest.mark.parametrize("wrong", [{"month": 13}, {"day": 31, "month": 2}, {"hour": None}, {"minute": True}])
def test_what_is_no_time_is_not_known(wrong: dict[str, Any]) -> None:
    found = device(FIELDS)
    values = {**shown(found, datetime(2026, 7, 29, 12, tzinfo=UTC)), **wrong}
    assert drift_s(_clock(found), values, 0.0, SHANGHAI) is None


def test_a_clock_that_is_off_is_set_and_proven_by_its_drift() -> None:
    with desk(device(FIELDS)) as at:
        unit = at.engine.units["rtu"]
        for place, value in enumerate((2020, 1, 1, 0, 0, 0), 40):
            at.device.holding[place] = value
        eventually(lambda: float(unit.facts.value("drift") or 0) < -86400, 5)
        at.operate("1")
        eventually(lambda: "1" in at.ended, 5)
        assert isinstance(at.ended["1"], Verified)
        assert [(16, 40)] == [written[:2] for written in at.device.written]
        assert datetime.now(SHANGHAI).year == at.device.holding[40]


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: device({"year": "year", "month": "month"}), "clock"),
        (lambda: device(FIELDS, settable=False), "commands.do.write.style"),
        (lambda: device(FIELDS, gap=1), "commands.do.write.style"),
        (
            lambda: profile({"out": {"address": 1, "access": "rw"}}, clock={"unix": "none", "drift": "out"}),
            "clock.unix",
        ),
        (lambda: profile({"out": {"address": 1}}, clock={"unix": "out", "drift": "out"}), "clock.drift"),
    ],
)
def test_a_profile_whose_clock_cannot_be_is_refused(make: Any, field: str) -> None:
    with pytest.raises(MalformedDocument) as refused:
        make()
    assert field in {mistake.field for mistake in refused.value.mistakes}


def _clock(found: Profile) -> DeviceClock:
    assert found.clock is not None
    return found.clock
