"""What a browser begins with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.live.hub import Hub
from gateway.metrics import Metrics
from gateway.present import Presenter
from gateway.views.alarms import AlarmView
from gateway.views.city import CityView
from gateway.views.health import HealthView
from shared.bus.health import Heartbeat, PollTotals, SilentController
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


NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def heartbeat(*silent: SilentController) -> Heartbeat:
    return Heartbeat(
        service="flood", instance="flood-1", started_at=NOON, restarts=0, time=NOON, wall_s=0.0, checks={},
        silent=silent, silent_count=len(silent), polls=PollTotals(polls=9, failed=2, late=1),
    )  # fmt: skip


def test_breakers_are_told_by_line_and_unit_to_those_who_may_view_them() -> None:
    site, health = load_site(SITE, {}), HealthView(expected=())
    city = CityView(site, {"flood": profiles_for("flood")}, WallClock())
    presenter = Presenter(city, AlarmView(), health, WallClock())
    count = len(site.controllers)
    assert (0, count) == (presenter.breakers().closed, presenter.breakers().unknown)

    dead, other = site.controllers[0], site.controllers[1]
    opened = SilentController(controller=dead.id, state="open", since=NOON, next_probe=NOON + timedelta(seconds=15))
    health.note(heartbeat(opened))
    told = presenter.breakers()
    (each,) = told.silent
    assert (dead.line, dead.place, "open", NOON) == (each.line, each.unit, each.state, each.since)
    assert (count - 1, 0) == (told.closed, told.unknown)
    assert [] == presenter.breakers(lambda _trade, area: area != site.assets_by_id[dead.asset].area).silent

    metrics = Metrics(city, AlarmView(), health, Hub(1, 1, 1)).text().decode()
    key = f'controller="{dead.id}",line="{dead.line}",unit="{dead.unit}"'
    assert f"urbanops_breaker_state{{{key}}} 2.0" in metrics
    since = next(
        line for line in metrics.splitlines() if line.startswith(f"urbanops_breaker_since_timestamp_seconds{{{key}}}")
    )
    assert NOON.timestamp() == float(since.split()[-1])
    assert f'urbanops_breaker_state{{controller="{other.id}",line="{other.line}",unit="{other.unit}"}} 0.0' in metrics
    assert 'urbanops_silent_controllers{service="flood"} 1.0' in metrics
    for outcome, polled in {"answered": 7, "failed": 2, "late": 1, "withheld": 0}.items():
        polls = f'urbanops_polls_total{{instance="flood-1",outcome="{outcome}",service="flood"}}'
        assert f"{polls} {polled:.1f}" in metrics

    health.note(replace(heartbeat(opened), silent_count=2))  # there was no room for the other
    assert (0, count - 1) == (presenter.breakers().closed, presenter.breakers().unknown)

    health.note(heartbeat())
    assert ([], count) == (presenter.breakers().silent, presenter.breakers().closed)
