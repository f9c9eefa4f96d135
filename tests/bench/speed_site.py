"""A site of many equal controllers with 100 registers each, for flood control as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

PROFILE = "bench-100-registers"
AREAS = 4
_NAMES = {"zh": "测试", "en": "Bench"}


def write_site(folder: Path, port: int, controllers: int, every: str, register_kinds: int = 90) -> None:
    """Each controller has a line, so a connection, of its own."""
    (folder / "profiles").mkdir(parents=True, exist_ok=True)
    areas = [f"bench/one/area-{number}" for number in range(AREAS)]
    numbers = range(controllers)
    site: dict[str, Any] = {
        "site": "site/v1", "id": "bench", "title": _NAMES, "time_zone": "Asia/Shanghai",
        "areas": [{"id": area, "name": _NAMES, "outline": [[118, 39], [118.1, 39], [118, 39.1]]} for area in areas],
        "assets": [
            {"id": f"gauge-{number}", "trade": "flood", "kind": "gauge", "area": areas[number % AREAS], "name": _NAMES,
             "location": {"lon": 118, "lat": 39}}
            for number in numbers
        ],
        "lines": [{"id": f"line-{number}", "address": f"tcp://127.0.0.1:{port}"} for number in numbers],
        "controllers": [
            {"id": f"rtu-{number}", "line": f"line-{number}", "unit": 1, "asset": f"gauge-{number}", "profile": PROFILE}
            for number in numbers
        ],
    }  # fmt: skip
    _write(folder / "site.yaml", site)
    _write(folder / "profiles" / f"{PROFILE}.yaml", _profile(every))


def _profile(every: str) -> dict[str, Any]:
    """85 points on 100 registers: tenths, hundredths with a sign, 32-bit counters and floats; limits and conditions."""
    points: dict[str, Any] = {}
    for at in range(60):
        points[f"tenth_{at}"] = {"address": at, "type": "u16", "scale": 0.1, "valid": [0, 200], "deadband": 0.05}
    for at in range(60, 70):
        points[f"signed_{at}"] = {"address": at, "type": "i16", "scale": 0.01, "offset": -5, "valid": [-5, 20]}
    for at in range(70, 90, 2):
        points[f"counter_{at}"] = {"address": at, "type": "u32", "scale": 0.1, "kind": "counter"}
    for at in range(90, 100, 2):
        points[f"float_{at}"] = {"address": at, "type": "f32", "valid": [0, 50], "deadband": 0.01}
    for number in range(5):
        points[f"tenth_{number}"]["limits"] = {"h": 80, "hh": 99.95}
    common = {"table": "holding", "poll": "fast", "unit": "m", "title": _NAMES}
    conditions = {
        f"high_{number}": {
            "when": f"tenth_{number} >= tenth_{number}.hh", "on_delay": "5s", "hysteresis": 1.0, "priority": 3,
            "about": f"tenth_{number}", "title": _NAMES, "action": _NAMES,
        }
        for number in range(5)
    }  # fmt: skip
    return {
        "profile": "profile/v1", "id": PROFILE, "version": "1.0.0", "trade": "flood", "title": _NAMES,
        "modbus": {"address_base": 0, "timeout": "2s"},
        "poll_groups": {"fast": {"every": every, "stale_after": "10s"}},
        "points": {name: {**common, **point} for name, point in points.items()},
        "conditions": conditions,
    }  # fmt: skip


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
