"""What the site file must say of flood control's assets, and the site's rainstorm warning rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.flood.domain.rain import WarningRule, WarningStage
from services.flood.domain.station import StationRules
from shared.contracts.message import Scalar
from shared.documents import Document, MalformedDocument, read_document, validate
from shared.field.profile import Profile
from shared.site import AssetEntry, Site

STATION_KINDS = ("underpass_pump_station", "storm_pump_station")


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GroupDetails(Part):
    """Rules of the pump group; times in seconds, after GB 50014 unless the works say otherwise."""

    min_run_s: float = Field(default=60.0, ge=0)
    min_off_s: float = Field(default=60.0, ge=0)
    starts_per_hour_max: int = Field(default=6, ge=1, le=30)
    by_hand_s: float = Field(default=7200.0, gt=0)


class StationDetails(Part):
    """Geometry and pumps of a station. Levels in metres above the well floor."""

    pumps: int = Field(ge=1, le=6)
    pump_capacity_m3_per_s: float = Field(gt=0)
    wet_well_area_m2: float = Field(gt=0)
    wet_well_depth_m: float = Field(gt=0)
    overflow_level_m: float = Field(gt=0)
    high_float_level_m: float = Field(gt=0)
    start_levels_m: tuple[float, ...] = Field(min_length=1)
    stop_levels_m: tuple[float, ...] = Field(min_length=1)
    group: GroupDetails = GroupDetails()


class StageEntry(Part):
    """Reached when `rain_mm` or more fell in `window_h` hours."""

    stage: WarningStage
    window_h: int = Field(ge=1, le=24)
    rain_mm: float = Field(gt=0)


class WarningRules(Part):
    rules: Literal["rainstorm-warnings/v1"]
    stages: tuple[StageEntry, ...]


def is_station(profile: Profile) -> bool:
    """Does the trade run a pump group by what is read of it?"""
    return "level_wet_well" in profile.points


def station_rules(
    site: Site, document: Document, asset: AssetEntry, profile: Profile, parameters: Mapping[str, Scalar]
) -> StationRules:
    """The rules of a pump station from its details, its profile's limits and what the site sets for the profile.

    `document` is the site file.

    Raises MalformedDocument.
    """
    place = ("assets", site.assets.index(asset))
    if asset.kind not in STATION_KINDS:
        expected = f"{' or '.join(STATION_KINDS)}: the profile {profile.id} is of a pump station"
        raise MalformedDocument([document.mistake((*place, "kind"), expected)])
    at = (*place, "details")
    inner = Document(document.file, asset.details, _below(document, at))
    details = validate(inner, StationDetails)
    mistakes = []
    for name in ("start_levels_m", "stop_levels_m"):
        levels = getattr(details, name)
        if len(levels) != details.pumps or list(levels) != sorted(levels):
            mistakes.append(inner.mistake((name,), f"{details.pumps} levels that ascend, one a pump"))
    if any(stop >= start for stop, start in zip(details.stop_levels_m, details.start_levels_m, strict=False)):
        mistakes.append(inner.mistake(("stop_levels_m",), "each stop level below its start level"))
    dry = profile.limit("level_wet_well", "ll")
    if dry is None:
        mistakes.append(inner.mistake((), "a profile with the limit ll of level_wet_well"))
    elif details.stop_levels_m and details.stop_levels_m[0] <= dry:
        mistakes.append(inner.mistake(("stop_levels_m",), f"stop levels above the dry-run level {dry} m"))
    allowed = _set(profile, parameters, "starts_per_hour")
    if allowed != details.group.starts_per_hour_max:
        expected = f"the starts per hour that the controller's parameters allow: {allowed}"
        mistakes.append(inner.mistake(("group", "starts_per_hour_max"), expected))
    if mistakes:
        raise MalformedDocument(mistakes)
    assert dry is not None
    closing = profile.limit("road_depth", "h")
    no_load = _set(profile, parameters, "no_load_current")
    return StationRules(
        pumps=details.pumps,
        pump_capacity_m3_per_s=details.pump_capacity_m3_per_s,
        wet_well_area_m2=details.wet_well_area_m2,
        overflow_level_m=details.overflow_level_m,
        start_levels_m=details.start_levels_m,
        stop_levels_m=details.stop_levels_m,
        dry_run_level_m=dry,
        high_float_level_m=details.high_float_level_m,
        no_load_current_a=float(no_load) if isinstance(no_load, int | float) else 20.0,
        min_run_s=details.group.min_run_s,
        min_off_s=details.group.min_off_s,
        starts_per_hour_max=details.group.starts_per_hour_max,
        by_hand_s=details.group.by_hand_s,
        closing_depth_m=closing if closing is not None else 0.27,
    )


def _set(profile: Profile, parameters: Mapping[str, Scalar], name: str) -> Scalar:
    """What the site says for a parameter, else the profile; None when the profile has no such parameter."""
    known = profile.parameters.get(name)
    return parameters.get(name, None if known is None else known.default)


def warning_rules(folder: Path) -> list[WarningRule]:
    """The site's rainstorm warning rules; none when it has no such file. Raises MalformedDocument."""
    path = folder / "rainstorm_warnings.yaml"
    if not path.exists():
        return []
    entries = validate(read_document(path), WarningRules)
    return [WarningRule(entry.stage, entry.window_h, entry.rain_mm) for entry in entries.stages]


def _below(document: Document, at: tuple[str | int, ...]) -> dict[tuple[str | int, ...], int]:
    depth = len(at)
    return {where[depth:]: line for where, line in document.lines.items() if where[:depth] == at}
