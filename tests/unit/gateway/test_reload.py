"""The view of the city after its files changed: what is the same keeps its readings."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.views.city import CityView
from shared.bus.frames import ControllerSeen, Frame, Readings
from shared.clock import WallClock
from shared.errors import Malformed
from shared.field.profile_load import profiles_for
from shared.site import load_site
from tests.integration.field.gauges import AREA, write_site

LINES = {"bus": "tcp://127.0.0.1:1"}


def shown(folder: Path, controllers: list[tuple[str, int]]) -> CityView:
    write_site(folder, LINES, controllers)
    city = CityView(load_site(folder), {"flood": profiles_for("flood", folder)}, WallClock())
    now_us = int(WallClock().now().timestamp() * 1e6)
    readings = Readings("gauges", ["p0", "p1"], [7, 8], "good", now_us, now_us)
    seen = [ControllerSeen("bus-1", "fast", now_us)]
    city.on_frame(
        Frame(
            source="flood/flood-1",
            trade="flood",
            area=AREA,
            epoch=1,
            seq=1,
            sent_us=now_us,
            controllers=seen,
            readings=[readings],
        )
    )
    return city


def adopt(city: CityView, folder: Path) -> None:
    city.adopt(load_site(folder), {"flood": profiles_for("flood", folder)})


def value(city: CityView, point: str) -> object:
    return next(reading.value for reading in city.readings("gauges") if reading.point.name == point)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_name_changes_and_the_readings_stay(tmp_path: Path) -> None:
    city = shown(tmp_path, [("bus", 1)])
    change(tmp_path / "site.yaml", "kind: gauge", "kind: level_gauge")
    adopt(city, tmp_path)
    assert "level_gauge" == city.site.assets_by_id["gauges"].kind
    assert (7, 8) == (value(city, "p0"), value(city, "p1"))
    assert city.is_online("bus-1")


def test_a_point_that_means_something_else_has_no_value_until_it_is_read(tmp_path: Path) -> None:
    city = shown(tmp_path, [("bus", 1)])
    change(tmp_path / "profiles" / "gauge.yaml", "address: 1\n", "address: 1\n    unit: m\n")
    adopt(city, tmp_path)
    assert (7, None) == (value(city, "p0"), value(city, "p1"))


def test_controllers_come_and_go(tmp_path: Path) -> None:
    city = shown(tmp_path, [("bus", 1)])
    write_site(tmp_path, LINES, [("bus", 2)])
    adopt(city, tmp_path)
    assert ["bus-2"] == list(city.controllers)
    assert not city.is_online("bus-2")
    assert city.last_good_at("bus-1") is None


def test_a_profile_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    city = shown(tmp_path, [("bus", 1)])
    change(tmp_path / "site.yaml", "profile: gauge", "profile: other")
    with pytest.raises(Malformed):
        adopt(city, tmp_path)
    assert 7 == value(city, "p0")
    assert "gauge" == city.controllers["bus-1"].profile
