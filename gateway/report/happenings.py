"""Alarms and actions of a period, from what the journal says. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from gateway.api.shapes import JournalItem, Words
from gateway.report.shapes import ActionReport, AlarmReport, FrequentAlarm, PriorityCount

RAISED, ACKNOWLEDGED, CLEARED = "alarm_raised", "alarm_acknowledged", "alarm_cleared"
ALARMS = (RAISED, ACKNOWLEDGED, CLEARED)
ENDINGS = (
    "command_verified",
    "command_failed",
    "command_refused",
    "command_unconfirmed",
    "command_expired",
    "command_cancelled",
)
SENDING = "command_sending"
MARKS = ("point_marked", "point_unmarked")
SUBMITTED = "command_submitted"
PLATFORM = "urbanops"
"""Who acts when nobody pressed a button."""
FREQUENT_MAX = 10


def alarms_of(
    items: Iterable[JournalItem], names: Mapping[str, Words], titles: Mapping[tuple[str, str], Words]
) -> list[AlarmReport]:
    """Those that were raised in the period, in their order, with what became of them until its end."""
    found: dict[tuple[str, int], AlarmReport] = {}
    for item in sorted(items, key=lambda each: each.time):
        alarm: dict[str, Any] = item.data["alarm"]
        key = alarm["id"], alarm["occurrence"]
        if item.event == RAISED and key not in found:
            asset, condition = alarm["asset"], alarm["condition"]
            found[key] = AlarmReport(
                id=alarm["id"],
                asset=asset,
                asset_name=names.get(asset) or Words(zh=asset, en=asset),
                title=titles.get((asset, condition)) or Words(zh=condition, en=condition),
                priority=alarm["priority"],
                raised_at=item.time,
                acknowledged_at=None,
                acknowledged_by=None,
                cleared_at=None,
            )
        elif key in found and item.event == ACKNOWLEDGED and found[key].acknowledged_at is None:
            change = {"acknowledged_at": item.time, "acknowledged_by": item.actor}
            found[key] = found[key].model_copy(update=change)
        elif key in found and item.event == CLEARED:
            found[key] = found[key].model_copy(update={"cleared_at": item.time})
    return list(found.values())


def priorities_of(alarms: Sequence[AlarmReport]) -> list[PriorityCount]:
    counts = []
    for priority in sorted({alarm.priority for alarm in alarms}):
        own = [alarm for alarm in alarms if alarm.priority == priority]
        waits = [(each.acknowledged_at - each.raised_at).total_seconds() for each in own if each.acknowledged_at]
        cleared = sum(alarm.cleared_at is not None for alarm in own)
        counts.append(
            PriorityCount(
                priority=priority,
                raised=len(own),
                acknowledged=len(waits),
                cleared=cleared,
                standing=len(own) - cleared,
                acknowledge_s=median(waits) if waits else None,
            )
        )
    return counts


def frequent_of(alarms: Sequence[AlarmReport]) -> list[FrequentAlarm]:
    counts = Counter(alarm.id for alarm in alarms)
    known = {alarm.id: alarm for alarm in alarms}
    return [
        FrequentAlarm(asset=known[id_].asset, asset_name=known[id_].asset_name, title=known[id_].title, raised=raised)
        for id_, raised in counts.most_common(FREQUENT_MAX)
    ]


def actions_of(
    items: Iterable[JournalItem], reasons: Mapping[str, str], names: Mapping[str, Words]
) -> tuple[list[ActionReport], int]:
    """What people did, in its order, and how many commands the platform gave by itself."""
    found: list[ActionReport] = []
    automatic = 0
    for item in sorted(items, key=lambda each: each.time):
        if item.event not in (*ENDINGS, *MARKS):
            continue
        by = str(item.data.get("actor") or item.data.get("by") or item.actor or "")
        if item.event in ENDINGS and by == PLATFORM:
            automatic += 1
            continue
        asset = item.asset or ""
        why = item.data.get("reason")
        written = reasons.get(str(item.data.get("command_id")), "")
        found.append(
            ActionReport(
                at=item.time,
                asset=asset,
                asset_name=names.get(asset) or Words(zh=asset, en=asset),
                event=item.event,
                text=item.text,
                by=by,
                why=why if isinstance(why, str) and why else written,
            )
        )
    return found, automatic


def who_started(items: Sequence[JournalItem], asset: str, pump: str, at: datetime, within_s: float) -> str | None:
    """Who wished the start that was seen `at`; None when nobody did from here."""
    for item in reversed(items):
        if item.event != SENDING or item.asset != asset or item.data.get("command") != f"{pump}_start":
            continue
        if -1.0 <= (at - item.time).total_seconds() <= within_s:
            return str(item.data.get("actor") or "")
    return None
