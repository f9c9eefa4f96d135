"""Every alarm that is not normal, as services/alarms said it last."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from shared.contracts.alarms import AlarmSnapshot

STANDING = ("UNACK", "ACKED", "RTNUN", "LUNAK", "LACKD", "SHLVD", "DSUPR", "OOSRV")


class AlarmView:
    """A newer `seq` replaces an older one; what comes late is left out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alarms: dict[str, AlarmSnapshot] = {}

    def replace(self, alarms: Iterable[AlarmSnapshot]) -> None:
        """Begin again from a full list; what was heard meanwhile and is newer stays."""
        listed = {alarm.id: alarm for alarm in alarms}
        with self._lock:
            for alarm_id, known in self._alarms.items():
                if alarm_id in listed and known.seq > listed[alarm_id].seq:
                    listed[alarm_id] = known
            self._alarms = listed

    def note(self, alarm: AlarmSnapshot) -> bool:
        """False when it is older than what is known."""
        with self._lock:
            known = self._alarms.get(alarm.id)
            if known is not None and known.seq >= alarm.seq:
                return False
            self._alarms[alarm.id] = alarm
            return True

    def find(self, alarm_id: str) -> AlarmSnapshot | None:
        return self._alarms.get(alarm_id)

    def standing(self) -> list[AlarmSnapshot]:
        """Not normal; unacknowledged first, then by priority, then the newest."""
        with self._lock:
            found = [alarm for alarm in self._alarms.values() if alarm.state in STANDING]
        return sorted(found, key=_order)

    def worst_of(self, asset: str) -> AlarmSnapshot | None:
        """The first of its standing alarms that is not hidden."""
        hidden = ("SHLVD", "DSUPR", "OOSRV")
        mine = [alarm for alarm in self._alarms.copy().values() if alarm.asset == asset]
        shown = [alarm for alarm in mine if alarm.state in STANDING and alarm.state not in hidden]
        return min(shown, key=lambda alarm: (alarm.priority, alarm.acknowledged), default=None)


def _order(alarm: AlarmSnapshot) -> tuple[bool, int, float]:
    return alarm.acknowledged, alarm.priority, -(alarm.raised_at.timestamp() if alarm.raised_at else 0.0)
