from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local.processes import free_ports
from shared.bus.health import SKEW_REFUSE_S, Check, HealthListener, HealthPublisher, Heartbeat, SkewMeter
from shared.clock import FakeClock
from shared.errors import Refused
from tests.integration.bus.rig import NOON
from tests.waiting import eventually


def fine() -> Check:
    return Check(ok=True, code="clocks_agree", params={})


def broken() -> Check:
    raise ZeroDivisionError("by nothing")


def test_everybody_hears_how_a_process_is(amqp_uri: str) -> None:
    heard: list[Heartbeat] = []
    listener = HealthListener(amqp_uri, "gateway", heard.append)
    listener.start()
    checks: dict[str, Callable[[], Check]] = {"clocks": fine, "broken": broken}
    publisher = HealthPublisher(
        amqp_uri,
        service="flood",
        instance="flood-1",
        restarts=3,
        clock=FakeClock(NOON),
        every_s=0.05,
        checks=checks,
    )
    publisher.start()
    eventually(lambda: len(heard) > 6, 10)
    publisher.stop()
    listener.stop()
    beat = heard[-1]
    assert ("flood", "flood-1", 3, NOON) == (beat.service, beat.instance, beat.restarts, beat.time)
    assert beat.checks["clocks"].ok
    assert ("check_failed", "by nothing") == (beat.checks["broken"].code, beat.checks["broken"].params["detail"])
    skew = listener.skew.skew_s("flood-1")
    assert skew is not None
    assert abs(skew) < 0.5


def test_without_a_broker_too_a_file_says_that_the_process_lives(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    publisher = HealthPublisher(
        f"amqp://127.0.0.1:{free_ports(1)[0]}/",
        service="flood",
        instance="flood-1",
        restarts=0,
        clock=FakeClock(NOON),
        every_s=0.02,
        checks={},
        alive_file=alive,
    )
    publisher.start()
    first = eventually(lambda: alive.exists() and alive.stat().st_mtime_ns, 10)
    eventually(lambda: alive.stat().st_mtime_ns > first, 10)
    publisher.stop()


class TestSkewMeter:
    def meter(self, ahead_s: float, delays_s: list[float]) -> SkewMeter:
        meter = SkewMeter()
        for number, delay_s in enumerate(delays_s):
            meter.observe("gateway-1", 1000.0 + number, 1000.0 + number + ahead_s + delay_s)
        return meter

    def test_a_slow_way_is_no_skew(self) -> None:
        meter = self.meter(0.0, [3.0, 0.01, 9.0, 0.02, 5.0])
        assert 0.01 == pytest.approx(meter.skew_s("gateway-1"))
        assert meter.check().ok

    @pytest.mark.parametrize("ahead_s", [0.8, -0.8])
    def test_half_a_second_is_shown(self, ahead_s: float) -> None:
        check = self.meter(ahead_s, [0.01] * 5).check()
        assert (False, "clocks_differ", "gateway-1") == (check.ok, check.code, check.params["instance"])

    @pytest.mark.parametrize("ahead_s", [2.5, -2.5])
    def test_two_seconds_refuse_commands(self, ahead_s: float) -> None:
        meter = self.meter(ahead_s, [0.01] * 5)
        assert abs(ahead_s) > SKEW_REFUSE_S
        with pytest.raises(Refused, match="gateway-1"):
            meter.require("gateway-1")
        meter.require("somebody else")

    def test_too_little_was_heard_to_say_anything(self) -> None:
        meter = self.meter(9.0, [0.0] * 4)
        assert meter.skew_s("gateway-1") is None
        meter.require("gateway-1")
