"""Small profiles for tests."""

from __future__ import annotations

from typing import Any

import yaml

from shared.documents import parse_document
from shared.field.profile import Profile
from shared.field.profile_load import resolve

TITLE = {"zh": "泵", "en": "Pump"}


def profile(
    points: dict[str, dict[str, Any]],
    *,
    modbus: dict[str, Any] | None = None,
    poll_groups: dict[str, Any] | None = None,
    **more: Any,
) -> Profile:
    """A profile of these points; each is a holding register of type u16 in poll group `fast` unless it says else."""
    whole = {
        "profile": "profile/v1",
        "id": "test",
        "version": "1.0.0",
        "trade": "flood",
        "title": TITLE,
        "modbus": {"address_base": 0, **(modbus or {})},
        "poll_groups": poll_groups or {"fast": {"every": "1s", "stale_after": "5s"}},
        "points": {
            name: {"table": "holding", "type": "u16", "poll": "fast", **point} for name, point in points.items()
        },
        **more,
    }
    return resolve(parse_document(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False), "test.yaml"), {})
