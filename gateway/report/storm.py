"""The report of a storm, composed of curves and of what the journal says. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from gateway.api.logbook_shapes import LogbookEntry
from gateway.api.shapes import JournalItem, Words
from gateway.report import depth, gantt, happenings, rain
from gateway.report.curve import Curve
from gateway.report.points import Role
from gateway.report.shapes import (
    CurvePart,
    EnergyReport,
    FloodReport,
    GapReport,
    HighestRain,
    LeadTime,
    LevelReport,
    OverLimit,
    PumpReport,
    PumpStart,
    PumpStretch,
    RainReport,
    StormReport,
    WaterReport,
)

CURVE_PARTS = 240
HIGHEST_HOURS = (1, 3)
START_WITHIN_S = 60.0
"""So long after its command a start is that command's."""
ROWS_MAX = 300
"""Alarms, actions, gaps in a report: more is told by the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A point and its curve. `limits`: by name, in its unit; `table`: of depth and volume of its asset."""

    role: Role
    asset: str
    point: str
    title: Words
    curve: Curve
    limits: Mapping[str, float] = field(default_factory=dict)
    table: depth.Table = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything that a report is made of."""

    head: Mapping[str, Any]
    """What stands in the report as it is: title, area, period, who and when."""
    measured: Sequence[Measured]
    journal: Sequence[JournalItem]
    entries: Sequence[LogbookEntry]
    reasons: Mapping[str, str]
    """What people wrote with a command, by its id."""
    names: Mapping[str, Words]
    alarm_titles: Mapping[tuple[str, str], Words]
    causes: Mapping[str, Words]
    stations: Mapping[str, Sequence[str]]
    """Of each asset those whose rain counts for it: its own first."""
    whole: bool
    """All of the journal's period is there."""


def compose(given: Material) -> StormReport:
    rains = [_rain(given, each) for each in _of(given, "rain")]
    levels = [_level(given, each) for each in _of(given, "level")]
    pumps = [_pump(given, each) for each in _of(given, "pump")]
    alarms = happenings.alarms_of(
        [item for item in given.journal if item.event in happenings.ALARMS], given.names, given.alarm_titles
    )
    actions, automatic = happenings.actions_of(given.journal, given.reasons, given.names)
    gaps = _gaps(given)
    knowns = [each.curve.known for each in given.measured]
    most = max(len(alarms), len(actions), len(gaps))
    return StormReport(
        **given.head,
        known=sum(knowns) / len(knowns) if knowns else None,
        complete=given.whole and most <= ROWS_MAX,
        rain=rains,
        levels=levels,
        floods=[_flood(given, each) for each in _of(given, "depth")],
        pumps=pumps,
        lead_times=_lead_times(given, rains, levels, pumps),
        energy=[EnergyReport(**_head(given, each), energy_kwh=_grown(each)) for each in _of(given, "energy")],
        water=_water(given),
        alarms=alarms[:ROWS_MAX],
        priorities=happenings.priorities_of(alarms),
        frequent=happenings.frequent_of(alarms),
        actions=actions[:ROWS_MAX],
        automatic_commands=automatic,
        entries=sorted(given.entries, key=lambda entry: entry.about),
        gaps=gaps[:ROWS_MAX],
    )


def _of(given: Material, role: Role) -> list[Measured]:
    return [each for each in given.measured if each.role == role]


def _head(given: Material, each: Measured) -> dict[str, Any]:
    return {
        "asset": each.asset,
        "asset_name": given.names[each.asset],
        "point": each.point,
        "title": each.title,
        "known": each.curve.known,
        "width_s": each.curve.width_s,
    }


def _grown(each: Measured) -> float:
    return sum(growth.by for growth in each.curve.growths)


def _rain(given: Material, each: Measured) -> RainReport:
    curve = each.curve
    bars = rain.bars(curve.growths, curve.from_us, curve.to_us)
    wet = [growth.at_us for growth in curve.growths if growth.by > 0]
    highest = []
    for hours in HIGHEST_HOURS:
        found = rain.highest(bars, hours * 12)
        if found is not None and curve.seconds >= hours * 3600:
            begin = moment(curve.from_us + found[1] * rain.BAR_US)
            highest.append(HighestRain(hours=hours, rain_mm=found[0], begin=begin))
    return RainReport(
        **_head(given, each),
        sum_mm=_grown(each),
        begin=moment(wet[0]) if wet else None,
        end=moment(wet[-1]) if wet else None,
        highest=highest,
        bars_mm=[round(bar, 3) for bar in bars],
    )


def _level_parts(given: Material, each: Measured) -> dict[str, Any]:
    curve = each.curve
    peak = curve.peak()
    over = []
    for name in ("l", "h", "hh") if each.role == "depth" else ("h", "hh"):
        limit = each.limits.get(name)
        if limit is not None:
            first = curve.first_at(limit)
            seconds = curve.above_s(limit)
            over.append(OverLimit(name=name, limit=limit, seconds=seconds, first=moment_or_none(first)))
    return {
        **_head(given, each),
        "max": None if peak is None else peak[0],
        "max_at": None if peak is None else moment(peak[1]),
        "over": over,
        "curve": [CurvePart(at=moment(at), low=low, high=high) for at, low, high in curve.thinned(CURVE_PARTS)],
    }


def _level(given: Material, each: Measured) -> LevelReport:
    return LevelReport(**_level_parts(given, each))


def _flood(given: Material, each: Measured) -> FloodReport:
    parts = _level_parts(given, each)
    if not each.table:
        return FloodReport(**parts, volume="none", standing_m3=None, inflow_m3=None)
    found = depth.standing(each.curve, each.table)
    if found is None:
        return FloodReport(**parts, volume="unknown", standing_m3=None, inflow_m3=None)
    how = "beyond_table" if found.beyond else "known"
    return FloodReport(**parts, volume=how, standing_m3=found.standing_m3, inflow_m3=found.inflow_m3)


def _pump(given: Material, each: Measured) -> PumpReport:
    found = gantt.stretches(each.curve)
    pump = each.point.removesuffix("_running")
    starts = []
    for at_us in gantt.starts(found):
        at = moment(at_us)
        by = happenings.who_started(given.journal, each.asset, pump, at, START_WITHIN_S)
        starts.append(PumpStart(at=at, by=by, automatic=by == happenings.PLATFORM))
    return PumpReport(
        **_head(given, each),
        running_s=gantt.seconds_of(found, "running"),
        stopped_s=gantt.seconds_of(found, "stopped"),
        unknown_s=gantt.seconds_of(found, "unknown"),
        stretches=[PumpStretch(begin=moment(s.from_us), end=moment(s.to_us), state=s.state) for s in found],
        starts=starts,
    )


def _lead_times(
    given: Material, rains: Sequence[RainReport], levels: Sequence[LevelReport], pumps: Sequence[PumpReport]
) -> list[LeadTime]:
    begins = {each.asset: each.begin for each in rains if each.begin is not None}
    found = []
    for asset in dict.fromkeys(pump.asset for pump in pumps):
        rain_at = next((begins[each] for each in given.stations.get(asset, ()) if each in begins), None)
        starts = [start.at for pump in pumps if pump.asset == asset for start in pump.starts]
        later = [at for at in starts if rain_at is None or at >= rain_at]
        highs = [over.first for level in levels if level.asset == asset for over in level.over if over.name == "h"]
        start_at = min(later, default=None)
        high_at = min((at for at in highs if at is not None), default=None)
        found.append(
            LeadTime(
                asset=asset,
                asset_name=given.names[asset],
                rain_at=rain_at,
                start_at=start_at,
                high_at=high_at,
                start_s=_between(rain_at, start_at),
                high_s=_between(rain_at, high_at),
            )
        )
    return found


def _between(begin: datetime | None, end: datetime | None) -> float | None:
    return None if begin is None or end is None else (end - begin).total_seconds()


def _water(given: Material) -> list[WaterReport]:
    """By a counter where there is one, else by the flow."""
    counted = _of(given, "volume")
    found = [WaterReport(**_head(given, each), volume_m3=_grown(each), by="counter") for each in counted]
    known = {each.asset for each in counted}
    flows = [each for each in _of(given, "flow") if each.asset not in known]
    return found + [WaterReport(**_head(given, each), volume_m3=each.curve.integral(), by="flow") for each in flows]


def _gaps(given: Material) -> list[GapReport]:
    """Each once, though several points of an asset miss the same time."""
    seen: dict[tuple[str, int, int, str], None] = {}
    for each in given.measured:
        for gap in each.curve.gaps:
            begin, end = max(gap.from_us, each.curve.from_us), min(gap.to_us, each.curve.to_us)
            second = 1_000_000
            seen[(each.asset, begin // second * second, end // second * second, gap.cause)] = None
    found = [
        GapReport(
            asset=asset,
            asset_name=given.names[asset],
            begin=moment(begin),
            end=moment(end),
            cause=cause,
            text=given.causes[cause],
        )
        for asset, begin, end, cause in seen
        if end > begin
    ]
    return sorted(found, key=lambda gap: (gap.begin, gap.asset))


def moment(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1e6, UTC)


def moment_or_none(us: int | None) -> datetime | None:
    return None if us is None else moment(us)
