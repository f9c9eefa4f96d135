"""What the others are told about a journal line."""

from __future__ import annotations

from services.alarms.domain.alarm import Alarm, Happening, Line
from shared.contracts.alarms import (
    AlarmAcknowledged,
    AlarmBecameKnown,
    AlarmBecameUnknown,
    AlarmCleared,
    AlarmEscalated,
    AlarmEvent,
    AlarmRaised,
    AlarmReset,
)

_SAID: dict[Happening, type[AlarmEvent]] = {
    "raised": AlarmRaised,
    "escalated": AlarmEscalated,
    "cleared": AlarmCleared,
    "became_unknown": AlarmBecameUnknown,
    "became_known": AlarmBecameKnown,
    "acknowledged": AlarmAcknowledged,
    "reset": AlarmReset,
    "realarmed": AlarmRaised,
}
_ANNUNCIATIONS = (AlarmRaised, AlarmEscalated)


def announcement(alarm: Alarm, line: Line) -> AlarmEvent | None:
    """The event for a line, with the alarm as it is after it. A hidden alarm is journaled and not annunciated."""
    kind = _SAID.get(line.event)
    if kind is None:
        # It is shown again: annunciated if something is owed.
        kind = AlarmRaised if alarm.state == "UNACK" else None
    if kind is None or (alarm.hidden and kind in _ANNUNCIATIONS):
        return None
    return kind(area=alarm.key.area, alarm=alarm.snapshot(), actor=line.actor, comment=line.comment)
