"""What stood in a station that is being commissioned stands no more."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.flood.details import station_rules
from services.flood.handlers import Flood
from shared.clock import WallClock
from shared.documents import read_document
from shared.field.image import ControllerImage
from shared.field.profile_load import profiles_for
from shared.site import load_site

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
