"""Conditions of the platform itself, from the heartbeats of its processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.alarms.domain.platform import OFF_S, ON_S, SILENT_S, Change, Fault, Platform
from services.alarms.platform_watch import PlatformWatch
from shared.bus.health import Check, Heartbeat
from shared.clock import FakeClock
from shared.contracts.message import Params
from shared.errors import Unavailable

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
OWN = ("alarms", "alarms-1")
FULL: Mapping[str, Params] = {"disk_full": {"free_mb": 3}}
AWAY: Mapping[str, Params] = {"database_away": {"detail": "refused"}}


class City:
    """Processes that say every two seconds that they live, and a platform that looks each second."""

    def __init__(self, *expected: str) -> None:
        self.platform = Platform(OWN, expected, 0.0)
        self.now_s = 0.0
        self.running = {OWN, ("flood", "flood-1")}
        self.failing: dict[tuple[str, str], Mapping[str, Params]] = {}

    @property
    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.now_s)

    def go(self, seconds: float) -> list[tuple[str, str]]:
        """What changed meanwhile, by condition."""
        found: list[Change] = []
        ends_s = self.now_s + seconds
        while self.now_s < ends_s:
            self.now_s += 1
            if self.now_s % 2 == 0:
                for service, instance in sorted(self.running):
                    failing = self.failing.get((service, instance), {})
                    self.platform.hear(service, instance, failing, self.now_s, self.now)
            found += self.platform.look(self.now_s, self.now)
        return [(change.kind, change.fault.condition) for change in found]


def test_a_check_that_fails_for_long_enough_is_a_condition_until_it_is_well() -> None:
    city = City()
    city.failing["flood", "flood-1"] = FULL
    assert [] == city.go(ON_S)
    assert [("raised", "disk_full:flood-1")] == city.go(5)
    assert [] == city.go(600)
    city.failing.clear()
    assert [("cleared", "disk_full:flood-1")] == city.go(OFF_S + 3)


def test_what_fails_for_a_moment_is_none() -> None:
    city = City()
    for _ in range(10):
        city.failing["flood", "flood-1"] = AWAY
        assert [] == city.go(6)
        city.failing.clear()
        assert [] == city.go(4)


def test_what_follows_from_another_check_is_not_told_beside_it() -> None:
    city = City()
    city.failing["history", "history-1"] = {**AWAY, "archive_waits": {"cause": "x"}, "events_wait": {"cause": "x"}}
    city.running.add(("history", "history-1"))
    assert [("raised", "database_away:history-1")] == city.go(60)


def test_a_service_that_falls_silent_is_a_condition_and_what_it_said_is_unknown() -> None:
    city = City()
    city.failing["flood", "flood-1"] = FULL
    assert [("raised", "disk_full:flood-1")] == city.go(60)
    city.running.remove(("flood", "flood-1"))
    assert [("unknown", "disk_full:flood-1"), ("raised", "service_silent")] == sorted(
        city.go(SILENT_S + 5), reverse=True
    )
    city.running.add(("flood", "flood-1"))
    city.failing.clear()
    assert {("cleared", "disk_full:flood-1"), ("cleared", "service_silent")} == set(city.go(20))


def test_another_instance_that_runs_is_enough() -> None:
    city = City()
    city.running.add(("flood", "flood-2"))
    assert [] == city.go(60)
    city.running.remove(("flood", "flood-1"))
    assert [] == city.go(600)


def test_silence_is_ours_while_we_do_not_hear_ourselves() -> None:
    city = City("water")
    assert [("raised", "service_silent")] == city.go(60)
    city = City()
    city.go(60)
    city.running.clear()
    assert [] == city.go(600), "the broker is away"
    city.running |= {OWN}
    assert [] == city.go(SILENT_S - 2), "the others need some time to come back"
    city.running |= {("flood", "flood-1")}
    assert [] == city.go(60)


def test_what_stood_before_a_restart_ends_when_it_is_seen_to_be_well() -> None:
    city = City()
    stood = [
        Fault("flood", "disk_full", "flood-1"),
        Fault("flood", "disk_full", "flood-of-old"),
        Fault("water", "service_silent"),
    ]
    city.platform.recall(stood)
    changes = city.go(120)
    assert {
        ("cleared", "disk_full:flood-1"),
        ("cleared", "disk_full:flood-of-old"),
        ("cleared", "service_silent"),
    } == set(changes)
    assert 3 == len(changes)


def test_what_stood_before_and_still_does_is_told_once() -> None:
    city = City()
    city.platform.recall([Fault("flood", "disk_full", "flood-1")])
    city.failing["flood", "flood-1"] = FULL
    assert [("raised", "disk_full:flood-1")] == city.go(120)


@given(st.lists(st.tuples(st.sampled_from(["fail", "well", "stop", "start", "cut", "join"]), st.integers(1, 40))))
def test_a_condition_is_raised_and_cleared_in_turn(happenings: list[tuple[str, int]]) -> None:
    city = City("flood")
    flood = ("flood", "flood-1")
    told: dict[str, list[str]] = {}
    for happening, seconds in happenings:
        match happening:
            case "fail":
                city.failing[flood] = FULL
            case "well":
                city.failing.pop(flood, None)
            case "stop":
                city.running.discard(flood)
            case "start":
                city.running.add(flood)
            case "cut":
                city.running.discard(OWN)
            case _:
                city.running.add(OWN)
        for kind, condition in city.go(seconds):
            told.setdefault(condition, []).append(kind)
    city.running |= {OWN, flood}
    city.failing.clear()
    for kind, condition in city.go(120):
        told.setdefault(condition, []).append(kind)
    for kinds in told.values():
        assert "cleared" == kinds[-1], "all is well in the end"
        assert all(one != other for one, other in pairwise(kinds))
        assert kinds[0] != "cleared"


def beat(service: str, instance: str, check: Check) -> Heartbeat:
    return Heartbeat(
        service=service, instance=instance, started_at=NOON, restarts=0, time=NOON, wall_s=0.0, checks={"one": check}
    )


def test_while_our_own_database_is_away_begin_and_end_wait_with_their_times() -> None:
    clock, now_s, away = FakeClock(NOON), [0.0], [True]
    kept: list[tuple[str, str, datetime]] = []

    def save(changes: Sequence[Change]) -> None:
        if away[0]:
            raise Unavailable("database_unavailable", detail="refused")
        kept.extend((change.kind, change.fault.condition, change.time) for change in changes)

    def load() -> list[Fault]:
        if away[0]:
            raise Unavailable("database_unavailable", detail="refused")
        return []

    watch = PlatformWatch(OWN, (), clock, load, save, lambda: now_s[0])

    def go(seconds: int, ok: bool) -> None:
        for _ in range(seconds):
            now_s[0] += 1
            clock.advance(1)
            watch.on_heartbeat(beat(*OWN, Check(ok=ok, code="ok" if ok else "database_away", params={})))
            watch.look()

    go(10, ok=True)
    began = clock.now() + timedelta(seconds=1)
    for _ in range(3):
        go(60, ok=False)
        ended = clock.now()
        go(30, ok=True)
    assert [] == kept
    away[0] = False
    go(1, ok=True)
    assert [("raised", "database_away:alarms-1", began)] == kept[:1]
    assert [("cleared", "database_away:alarms-1")] == [(kind, condition) for kind, condition, _ in kept[1:]]
    assert timedelta(0) < kept[1][2] - ended <= timedelta(seconds=OFF_S + 1)
