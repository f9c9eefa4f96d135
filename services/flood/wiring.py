"""Builds flood control: the trade, its owner, and what binds the two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from services.flood.details import STATION_KINDS, is_station, station_rules, warning_rules
from services.flood.domain.station import StationRules
from services.flood.handlers import Flood, Ports
from services.flood.settings import Settings
from shared.bus.entrypoints import Entrypoints
from shared.clock import clock_at
from shared.database import DatabaseThread, NewThread, WorkThread, engine_from
from shared.documents import read_document
from shared.field.configuration import Configuration, load_configuration
from shared.field.owner import Owner

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


def build(settings: Settings, new_thread: NewThread = WorkThread) -> FloodApp:
    """Raises MalformedDocument when the site or a profile is wrong. Connects to nothing yet."""
    clock = clock_at(settings.clock_file)
    flood = Flood(clock)
    database = DatabaseThread(engine_from(settings, SERVICE), Path(__file__).parent / "migrations", new_thread())
    owner = Owner(SERVICE, lambda: configure(settings, flood), settings, clock, database, flood)
    flood.ports = Ports(act=owner.operations.act, emit=owner.emit, judge=owner.judge)
    return FloodApp(flood, owner)


def configure(settings: Settings, flood: Flood) -> Configuration:
    """What the files say now. Raises MalformedDocument when they are wrong."""
    found = load_configuration(SERVICE, settings.site, settings.site_variables)
    document = read_document(settings.site / "site.yaml")
    rules: dict[str, StationRules] = {}
    for identity, profile in found.profiles.items():
        controller = found.site.controllers_by_id[identity]
        asset = found.site.assets_by_id[controller.asset]
        if asset.kind in STATION_KINDS or is_station(profile):
            rules[identity] = station_rules(found.site, document, asset, profile, controller.parameters)
    warnings = warning_rules(settings.site)
    return replace(found, rules=rules, adopt=lambda: flood.adopt(rules, warnings))
