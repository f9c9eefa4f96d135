"""The clock of a simulated device: it runs, and goes on from whatever a master sets it to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from shared.contracts.message import Scalar
from shared.field.profile import DeviceClock

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - what a device shows has no zone

_SHOWN: Mapping[str, Callable[[datetime], int]] = {
    "unix": lambda at: int((at - EPOCH).total_seconds()),
    "year": lambda at: at.year,
    "month": lambda at: at.month,
    "month_day": lambda at: 100 * at.month + at.day,
    "day": lambda at: at.day,
    "hour": lambda at: at.hour,
    "hour_minute": lambda at: 100 * at.hour + at.minute,
    "minute": lambda at: at.minute,
    "second": lambda at: at.second,
}


class RunningClock:
    """By point; `now` tells the right time, without a zone: else it is this machine's."""

    def __init__(self, clock: DeviceClock, now: Callable[[], datetime] | None = None) -> None:
        self._parts = {name: part for part, name in clock.fields()}
        here = (lambda: datetime.now(UTC).replace(tzinfo=None)) if clock.zone == "utc" else datetime.now
        self._now: Callable[[], datetime] = now or here
        self._ahead = timedelta()

    def shows(self, point: str) -> bool:
        return point in self._parts

    def value(self, point: str) -> int:
        return _SHOWN[self._parts[point]](self._now() + self._ahead)

    def set(self, values: Mapping[str, Scalar]) -> None:
        """To what a master wrote; a part that it left out stays. Raises ValueError for what is no time."""
        now = self._now()
        shown = {part: int(values.get(name, self.value(name)) or 0) for name, part in self._parts.items()}
        if "unix" in shown:
            self._ahead = EPOCH + timedelta(seconds=shown["unix"]) - now
            return
        month, day = divmod(shown["month_day"], 100) if "month_day" in shown else (shown["month"], shown["day"])
        hour, minute = divmod(shown["hour_minute"], 100) if "hour_minute" in shown else (shown["hour"], shown["minute"])
        self._ahead = datetime(shown["year"], month, day, hour, minute, shown.get("second", 0)) - now  # noqa: DTZ001
