"""What is remembered of a station after a restart, and what is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.flood import pictures
from services.flood.details import station_rules
from services.flood.domain.station import Pump, new_station
from services.flood.handlers import Flood
from shared.clock import WallClock
from shared.documents import read_document
from shared.field.image import ControllerImage
from shared.field.profile_load import profiles_for
from shared.site import load_site
from tests.unit.flood.stations import RULES

TANGSHAN = Path("infra/sites/tangshan")


@pytest.mark.parametrize("silent", [True, False])
def test_condition_of_the_trade_is_remembered_unless_its_controller_is_silent(silent: bool) -> None:
    site, document = load_site(TANGSHAN), read_document(TANGSHAN / "site.yaml")
    profile = profiles_for("flood").get("drainage-pump-station", {"station_code": 1})
    asset = site.assets_by_id["xinhua"]
    rules = station_rules(site, document, asset, profile, {})
    image = ControllerImage("rtu", profile, dict.fromkeys(profile.names, asset.id))
    unit = SimpleNamespace(
        id="rtu",
        area=asset.area,
        entry=SimpleNamespace(asset=asset.id),
        profile=profile,
        image=image,
        scanner=SimpleNamespace(silent=silent),
    )
    flood = Flood(WallClock())
    flood.adopt({"rtu": rules}, [])
    flood.take(asset.area, [cast("Any", unit)], {})
    assert (not silent) is flood.remember(asset.area, asset.id, "no_standby")


def test_starts_that_are_known_late_count_with_those_seen_since() -> None:
    """Six starts an hour a pump: neither half may be forgotten because the database was away at the start."""
    before = replace(new_station(RULES), pumps=(Pump(starts_s=(100.0, 200.0)), Pump(), Pump()))
    memory = pictures.memory_of_station(before)
    since = replace(new_station(RULES), pumps=(Pump(running=True, running_since_s=900.0, starts_s=(900.0,)),) * 3)
    first, second, _ = pictures.recall_station(since, memory, 1000.0).pumps
    assert ((100.0, 200.0, 900.0), (900.0,)) == (first.starts_s, second.starts_s)
    assert (True, 900.0) == (first.running, first.running_since_s)
