"""Lines and what they carry, for tests of budgets and forecasts."""

from __future__ import annotations

from typing import Any

from shared.field.budget import LineLoad, line_load
from shared.field.profile import Profile
from shared.site import ControllerEntry, LineEntry

NAMES = {"zh": "测试", "en": "Test"}
SERIAL = "rtu:///dev/ttyS0?baud=9600"


def meter(every: str = "2s", modbus: dict[str, Any] | None = None, **parts: Any) -> Profile:
    """Ten holding registers in one poll group."""
    return Profile.model_validate(
        {
            "profile": "profile/v1", "id": "meter", "version": "1.0.0", "trade": "flood", "title": NAMES,
            "modbus": {"address_base": 0, **(modbus or {})},
            "poll_groups": {"all": {"every": every, "stale_after": "20s"}},
            "points": {f"p{at}": {"table": "holding", "address": at, "type": "u16", "poll": "all"} for at in range(10)},
            **parts,
        }
    )  # fmt: skip


def loaded(units: int, profile: Profile, address: str = SERIAL) -> LineLoad:
    controllers = [
        (ControllerEntry(id=f"meter-{unit}", line="bus", unit=unit, profile="meter", asset="meters"), profile)
        for unit in range(1, units + 1)
    ]
    return line_load(LineEntry(id="bus", address=address), controllers)
