"""The report of a storm against what the simulator itself says flooded."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from infra.simulator.control import SimulatorClient
from tests.system.city import Desk, city
from tests.waiting import eventually

RATE = 20.0
FLOODED_M3_MIN = 300.0
PART_MAX = 0.05
"""The flooded volume is within 5 % of the simulator's (SWMM) own."""


@pytest.mark.timeout(420)
def test_the_flooded_volume_is_what_flooded(tmp_path: Path) -> None:
    data = tmp_path / "var"
    with city(data) as command:
        accounts = command.wait_until_ready()
        simulator = SimulatorClient(data)
        desk = Desk(command.url, "dispatcher", accounts["dispatcher"])
        eventually(lambda: all(s["mode"] == "remote" for s in simulator.status()["stations"].values()), within_s=40)
        began = datetime.fromisoformat(simulator.status()["city_time"])
        simulator.rate(RATE)
        simulator.storm(100, at_minute=30)

        def flooded() -> float:
            return float(simulator.status()["catchments"]["xinhua"]["flooded_m3"])

        eventually(lambda: flooded() > FLOODED_M3_MIN, within_s=240)
        simulator.rate(1)
        eventually(lambda: _is_told(simulator, desk), within_s=60)
        before = flooded()
        now = datetime.fromisoformat(simulator.status()["city_time"])
        period = {"from": (began - timedelta(minutes=1)).isoformat(), "to": (now + timedelta(days=1)).isoformat()}
        report = eventually(lambda: _with_flood(desk, period, before), within_s=60)
        (road,) = (each for each in report["floods"] if each["asset"] == "xinhua-underpass")
        after = flooded()
        print(f"report {road['inflow_m3']:.1f} m3, simulator {before:.1f} to {after:.1f} m3")
        assert "known" == road["volume"]
        assert before * (1 - PART_MAX) <= road["inflow_m3"] <= after * (1 + PART_MAX)

        printed = desk.http.get("/api/reports/storm.pdf", params={**period, "lang": "zh"}, timeout=60)
        assert 200 == printed.status_code, printed.text
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(printed.content)).pages)
        assert "雨量" in text
        assert "新华道地道桥泵站" in text
        assert {"code": "report_too_long"}.items() <= desk.http.get(
            "/api/reports/storm", params={"from": "2026-01-01T00:00:00Z", "to": period["to"]}
        ).json()["error"].items()
        desk.http.close()


def _is_told(simulator: SimulatorClient, desk: Desk) -> bool:
    """The road's depth has come up to the screen."""
    road_m = float(simulator.status()["catchments"]["xinhua"]["road_m"])
    readings = desk.get("/api/readings", asset="xinhua-underpass")
    told = next(each["value"] for each in readings if each["point"] == "road_depth")
    return isinstance(told, int | float) and abs(told - road_m) < 0.02


def _with_flood(desk: Desk, period: dict[str, str], at_least: float) -> dict[str, list[dict[str, Any]]]:
    """The report, once the history has the last readings; else nothing."""
    report: dict[str, list[dict[str, Any]]] = desk.get("/api/reports/storm", **period)
    road = next(each for each in report["floods"] if each["asset"] == "xinhua-underpass")
    inflow = road["inflow_m3"]
    return report if isinstance(inflow, float) and inflow >= at_least * (1 - PART_MAX) else {}
