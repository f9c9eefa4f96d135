"""A site of many equal pump stations on one address, for flood control as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.bench.stations import STATION_CODE

AREA = "bench/all/one"


def asset(number: int) -> str:
    return f"station-{number}"


def write_site(folder: Path, port: int, stations: int) -> None:
    """`stations` at most 247: each has a unit id and a line, so a connection, of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {"zh": "泵站", "en": "Station"}
    details = {
        "pumps": 1, "pump_capacity_m3_per_s": 0.75, "wet_well_area_m2": 60, "wet_well_depth_m": 7.0,
        "overflow_level_m": 7.0, "high_float_level_m": 5.5, "start_levels_m": [6.0], "stop_levels_m": [0.7],
    }  # fmt: skip
    site: dict[str, Any] = {
        "site": "site/v1",
        "id": "bench",
        "title": names,
        "time_zone": "Asia/Shanghai",
        "demonstration": True,
        "areas": [{"id": AREA, "name": names, "outline": [[118, 39], [118.1, 39], [118, 39.1]]}],
        "assets": [
            {
                "id": asset(number), "trade": "flood", "kind": "storm_pump_station", "area": AREA, "name": names,
                "location": {"lon": 118, "lat": 39}, "details": details,
            }
            for number in range(stations)
        ],
        "lines": [{"id": f"line-{number}", "address": f"tcp://127.0.0.1:{port}"} for number in range(stations)],
        "controllers": [
            {
                "id": f"rtu-{number}", "line": f"line-{number}", "unit": number + 1, "asset": asset(number),
                "profile": "drainage-pump-station", "parameters": {"station_code": STATION_CODE, "pumps": 1},
            }
            for number in range(stations)
        ],
    }  # fmt: skip
    (folder / "site.yaml").write_text(yaml.safe_dump(site, allow_unicode=True, sort_keys=False), encoding="utf-8")
