"""Asks the history for everything that a report of a storm is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway import logbook
from gateway.api.journal import journal_item, visible_areas
from gateway.api.shapes import JournalItem, Words
from gateway.api.trends import cause_text, read_trend
from gateway.auth import Caller
from gateway.present import words
from gateway.report import happenings
from gateway.report.curve import Curve, curve_of
from gateway.report.points import Role, role_of
from gateway.report.rain import Spell, spells
from gateway.report.storm import Material, Measured
from gateway.views.city import PointView
from gateway.wiring import Gateway
from shared.field import texts
from shared.site import AssetEntry

TRADE = "flood"
POINTS_MAX = 5000
"""Readings of one point; of more, equal pieces are taken."""
PAGE_ROWS, PAGES_MAX = 500, 20
"""Of one event of the journal; what is beyond is not in the report, which says so."""
EVENTS = (*happenings.ALARMS, *happenings.ENDINGS, *happenings.MARKS, happenings.SENDING)
SPELLS_DAYS = 30
SPELL_POINTS_MAX = 800
SPELL_MM_MIN = 1.0


def gather(gateway: Gateway, caller: Caller, area: str, begin: datetime, end: datetime) -> Material:
    """Raises Unavailable when the history is away, and what it raised."""
    site = gateway.site
    assets = _assets(gateway, caller, area)
    ids = {asset.id for asset in assets}
    measured = [_measured(gateway, asset, point, role, begin, end) for asset, point, role in _points(gateway, assets)]
    journal, whole = _journal(gateway, caller, area, begin, end)
    journal = [item for item in journal if item.asset in ids]
    entries, more = logbook.page(gateway, **_where(gateway, caller, area), **_period(begin, end), rows_max=PAGE_ROWS)
    named = [(asset.id, words(asset.name.text())) for asset in site.assets]
    area_name = next((each.name for each in site.areas if each.id == area), site.title)
    head: dict[str, Any] = {
        "title": words(site.title.text()),
        "area": area,
        "area_name": words(area_name.text()),
        "time_zone": site.time_zone,
        "begin": begin,
        "end": end,
        "made_at": gateway.clock.now(),
        "made_by": caller.user.username,
    }
    gauges = [each.asset for each in measured if each.role == "rain"]
    return Material(
        head=head,
        measured=measured,
        journal=journal,
        entries=entries,
        reasons=_reasons(gateway, area, begin, end),
        names=dict(named),
        alarm_titles=_titles(gateway, journal),
        causes={gap.cause: cause_text(gap.cause) for each in measured for gap in each.curve.gaps},
        stations={asset.id: [asset.id, *gauges] for asset in assets},
        whole=whole and more is None,
    )


def find_spells(gateway: Gateway, caller: Caller, area: str) -> list[tuple[str, Spell]]:
    """Events of rain of the last days, the newest first, each at the gauge that saw most of it."""
    end = gateway.clock.now()
    begin = (end - timedelta(days=SPELLS_DAYS)).replace(minute=0, second=0, microsecond=0)
    found: list[tuple[str, Spell]] = []
    for asset, point, role in _points(gateway, _assets(gateway, caller, area)):
        if role == "rain":
            curve = _curve(gateway, point, begin, end, SPELL_POINTS_MAX)
            found += [(asset.id, spell) for spell in spells(curve.growths) if spell.rain_mm >= SPELL_MM_MIN]
    kept: list[tuple[str, Spell]] = []
    for asset_id, spell in sorted(found, key=lambda each: -each[1].rain_mm):
        if all(spell.to_us < other.from_us or spell.from_us > other.to_us for _, other in kept):
            kept.append((asset_id, spell))
    return sorted(kept, key=lambda each: -each[1].from_us)


def _assets(gateway: Gateway, caller: Caller, area: str) -> list[AssetEntry]:
    return [
        asset
        for asset in gateway.site.assets
        if asset.trade == TRADE
        and (asset.area == area or asset.area.startswith(f"{area}/"))
        and caller.may_view(asset.trade, asset.area)
    ]


def _points(gateway: Gateway, assets: Sequence[AssetEntry]) -> Iterator[tuple[AssetEntry, PointView, Role]]:
    for asset in assets:
        for reading in gateway.city.readings(asset.id):
            role = role_of(reading.point.name, reading.point.shown)
            if role is not None:
                yield asset, reading.point, role


def _measured(
    gateway: Gateway, asset: AssetEntry, point: PointView, role: Role, begin: datetime, end: datetime
) -> Measured:
    limits = point.shown.limits
    given = {} if limits is None else {name: getattr(limits, name) for name in ("l", "h", "hh")}
    return Measured(
        role=role,
        asset=asset.id,
        point=point.name,
        title=words(texts.point_title(point.profile, point.name)),
        curve=_curve(gateway, point, begin, end, POINTS_MAX),
        limits={name: float(limit) for name, limit in given.items() if limit is not None},
        table=asset.depth_volume,
    )


def _curve(gateway: Gateway, point: PointView, begin: datetime, end: datetime, points_max: int) -> Curve:
    return curve_of(read_trend(gateway, point, begin, end, points_max), _us(begin), _us(end))


def _journal(
    gateway: Gateway, caller: Caller, area: str, begin: datetime, end: datetime
) -> tuple[list[JournalItem], bool]:
    found: list[JournalItem] = []
    whole = True
    for event in EVENTS:
        items, all_of_it = _pages(gateway, event=event, **_where(gateway, caller, area), **_period(begin, end))
        found += [journal_item(gateway, item) for item in items]
        whole = whole and all_of_it
    return sorted(found, key=lambda item: item.time), whole


def _reasons(gateway: Gateway, area: str, begin: datetime, end: datetime) -> dict[str, str]:
    items, _ = _pages(gateway, event=happenings.SUBMITTED, area=area, **_period(begin, end))
    return {str(item["data"]["command_id"]): str(item["data"]["reason"]) for item in items}


def _pages(gateway: Gateway, **asked: Any) -> tuple[list[dict[str, Any]], bool]:
    """The items, and whether they are all."""
    items: list[dict[str, Any]] = []
    after: str | None = None
    for _ in range(PAGES_MAX):
        page = gateway.query("history", "list_journal", **asked, after=after, rows_max=PAGE_ROWS)
        items += page["items"]
        after = page["next"]
        if after is None:
            return items, True
    return items, False


def _where(gateway: Gateway, caller: Caller, area: str) -> dict[str, Any]:
    return {"area": area, **visible_areas(gateway, caller)}


def _period(begin: datetime, end: datetime) -> dict[str, str]:
    return {"since": begin.isoformat(), "until": end.isoformat()}


def _titles(gateway: Gateway, journal: Sequence[JournalItem]) -> dict[tuple[str, str], Words]:
    found: dict[tuple[str, str], Words] = {}
    for item in journal:
        alarm = item.data.get("alarm")
        if isinstance(alarm, dict):
            asset, condition = alarm["asset"], alarm["condition"]
            known = asset in gateway.site.assets_by_id
            profile = gateway.city.catalogue.profile_of(asset, condition) if known else None
            found[asset, condition] = words(texts.condition_title(profile, condition))
    return found


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)
