"""What a browser begins with."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.present import Presenter
from gateway.views.alarms import AlarmView
from gateway.views.city import CityView
from gateway.views.health import HealthView
from shared.clock import WallClock
from shared.field.profile_load import profiles_for
from shared.site import load_site
from tests.unit.gateway.callers import caller

SITE = Path("infra/sites/tangshan")


@pytest.fixture(scope="module")
def presenter() -> Presenter:
    """Nothing was heard yet: every link is lost."""
    clock = WallClock()
    city = CityView(load_site(SITE, {}), {"flood": profiles_for("flood")}, clock)
    return Presenter(city, AlarmView(), HealthView(expected=()), clock)


def test_links_and_warnings_of_what_may_be_viewed(presenter: Presenter) -> None:
    site = presenter.city.site
    everywhere = presenter.snapshot(caller("admin"))
    assert {entry.id for entry in site.controllers} == {link.controller for link in everywhere.health.lost_links}
    assert everywhere.warnings
    for area in (area.id for area in site.areas):
        who = caller("dispatcher", area)
        told = presenter.snapshot(who)
        assert [warning for warning in everywhere.warnings if warning.area == area] == told.warnings
        links = {entry.id for entry in site.controllers if site.assets_by_id[entry.asset].area == area}
        assert links == {link.controller for link in told.health.lost_links}
        assert told.health.lost_links == presenter.health(who.may_view).lost_links
