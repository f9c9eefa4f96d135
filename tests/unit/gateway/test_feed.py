"""What the stream tells to whom."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

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
        return SimpleNamespace(model_dump=lambda mode: {"told": mode})

    def warnings(self) -> list[shapes.RainWarning]:
        return [shapes.RainWarning(asset=one.id, area=one.area, stage="red", rain_mm={}) for one in ASSETS]


class Spread(Hub):
    """Keeps what is published."""

    def __init__(self) -> None:
        super().__init__(clients_max=1, backlog_max=10, ring_max=10)
        self.frames: list[Frame] = []

    def publish(self, sent: Frame) -> None:
        self.frames.append(sent)


@pytest.mark.parametrize("kind", ["asset", "advice", "warning"])
def test_what_concerns_an_area_is_for_those_who_may_view_it(kind: str) -> None:
    hub = Spread()
    site = SimpleNamespace(assets=ASSETS, assets_by_id={one.id: one for one in ASSETS})
    city = cast("Any", SimpleNamespace(site=site))
    feed = Feed(city, cast("Any", None), cast("Any", None), cast("Any", Page()), hub, WallClock(), list)
    feed._flush_assets()
    feed._flush_slow()
    told = [(sent.trade, sent.area) for sent in hub.frames if sent.kind == kind]
    assert [("flood", "tangshan/lubei"), ("flood", "tangshan/lunan")] == told
