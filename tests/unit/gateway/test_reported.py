"""A reported point on the screen: with the time at which it was observed, whatever is told of it and when."""

from __future__ import annotations

from pathlib import Path

from gateway.views.city import CityView
from shared.bus.frames import ControllerSeen, Frame, Readings
from shared.clock import FakeClock
from shared.field.profile_load import profiles_for
from shared.site import load_site

ASSET, POINT = "qinglong-station", "level"


class Screen:
    def __init__(self) -> None:
        self.clock = FakeClock()
        site = load_site(Path("infra/sites/tangshan"), {})
        self.city = CityView(site, {"flood": profiles_for("flood")}, self.clock)
        self.seq = 0

    def told(self, value: float, ago_s: float, quality: str = "good") -> None:
        """And that the station was heard just now."""
        self.seq += 1
        now_us = round(self.clock.now_s() * 1e6)
        at_us = now_us - round(ago_s * 1e6)
        frame = Frame(
            source="flood/flood-1", trade="flood", area="tangshan/lunan/nanhu", epoch=1, seq=self.seq, sent_us=now_us,
            controllers=[ControllerSeen("qinglong-rtu", "timed", now_us)],
            readings=[Readings(ASSET, [POINT], [value], quality, at_us, at_us)],
        )  # fmt: skip
        self.city.on_frame(frame)

    def shown(self) -> tuple[object, str, float | None]:
        (reading,) = [each for each in self.city.readings(ASSET) if each.point.name == POINT]
        return reading.value, reading.quality, reading.age_s

    def trend(self) -> list[tuple[float, object]]:
        """Ages and values."""
        point = self.city.find_point(ASSET, POINT)
        assert point is not None
        now_s = self.clock.now_s()
        return [(round(now_s - at_us / 1e6), value) for at_us, value, _ in self.city.trend(point)]


def test_it_is_as_old_as_its_observation_and_goes_stale_by_it() -> None:
    screen = Screen()
    screen.told(1.5, ago_s=120)
    assert (1.5, "good", 120.0) == screen.shown()
    screen.clock.advance(781)
    assert (1.5, "stale", 901.0) == screen.shown()


def test_what_comes_late_does_not_take_the_place_of_what_stands() -> None:
    screen = Screen()
    screen.told(1.5, ago_s=0)
    screen.told(9.0, ago_s=3600, quality="good.backfill")
    assert (1.5, "good", 0.0) == screen.shown()


def test_told_again_it_is_no_newer_point_of_its_trend() -> None:
    screen = Screen()
    screen.told(1.5, ago_s=60)
    screen.clock.advance(60)
    screen.told(1.5, ago_s=120)
    screen.clock.advance(180)
    screen.told(1.7, ago_s=0)
    assert [(300, 1.5), (0, 1.7), (0, 1.7)] == screen.trend(), "the last is how it stands now"


def test_its_age_says_nothing_of_how_fast_the_platform_is() -> None:
    screen = Screen()
    screen.told(1.5, ago_s=300)
    assert [] == list(screen.city.field_to_screen_s)
