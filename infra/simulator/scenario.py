"""What simulation.yaml says: which hydraulics stand behind which controller of the site.

The site file itself knows nothing of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from infra.simulator.river import RiverShape
from infra.simulator.road import RoadShape
from infra.simulator.rtu.pump import PumpRating
from shared.documents import Document, MalformedDocument, Mistake, read_document, validate
from shared.site import Site

MODELS = Path(__file__).parent / "models"
FILE = "simulation.yaml"


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CatchmentEntry(Part):
    """One SWMM model in a process of its own."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    model: str
    rain_gage: str = "RG"
    rain_factor: float = Field(default=1.0, gt=0, description="times the design storm")
    wet_well: str = "WW"
    pumps: tuple[str, ...] = Field(min_length=1, max_length=6)
    gate: str | None = None
    outfalls: tuple[str, ...] = ()
    """Outfalls whose stage the river sets."""
    upstream: tuple[str, ...] = ()
    """Junctions that flood on their own, beside the wet well."""
    seepage_m3_per_s: float = Field(default=0.0, ge=0)
    road: RoadShape = RoadShape()


class PumpStationEntry(Part):
    """The RTU's commissioning; levels, high float, pumps and station code come from the site file."""

    behaves_as: Literal["pump_station"]
    controller: str
    catchment: str
    rating: PumpRating = PumpRating()
    ll_dry_m: float = 0.6
    hh_alarm_m: float = 3.8
    float_ll_m: float = 0.5
    min_run_s: int = 60
    min_off_s: int = 60
    max_starts_h: int = 6
    alternation: Literal[0, 1, 2] = 1
    watchdog_limit_s: int = 60
    gate_travel_s: float | None = Field(default=None, gt=0)


class RainGaugeEntry(Part):
    behaves_as: Literal["rain_gauge"]
    controller: str
    catchment: str
    tip_mm: float = Field(default=0.1, gt=0)


class RiverGaugeEntry(Part):
    behaves_as: Literal["river_gauge"]
    controller: str


class TelemetryStationEntry(Part):
    """It stands at the river, and its bucket catches what falls on a catchment."""

    behaves_as: Literal["telemetry_station"]
    controller: str
    catchment: str
    tip_mm: float = Field(default=0.1, gt=0)


ControllerBehaviour = Annotated[
    PumpStationEntry | RainGaugeEntry | RiverGaugeEntry | TelemetryStationEntry, Field(discriminator="behaves_as")
]


class Scenario(Part):
    simulation: Literal["simulation/v1"]
    river: RiverShape = RiverShape()
    catchments: tuple[CatchmentEntry, ...] = Field(min_length=1)
    controllers: tuple[ControllerBehaviour, ...] = Field(min_length=1)


def load_scenario(folder: Path, site: Site) -> Scenario:
    """The scenario beside a site file. Raises MalformedDocument with every mistake and its line."""
    document = read_document(folder / FILE)
    scenario = validate(document, Scenario)
    mistakes = _references(document, scenario, site)
    if mistakes:
        raise MalformedDocument(mistakes)
    return scenario


def _references(document: Document, scenario: Scenario, site: Site) -> list[Mistake]:
    mistakes: list[Mistake] = []
    catchments = {entry.id: entry for entry in scenario.catchments}
    controllers = {entry.id: entry for entry in site.controllers}
    for index, catchment in enumerate(scenario.catchments):
        if not (MODELS / catchment.model).is_file():
            known = ", ".join(sorted(path.name for path in MODELS.glob("*.inp")))
            mistakes.append(document.mistake(("catchments", index, "model"), f"one of {known}"))
    for index, entry in enumerate(scenario.controllers):
        at = ("controllers", index)
        if entry.controller not in controllers:
            mistakes.append(document.mistake((*at, "controller"), "a controller of the site file"))
        if isinstance(entry, RiverGaugeEntry):
            continue
        if entry.catchment not in catchments:
            mistakes.append(document.mistake((*at, "catchment"), "a catchment of this file"))
    silent = set(controllers) - {entry.controller for entry in scenario.controllers}
    if silent:
        expected = f"an entry for every controller of the site file (none for {', '.join(sorted(silent))})"
        mistakes.append(document.mistake(("controllers",), expected))
    return mistakes
