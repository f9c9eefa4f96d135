"""A site of equal gauges with ten registers each, for an engine without a broker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

AREA = "test/one/area"
NAMES = {"zh": "测试", "en": "Test"}


def write_site(
    folder: Path, lines: dict[str, str], controllers: list[tuple[str, int]], *, every_s: float = 0.4, **modbus: str
) -> None:
    """`controllers`: their line and unit; each is called `line-unit`."""
    profile: dict[str, Any] = {
        "profile": "profile/v1", "id": "gauge", "version": "1.0.0", "trade": "flood", "title": NAMES,
        "modbus": {"address_base": 0, **modbus},
        "poll_groups": {"fast": {"every": f"{every_s}s", "stale_after": f"{8 * every_s}s"}},
        "points": {
            f"p{at}": {"table": "holding", "address": at, "type": "u16", "poll": "fast", "title": NAMES}
            for at in range(10)
        },
    }  # fmt: skip
    site: dict[str, Any] = {
        "site": "site/v1", "id": "test", "title": NAMES, "time_zone": "Asia/Shanghai",
        "areas": [{"id": AREA, "name": NAMES, "outline": [[118, 39], [118.1, 39], [118, 39.1]]}],
        "assets": [
            {"id": "gauges", "trade": "flood", "kind": "gauge", "area": AREA, "name": NAMES,
             "location": {"lon": 118, "lat": 39}}
        ],
        "lines": [{"id": line, "address": address} for line, address in lines.items()],
        "controllers": [
            {"id": f"{line}-{unit}", "line": line, "unit": unit, "asset": "gauges", "profile": "gauge"}
            for line, unit in controllers
        ],
    }  # fmt: skip
    (folder / "profiles").mkdir(exist_ok=True)
    (folder / "profiles" / "gauge.yaml").write_text(yaml.safe_dump(profile, allow_unicode=True), encoding="utf-8")
    (folder / "site.yaml").write_text(yaml.safe_dump(site, allow_unicode=True), encoding="utf-8")
