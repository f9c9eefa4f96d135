"""What the site sets for a station reaches its rules."""

from __future__ import annotations

from pathlib import Path

from services.flood.details import station_rules
from shared.documents import read_document
from shared.field.profile_load import profiles_for
from shared.site import load_site

TANGSHAN = Path("infra/sites/tangshan")


def test_the_sites_no_load_current_is_the_groups_too() -> None:
    site, document = load_site(TANGSHAN), read_document(TANGSHAN / "site.yaml")
    parameters = {"station_code": 1, "no_load_current": 7}
    profile = profiles_for("flood").get("drainage-pump-station", parameters)
    rules = station_rules(site, document, site.assets_by_id["xinhua"], profile, parameters)
    assert 7.0 == rules.no_load_current_a
