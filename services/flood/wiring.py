"""Builds flood control: the trade, its owner, and what binds the two."""

from __future__ import annotations

from pathlib import Path

from services.flood.details import STATION_KINDS, station_rules, warning_rules
from services.flood.handlers import Flood, Ports
from services.flood.settings import Settings
from shared.bus.entrypoints import Entrypoints
from shared.clock import clock_at
from shared.database import DatabaseThread, NativeThread, engine_from
from shared.documents import read_document
from shared.field.owner import Owner
from shared.field.profile_load import profiles_for
from shared.site import load_site

SERVICE = "flood"


class FloodApp:
    """The running service."""

    def __init__(self, flood: Flood, owner: Owner) -> None:
        self.flood = flood
        self.owner = owner

    def start(self, entrypoints: Entrypoints) -> None:
        self.owner.start(entrypoints)

    def stop(self) -> None:
        self.owner.stop()


def build(settings: Settings, thread: NativeThread | None = None) -> FloodApp:
    """Raises MalformedDocument when the site or a profile is wrong. Connects to nothing yet."""
    clock = clock_at(settings.clock_file)
    site = load_site(settings.site, settings.site_variables, keys_of=SERVICE)
    profiles = profiles_for(SERVICE, settings.site)
    document = read_document(settings.site / "site.yaml")
    rules = {}
    for controller in site.controllers:
        asset = site.assets_by_id[controller.asset]
        if asset.trade == SERVICE and asset.kind in STATION_KINDS:
            profile = profiles.get(controller.profile, controller.parameters)
            rules[controller.id] = station_rules(site, document, asset, profile, controller.parameters)
    flood = Flood(lambda unit: rules[unit.id], warning_rules(settings.site), clock)
    database = DatabaseThread(engine_from(settings, SERVICE), Path(__file__).parent / "migrations", thread)
    owner = Owner(SERVICE, site, profiles, settings, clock, database, flood)
    flood.ports = Ports(act=owner.operations.act, emit=owner.emit, judge=owner.judge)
    return FloodApp(flood, owner)
