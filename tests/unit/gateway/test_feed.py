"""What the stream tells to whom."""

from __future__ import annotations

import asyncio
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from gateway.api import shapes
from gateway.live.feed import Feed
from gateway.live.hub import Frame, Hub
from shared.clock import WallClock

ASSETS = [SimpleNamespace(id=name, trade="flood", area=f"tangshan/{name}") for name in ("lubei", "lunan")]


class Page:
    """What every asset shows: nothing but advice."""

    def asset(self, asset: Any) -> Any:
        return SimpleNamespace(model_dump=lambda mode: {"id": asset.id, "worst_alarm": None, "quality": mode})

    def advice(self, asset: Any) -> list[shapes.Advice]:
        return [shapes.Advice(code="closure_advised", text={"zh": asset.id, "en": asset.id})]

    def health(self) -> Any:
        lost = [{"controller": f"{one.id}-rtu", "asset": one.id} for one in ASSETS]
        return SimpleNamespace(model_dump=lambda mode: {"told": mode, "lost_links": lost})

    def breakers(self, may_view: Any) -> shapes.Breakers:
        closed = sum(may_view(one.trade, one.area) for one in ASSETS)
        return shapes.Breakers(silent=[], closed=closed, unknown=0)

    def warnings(self) -> list[shapes.RainWarning]:
        return [shapes.RainWarning(asset=one.id, area=one.area, stage="red", rain_mm={}) for one in ASSETS]


class Spread(Hub):
    """Keeps what is published."""

    def __init__(self) -> None:
        super().__init__(clients_max=1, backlog_max=10, ring_max=10)
        self.frames: list[Frame] = []

    def publish(self, sent: Frame) -> None:
        self.frames.append(sent)


def feed_of(hub: Hub) -> Feed:
    site = SimpleNamespace(assets=ASSETS, assets_by_id={one.id: one for one in ASSETS})
    city = cast("Any", SimpleNamespace(site=site))
    return Feed(city, cast("Any", None), cast("Any", None), cast("Any", Page()), hub, WallClock(), list)


@pytest.mark.parametrize("kind", ["asset", "advice", "warning"])
def test_what_concerns_an_area_is_for_those_who_may_view_it(kind: str) -> None:
    hub = Spread()
    feed = feed_of(hub)
    feed._flush_assets()
    feed._flush_slow()
    told = [(sent.trade, sent.area) for sent in hub.frames if sent.kind == kind]
    assert [("flood", "tangshan/lubei"), ("flood", "tangshan/lunan")] == told


def test_lost_links_are_told_to_those_who_may_view_their_assets() -> None:
    def views(may: set[str], _trade: str, area: str) -> bool:
        return area in may

    async def tell() -> list[list[str]]:
        hub = Hub(clients_max=3, backlog_max=10, ring_max=10)
        hub.attach(asyncio.get_running_loop())
        areas = [{"tangshan/lubei"}, {"tangshan/lubei", "tangshan/lunan"}, set[str]()]
        clients = [hub.join(partial(views, may)) for may in areas]
        feed_of(hub)._flush_slow()
        found = []
        for client in clients:
            assert client is not None
            sent = await client.queue.get()
            assert sent is not None
            assert "health" == sent.kind
            assert sent.encode().endswith(sent.body + b"\n\n")
            found.append([link["controller"] for link in orjson.loads(sent.body)["lost_links"]])
        return found

    assert [["lubei-rtu"], ["lubei-rtu", "lunan-rtu"], []] == asyncio.run(tell())
