"""The report of a storm as a document."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from gateway.report import charts, document
from gateway.report.shapes import LevelReport, PumpReport, RainReport, StormReport
from gateway.storage import Language

BAR = timedelta(minutes=5)


def storm_html(report: StormReport, language: Language) -> str:
    spoken = document.words(language)
    axis = charts.Axis(report.begin, report.end, ZoneInfo(report.time_zone))

    def label(each: RainReport | LevelReport) -> str:
        name, title = (each.asset_name.zh, each.title.zh) if language == "zh" else (each.asset_name.en, each.title.en)
        return f"{name} {title}"

    def rain_chart(each: RainReport) -> Markup:
        return Markup(charts.bars(each.bars_mm, axis, report.begin, BAR, label(each)))  # noqa: S704 - drawn by us

    def level_chart(each: LevelReport) -> Markup:
        limits = [(f"{spoken[f'limit_{over.name}']} {over.limit:g}", over.limit) for over in each.over]
        return Markup(charts.curve(each.curve, limits, axis, label(each)))  # noqa: S704 - drawn by us

    def pump_chart(pumps: list[PumpReport]) -> Markup:
        names = [each.point.removesuffix("_running").removeprefix("pump") + spoken["pump_short"] for each in pumps]
        return Markup(charts.gantt(pumps, names, axis, spoken["pumps"]))  # noqa: S704 - drawn by us

    stations: dict[str, list[PumpReport]] = {}
    for pump in report.pumps:
        stations.setdefault(pump.asset, []).append(pump)
    drawn = {"rain_chart": rain_chart, "level_chart": level_chart, "pump_chart": pump_chart}
    return document.render(
        "storm.html", language, report.time_zone, report=report, stations=list(stations.values()), **drawn
    )
