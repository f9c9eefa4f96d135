"""What a storm's report holds. Times are moments of the city; every number's unit is in its name."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from gateway.api.logbook_shapes import LogbookEntry
from gateway.api.shapes import Shape, Words
from gateway.report.gantt import State


class ReportedPoint(Shape):
    """`known`: of how much of the period a good value is known, 0 to 1. `width_s`: 0 when each reading was taken."""

    asset: str
    asset_name: Words
    point: str
    title: Words
    known: float
    width_s: float


class HighestRain(Shape):
    hours: int
    rain_mm: float
    begin: datetime


class RainReport(ReportedPoint):
    """`bars_mm`: each five minutes from the beginning of the period; begin and end of the rain itself."""

    sum_mm: float
    begin: datetime | None
    end: datetime | None
    highest: list[HighestRain]
    bars_mm: list[float]


class OverLimit(Shape):
    name: Literal["l", "h", "hh"]
    limit: float
    seconds: float
    first: datetime | None


class CurvePart(Shape):
    at: datetime
    low: float | None
    high: float | None


class LevelReport(ReportedPoint):
    """In metres. `max` is None when nothing is known."""

    max: float | None
    max_at: datetime | None
    over: list[OverLimit]
    curve: list[CurvePart]


class FloodReport(LevelReport):
    """Water on a road. `volume`: `none` when no table of depth and volume is given for the asset, `unknown` when
    nothing is known of the depth. `standing_m3`: the most at one time; `inflow_m3`: at least so much ran in, by all
    rises.
    """

    volume: Literal["known", "beyond_table", "unknown", "none"]
    standing_m3: float | None
    inflow_m3: float | None


class PumpStretch(Shape):
    begin: datetime
    end: datetime
    state: State


class PumpStart(Shape):
    """`by` is the account that wished it, None when nobody did from here; `automatic`: the platform did."""

    at: datetime
    by: str | None
    automatic: bool


class PumpReport(ReportedPoint):
    running_s: float
    stopped_s: float
    unknown_s: float
    stretches: list[PumpStretch]
    starts: list[PumpStart]


class LeadTime(Shape):
    """Of a station: what came when, after the first rain at its nearest gauge (its own, or the area's first)."""

    asset: str
    asset_name: Words
    rain_at: datetime | None
    start_at: datetime | None
    high_at: datetime | None
    start_s: float | None
    high_s: float | None


class EnergyReport(ReportedPoint):
    energy_kwh: float


class WaterReport(ReportedPoint):
    """`by`: a counter of volume, or the flow over the time of which it is known."""

    volume_m3: float
    by: Literal["counter", "flow"]


class AlarmReport(Shape):
    id: str
    asset: str
    asset_name: Words
    title: Words
    priority: int
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    cleared_at: datetime | None


class PriorityCount(Shape):
    """`acknowledge_s`: the median of how long it took."""

    priority: int
    raised: int
    acknowledged: int
    cleared: int
    standing: int
    acknowledge_s: float | None


class FrequentAlarm(Shape):
    asset: str
    asset_name: Words
    title: Words
    raised: int


class ActionReport(Shape):
    at: datetime
    asset: str
    asset_name: Words
    event: str
    text: Words
    by: str
    why: str


class GapReport(Shape):
    asset: str
    asset_name: Words
    begin: datetime
    end: datetime
    cause: str
    text: Words


class StormReport(Shape):
    """`known`: the mean of all points. `complete`: False when there was more in the journal than a report holds."""

    title: Words
    area: str
    area_name: Words
    time_zone: str
    begin: datetime
    end: datetime
    made_at: datetime
    made_by: str
    known: float | None
    complete: bool
    rain: list[RainReport]
    levels: list[LevelReport]
    floods: list[FloodReport]
    pumps: list[PumpReport]
    lead_times: list[LeadTime]
    energy: list[EnergyReport]
    water: list[WaterReport]
    alarms: list[AlarmReport]
    priorities: list[PriorityCount]
    frequent: list[FrequentAlarm]
    actions: list[ActionReport]
    automatic_commands: int
    entries: list[LogbookEntry]
    gaps: list[GapReport]


class RainEvent(Shape):
    """Between two of them nothing fell for six hours."""

    begin: datetime
    end: datetime
    asset: str
    rain_mm: float
