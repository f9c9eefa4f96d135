"""What a point is to a report, by its name, unit and kind."""

from __future__ import annotations

import re
from typing import Literal

from shared.field.profile import Shown

Role = Literal["rain", "level", "depth", "pump", "energy", "volume", "flow"]
_PUMP = re.compile(r"pump\d+_running")


def role_of(point: str, shown: Shown) -> Role | None:
    """None for a point that is in no report."""
    counts = shown.kind == "counter"
    if shown.history == "none":
        return None
    if counts:
        if shown.unit == "mm" and point.startswith("rain"):
            return "rain"
        return "energy" if shown.unit == "kW.h" else "volume" if shown.unit == "m3" else None
    if _PUMP.fullmatch(point):
        return "pump"
    if shown.kind != "measure":
        return None
    if shown.unit == "m" and point.startswith("level"):
        return "level"
    if shown.unit == "m" and point.endswith("depth"):
        return "depth"
    return "flow" if shown.unit == "m3/s" and point.startswith("flow") else None
