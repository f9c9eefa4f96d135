"""What the site sets for a station reaches its rules."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from services.flood.details import station_rules
from services.flood.handlers import Flood
from services.flood.settings import Settings
from services.flood.wiring import configure
from shared.clock import WallClock
from shared.documents import MalformedDocument, read_document
from shared.field.profile_load import profiles_for
from shared.site import load_site

TANGSHAN = Path("infra/sites/tangshan")


@pytest.mark.parametrize("name", ["drainage-pump-station", "storm-pump-station-2p"])
def test_a_profile_of_a_station_has_every_point_that_the_group_fills_in_and_every_command_it_gives(name: str) -> None:
    profile = profiles_for("flood").get(name, {"station_code": 1})
    pumps = [each.removesuffix("_running") for each in profile.points if each.endswith("_running")]
    filled = [f"{pump}_{what}" for pump in pumps for what in ("starts_1h", "in_group", "off_for", "on_for")]
    assert {"control_mode", "level_trusted", "time_to_overflow", "inflow", *filled} <= set(profile.computed)
    assert {f"{pump}_{verb}" for pump in pumps for verb in ("start", "stop", "return_to_group")} <= set(
        profile.commands
    )
    assert profile.limit("level_wet_well", "ll") is not None
    assert {"starts_per_hour", "no_load_current"} <= set(profile.parameters)


def test_the_sites_no_load_current_is_the_groups_too() -> None:
    site, document = load_site(TANGSHAN), read_document(TANGSHAN / "site.yaml")
    parameters = {"station_code": 1, "no_load_current": 7}
    profile = profiles_for("flood").get("drainage-pump-station", parameters)
    rules = station_rules(site, document, site.assets_by_id["xinhua"], profile, parameters)
    assert 7.0 == rules.no_load_current_a


def test_a_stations_profile_on_an_asset_of_another_kind_is_refused_with_its_line(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(TANGSHAN, tmp_path / "site"))
    text = (folder / "site.yaml").read_text(encoding="utf-8")
    line = next(at for at, each in enumerate(text.splitlines(), 1) if "kind: underpass_pump_station" in each)
    path = folder / "site.yaml"
    path.write_text(text.replace("kind: underpass_pump_station", "kind: rain_gauge", 1), encoding="utf-8")
    settings = Settings(amqp_uri="amqp://nobody:nothing@127.0.0.1:1//", site=folder)
    with pytest.raises(MalformedDocument, match=rf"site.yaml:{line}: assets.*kind: underpass_pump_station"):
        configure(settings, Flood(WallClock()))
