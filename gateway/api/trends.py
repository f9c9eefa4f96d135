"""What points were worth: the last ten minutes as we heard them, any period from the history, and whole exports."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import StringConstraints

from gateway.api import shapes
from gateway.api.deps import TheCaller, TheGateway, viewed_asset
from gateway.api.errors import READS, responses
from gateway.api.moments import From, Moment, To
from gateway.auth import Caller
from gateway.export import FORMATS, Format, Pages, Resolution
from gateway.present import words
from gateway.views.city import PointView
from gateway.wiring import Gateway
from shared.errors import Missing, Refused
from shared.field import texts
from shared.messages import sentence, sentence_or_none

router = APIRouter(prefix="/api", tags=["trends"])

WITH_PERIOD = READS | responses(409)
TREND_TIMEOUT_S = 20.0
SERIES_MAX = 20
DAYS_MAX = 93
DAY_MIN, DAY_MAX = date(1970, 1, 2), date(9999, 12, 30)
Series = Annotated[str, StringConstraints(pattern=r"^[^:]{1,64}:[^:]{1,64}$")]
"""asset:point"""
Name = Annotated[str, Query(max_length=64)]


@router.get("/trends", responses=WITH_PERIOD)
def get_trend(
    gateway: TheGateway,
    caller: TheCaller,
    asset: Name,
    point: Name,
    from_: From = None,
    to: To = None,
    points_max: Annotated[int, Query(ge=10, le=5000)] = 1000,
) -> shapes.Trend:
    """A point over a period (city time); without `from` its last ten minutes.

    A sample without a value is a gap, with its quality. Where there are more readings than `points_max`, equal pieces
    of time are given with their min and max, so that no peak is lost; each gap is named with its cause.
    """
    found = _viewed_point(gateway, caller, asset, point)
    if from_ is None:
        if to is not None:
            raise Refused("period_without_begin")
        return _live(gateway, found)
    end = to or gateway.clock.now()
    if end <= from_:
        raise Refused("period_reversed")
    return _kept(gateway, found, from_, end, points_max)


@router.get("/trends/export", responses=WITH_PERIOD, response_class=StreamingResponse)
def export_trends(
    gateway: TheGateway,
    caller: TheCaller,
    series: Annotated[list[Series], Query(min_length=1, max_length=SERIES_MAX, description="one or several")],
    from_: Annotated[Moment, Query(alias="from", description="ISO 8601 with its offset")],
    to: Annotated[Moment, Query(description="ISO 8601 with its offset")],
    format_: Annotated[Format, Query(alias="format")] = "csv",
    resolution: Resolution = "raw",
) -> StreamingResponse:
    """All readings of some points, or their rollups, as one file that is written while it is read."""
    if to <= from_:
        raise Refused("period_reversed")
    points = []
    for each in series:
        asset, _, point = each.partition(":")
        points.append(_viewed_point(gateway, caller, asset, point))
    pages = Pages(gateway.query, points, _us(from_), _us(to), resolution)
    pages.first()  # what is wrong is an answer, not half a file
    file = FORMATS[format_]
    name = f"{points[0].asset}-{from_.astimezone(ZoneInfo(gateway.site.time_zone)):%Y%m%dT%H%M}.{file.ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(file.write(pages), media_type=file.media_type, headers=headers)


@router.get("/completeness", responses=WITH_PERIOD)
def get_completeness(
    gateway: TheGateway,
    caller: TheCaller,
    asset: Name,
    from_: Annotated[
        date | None, Query(alias="from", description="the first day; without it, a week before the last")
    ] = None,
    to: Annotated[date | None, Query(description="the last day; without it, today")] = None,
) -> shapes.CompletenessShape:
    """Of each point of an asset and each day: of how much of it something good is known, and why not of the rest."""
    entry = viewed_asset(gateway, caller, asset)
    zone = ZoneInfo(gateway.site.time_zone)
    last = to or gateway.clock.now().astimezone(zone).date()
    first = from_ or last - timedelta(days=min(6, (last - date.min).days))
    if last < first:
        raise Refused("period_reversed")
    if (last - first).days >= DAYS_MAX or first < DAY_MIN or last > DAY_MAX:
        raise Refused("too_many_days", days_max=DAYS_MAX)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    edges = [datetime.combine(day, time(), zone) for day in (*days, last + timedelta(days=1))]
    points = [reading.point for reading in gateway.city.readings(entry.id)]
    points = [point for point in points if point.shown.history != "none"]
    told = gateway.query(
        "history",
        "read_completeness",
        timeout_s=TREND_TIMEOUT_S,
        asset=entry.id,
        trade=entry.trade,
        area=entry.area,
        controllers={point.name: point.controller for point in points},
        edges_us=[_us(edge) for edge in edges],
    )
    return shapes.CompletenessShape(
        asset=entry.id,
        days=days,
        points=[
            shapes.CompletePoint(
                point=point.name,
                title=words(texts.point_title(point.profile, point.name)),
                controller=point.controller,
                days=[_day(day) for day in told[point.name]],
            )
            for point in points
        ],
    )


@router.get("/archive", responses=READS)
def get_archive(gateway: TheGateway, caller: TheCaller) -> shapes.ArchiveShape:
    """How much the archive holds and what a reading takes on disk. For administrators."""
    caller.require_administration()
    told = gateway.query("history", "describe_archive", timeout_s=TREND_TIMEOUT_S)
    reading = next((table for table in told["tables"] if table["table"] == "reading"), None)
    rows = reading["rows"] if reading else 0
    return shapes.ArchiveShape(
        series=told["series"],
        readings=told["readings"],
        newest=_moment(told["head_us"]) if told["head_us"] else None,
        bytes_per_reading=round(reading["bytes"] / rows, 1) if reading and rows else None,
        tables=[shapes.ArchiveTable(**table) for table in told["tables"]],
    )


def _viewed_point(gateway: Gateway, caller: Caller, asset: str, point: str) -> PointView:
    entry = viewed_asset(gateway, caller, asset)
    found = gateway.city.find_point(entry.id, point)
    if found is None:
        raise Missing("point_missing", asset=asset, point=point)
    return found


def _live(gateway: Gateway, point: PointView) -> shapes.Trend:
    samples = [
        shapes.Sample(at=_moment(at_us), value=value, quality=quality)
        for at_us, value, quality in gateway.city.trend(point)
    ]
    end = samples[-1].at
    return _trend(point, end - timedelta(seconds=600), end, samples=samples)


def read_trend(gateway: Gateway, point: PointView, begin: datetime, end: datetime, points_max: int) -> dict[str, Any]:
    """What the history has of a point over a period. Raises Unavailable, and what the history raised."""
    entry = gateway.site.assets_by_id[gateway.city.controllers[point.controller].asset]
    told: dict[str, Any] = gateway.query(
        "history",
        "read_trend",
        timeout_s=TREND_TIMEOUT_S,
        asset=point.asset,
        point=point.name,
        trade=entry.trade,
        area=entry.area,
        controller=point.controller,
        from_us=_us(begin),
        to_us=_us(end),
        points_max=points_max,
        zone_us=_zone_us(gateway, begin),
    )
    return told


def _kept(gateway: Gateway, point: PointView, begin: datetime, end: datetime, points_max: int) -> shapes.Trend:
    told = read_trend(gateway, point, begin, end, points_max)
    samples, buckets = told["samples"], told["buckets"]
    return _trend(
        point,
        begin,
        end,
        resolution_s=told["width_us"] / 1e6,
        samples=[] if samples is None else _samples(samples),
        buckets=[] if buckets is None else _buckets(buckets),
        gaps=[
            shapes.TrendGap(begin=_moment(from_us), end=_moment(to_us), cause=cause, text=cause_text(cause))
            for from_us, to_us, cause in told["gaps"]
        ],
    )


def _trend(
    point: PointView,
    begin: datetime,
    end: datetime,
    *,
    resolution_s: float = 0.0,
    samples: list[shapes.Sample],
    buckets: list[shapes.Bucket] | None = None,
    gaps: list[shapes.TrendGap] | None = None,
) -> shapes.Trend:
    return shapes.Trend(
        asset=point.asset,
        point=point.name,
        unit=point.shown.unit,
        kind=point.shown.kind,
        begin=begin,
        end=end,
        resolution_s=resolution_s,
        samples=samples,
        buckets=buckets or [],
        gaps=gaps or [],
    )


def _samples(told: dict[str, list[Any]]) -> list[shapes.Sample]:
    columns = zip(told["at_us"], told["value"], told["quality"], strict=True)
    return [shapes.Sample(at=_moment(at_us), value=value, quality=quality) for at_us, value, quality in columns]


def _buckets(told: dict[str, list[Any]]) -> list[shapes.Bucket]:
    names = ("min", "max", "mean", "last", "count", "good_s", "gain", "resets")
    columns = zip(told["start_us"], *(told[name] for name in names), strict=True)
    return [shapes.Bucket(at=_moment(start_us), **dict(zip(names, rest, strict=True))) for start_us, *rest in columns]


def _day(told: dict[str, Any]) -> shapes.CompleteDay:
    missing = [
        shapes.MissingPart(cause=cause, text=cause_text(cause), seconds=seconds)
        for cause, seconds in told["missing"].items()
    ]
    good = told["good_s"] / told["span_s"] if told["span_s"] else None
    return shapes.CompleteDay(good=good, count=told["count"], missing=missing)


def cause_text(cause: str) -> shapes.Words:
    """Of a gap that an owner told, or of a quality."""
    return words(sentence_or_none(f"gap.{cause}", {}) or sentence("gap.quality", {"quality": cause}))


def _zone_us(gateway: Gateway, moment: datetime) -> int:
    offset = moment.astimezone(ZoneInfo(gateway.site.time_zone)).utcoffset()
    assert offset is not None
    return round(offset.total_seconds() * 1e6)


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)


def _moment(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1e6, UTC)
