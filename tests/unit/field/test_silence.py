"""Who does not answer, since when, and when it is asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from shared.bus.health import SILENT_MAX, HealthPublisher, PollTotals, SilentController
from shared.clock import FakeClock
from shared.field.breaker import Breaker
from shared.field.scanner import PollCounts
from shared.field.silence import poll_totals, silent_controllers
from tests.unit.field.test_station import Desk

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def scanner(name: str, breaker: Breaker) -> Any:
    return SimpleNamespace(image=SimpleNamespace(controller=name), breaker=breaker)


def test_silent_controllers_are_told_with_their_times_the_longest_first() -> None:
    clock = FakeClock(NOON)
    healthy, first, second = (Breaker(1, (5.0, 60.0)) for _ in range(3))
    first.failed(clock.monotonic())
    clock.advance(10)
    first.failed(clock.monotonic())
    clock.advance(4)
    second.failed(clock.monotonic())
    clock.advance(6)
    scanners = [scanner("a", healthy), scanner("b", second), scanner("c", first)]
    told = silent_controllers(cast("Any", scanners), clock)
    expected = [
        ("c", "open", NOON, NOON + timedelta(seconds=70)),
        ("b", "probing", NOON + timedelta(seconds=14), NOON + timedelta(seconds=19)),
    ]
    assert expected == [(each.controller, each.state, each.since, each.next_probe) for each in told]


def test_polls_of_all_controllers_are_told_together() -> None:
    counts = [PollCounts(polls=5, failed=2, retries=1, late=3), PollCounts(polls=1, late=1, withheld=4)]
    asked = [cast("Any", SimpleNamespace(counts=each)) for each in counts]
    assert PollTotals(polls=6, failed=2, retries=1, late=4, withheld=4) == poll_totals([*asked, Desk().station])


def test_station_that_should_have_reported_is_waited_for() -> None:
    desk = Desk()
    assert [] == silent_controllers([desk.station], desk.clock)
    desk.clock.advance(900 + 60)
    since = desk.clock.now() - timedelta(seconds=60)
    expected = SilentController(controller="station", state="probing", since=since, next_probe=since)
    assert [expected] == silent_controllers([desk.station], desk.clock)


def test_a_heartbeat_names_so_many_and_counts_all() -> None:
    one = SilentController(controller="rtu", state="open", since=NOON, next_probe=NOON)
    publisher = HealthPublisher(
        "amqp://nowhere/", service="flood", instance="flood-1", restarts=0, clock=FakeClock(NOON), every_s=1,
        checks={}, silent=lambda: [one] * (SILENT_MAX + 7),
    )  # fmt: skip
    beat = publisher.heartbeat()
    assert (SILENT_MAX, SILENT_MAX + 7) == (len(beat.silent), beat.silent_count)
