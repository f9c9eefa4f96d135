"""Reports of a period: as data, as a page that prints, and as PDF."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import Response

from gateway.api.deps import TheCaller, TheGateway
from gateway.api.errors import READS, responses
from gateway.api.moments import Moment
from gateway.auth import Caller
from gateway.report.asking import find_spells, gather
from gateway.report.shapes import RainEvent, StormReport
from gateway.report.storm import compose, moment
from gateway.report.storm_page import storm_html
from gateway.storage import Language
from gateway.wiring import Gateway
from shared.errors import Missing, Refused

router = APIRouter(prefix="/api/reports", tags=["reports"])

WITH_PERIOD = READS | responses(409)
HTML, PDF = "text/html; charset=utf-8", "application/pdf"
TEXT, BYTES = {"type": "string"}, {"type": "string", "format": "binary"}


def _document(media_type: str, schema: dict[str, str]) -> dict[int | str, dict[str, Any]]:
    """What an endpoint answers that gives a document, or an error in JSON as all do."""
    return {200: {"description": "The document", "content": {media_type.partition(";")[0]: {"schema": schema}}}}


DAYS_MAX = 7
Area = Annotated[str | None, Query(max_length=128, description="the city's or one of its areas; without it, the city")]
Begin = Annotated[Moment, Query(alias="from", description="ISO 8601 with its offset")]
Lang = Annotated[Language, Query()]
End = Annotated[Moment, Query(description="ISO 8601 with its offset; at most 7 days later")]


@router.get("/rain", responses=READS)
def list_rain(gateway: TheGateway, caller: TheCaller, area: Area = None) -> list[RainEvent]:
    """Events of rain of the last 30 days, the newest first: periods to report on."""
    found = find_spells(gateway, caller, _area(gateway, caller, area))
    return [
        RainEvent(begin=moment(spell.from_us), end=moment(spell.to_us), asset=asset, rain_mm=round(spell.rain_mm, 1))
        for asset, spell in found
    ]


@router.get("/storm", responses=WITH_PERIOD)
def get_storm(gateway: TheGateway, caller: TheCaller, from_: Begin, to: End, area: Area = None) -> StormReport:
    """Rain, levels, pumps, energy, water on roads, alarms and actions of a period; what is not known is said."""
    return _storm(gateway, caller, area, from_, to)


@router.get("/storm.html", responses=WITH_PERIOD | _document(HTML, TEXT), response_class=Response)
def get_storm_html(
    gateway: TheGateway, caller: TheCaller, from_: Begin, to: End, area: Area = None, lang: Lang = "zh"
) -> Response:
    """The same as one document that needs nothing else."""
    report = _storm(gateway, caller, area, from_, to)
    return Response(storm_html(report, lang), media_type=HTML, headers=_named(gateway, report, "html", "inline"))


@router.get(
    "/storm.pdf",
    responses=WITH_PERIOD | _document(PDF, {"type": "string", "format": "binary"}),
    response_class=Response,
)
def get_storm_pdf(
    gateway: TheGateway, caller: TheCaller, from_: Begin, to: End, area: Area = None, lang: Lang = "zh"
) -> Response:
    """The same document, printed on A4."""
    report = _storm(gateway, caller, area, from_, to)
    printed = gateway.printer.pdf(storm_html(report, lang))
    return Response(printed, media_type=PDF, headers=_named(gateway, report, "pdf", "attachment"))


def _named(gateway: Gateway, report: StormReport, ending: str, how: str) -> dict[str, str]:
    begin = report.begin.astimezone(ZoneInfo(gateway.site.time_zone))
    name = f"storm-{report.area.replace('/', '-')}-{begin:%Y%m%dT%H%M}.{ending}"
    return {"Content-Disposition": f'{how}; filename="{name}"'}


def _storm(gateway: Gateway, caller: Caller, area: str | None, begin: datetime, end: datetime) -> StormReport:
    area = _area(gateway, caller, area)
    end = min(end, gateway.clock.now())  # nothing is known of what is still to come
    if end <= begin:
        raise Refused("period_reversed")
    if end - begin > timedelta(days=DAYS_MAX):
        raise Refused("report_too_long", days_max=DAYS_MAX)
    return compose(gather(gateway, caller, area, begin, end))


def _area(gateway: Gateway, caller: Caller, area: str | None) -> str:
    """Raises Missing, Forbidden. The city's report holds what of it may be viewed."""
    city = gateway.site.city
    if area is None or area == city:
        return city
    if area not in {each.id for each in gateway.site.areas}:
        raise Missing("area_missing", area=area)
    caller.require("view", None, area)
    return area
