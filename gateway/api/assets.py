"""The city's areas and assets, and their readings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from gateway.api import shapes
from gateway.api.deps import TheCaller, TheGateway, viewed_asset
from gateway.api.errors import READS
from gateway.present import words
from gateway.views.commands import CommandRow, row_from_ledger
from gateway.wiring import Gateway
from shared.errors import Unavailable

router = APIRouter(prefix="/api", tags=["assets"])

LEDGER_ROWS = 50
Filter = Annotated[str | None, Query(max_length=128)]


@router.get("/site", responses=READS)
def get_site(gateway: TheGateway, caller: TheCaller) -> shapes.SiteShape:  # noqa: ARG001 - signed in
    """Names, areas with their outlines, and what is drawn under them."""
    site = gateway.site
    areas = [
        shapes.AreaShape(id=area.id, name=words(area.name.text()), outline=list(area.outline)) for area in site.areas
    ]
    basemap = shapes.BasemapShape(river=list(site.basemap.river), roads=[list(road) for road in site.basemap.roads])
    return shapes.SiteShape(**gateway.presenter.site_head(site).model_dump(), areas=areas, basemap=basemap)


@router.get("/assets", responses=READS)
def list_assets(
    gateway: TheGateway, caller: TheCaller, trade: Filter = None, area: Filter = None, kind: Filter = None
) -> list[shapes.AssetItem]:
    """Everything installed that the account may see."""
    found = gateway.city.assets_of(trade=trade, area=area, kind=kind)
    return [gateway.presenter.asset(asset) for asset in found if caller.may("view", asset.trade, asset.area)]


@router.get("/assets/{asset}", responses=READS)
def get_asset(asset: str, gateway: TheGateway, caller: TheCaller) -> shapes.AssetDetail:
    """One asset with its readings, conditions, the commands it offers with their interlocks, and its ledger."""
    entry = viewed_asset(gateway, caller, asset)
    return gateway.presenter.asset_detail(entry, caller, _ledger(gateway, entry.trade, entry.id))


@router.get("/readings", responses=READS)
def list_readings(gateway: TheGateway, caller: TheCaller, asset: Filter = None) -> list[shapes.ReadingShape]:
    """The readings of one asset, or of all that the account may see."""
    if asset is not None:
        chosen = [viewed_asset(gateway, caller, asset).id]
    else:
        chosen = [each.id for each in gateway.site.assets if caller.may("view", each.trade, each.area)]
    return [gateway.presenter.reading(reading) for reading in gateway.city.all_readings(chosen)]


def _ledger(gateway: Gateway, trade: str, asset: str) -> list[CommandRow]:
    """The owner's ledger, and what the gateway heard since; only the latter while the owner cannot be asked."""
    rows = {row.id: row for row in gateway.commands.of_asset(asset)}
    try:
        kept = gateway.query(trade, "list_commands", asset=asset, rows_max=LEDGER_ROWS)
    except Unavailable:
        kept = []  # the health strip says that the service is away
    for ledger in kept:
        row = row_from_ledger(trade, ledger)
        known = rows.get(row.id)
        if known is None or known.updated_at <= row.updated_at:
            rows[row.id] = row
    return sorted(rows.values(), key=lambda row: row.requested_at, reverse=True)[:LEDGER_ROWS]
