"""The clock of a device: what it shows, how far it is off, and the one write that sets it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo

from shared.contracts.message import Scalar
from shared.field.image import ControllerImage
from shared.field.profile import DeviceClock, Profile

_PARTS: Mapping[str, Callable[[datetime], int]] = {
    "year": lambda at: at.year,
    "month": lambda at: at.month,
    "month_day": lambda at: at.month * 100 + at.day,
    "day": lambda at: at.day,
    "hour": lambda at: at.hour,
    "hour_minute": lambda at: at.hour * 100 + at.minute,
    "minute": lambda at: at.minute,
    "second": lambda at: at.second,
}


def drift_s(clock: DeviceClock, values: Mapping[str, Scalar], at_s: float, zone: tzinfo) -> float | None:
    """Seconds the clock is ahead, read at `at_s` (seconds since the epoch); negative: it is behind, None: unknown.

    A clock without seconds shows a whole minute: only what lies outside of it counts.
    """
    shown = _shown(clock, values)
    if shown is None:
        return None
    begins_s = shown.replace(tzinfo=UTC if clock.zone == "utc" else zone).timestamp()
    ends_s = begins_s + (1.0 if clock.has_seconds else 60.0)
    if begins_s <= at_s < ends_s:
        return 0.0
    return begins_s - at_s if begins_s > at_s else ends_s - at_s


def read_drift(image: ControllerImage, clock: DeviceClock, zone: tzinfo) -> float | None:
    """By how much the clock was ahead when it was read last, in seconds with one decimal; None: not known."""
    at = [image.index[name] for _, name in clock.fields()]
    read_at_s = image.taken_s(at[0])
    if read_at_s is None:
        return None
    values = {image.names[each]: image.proven(each, read_at_s) for each in at}
    drift = drift_s(clock, values, read_at_s, zone)
    return None if drift is None else round(drift, 1)


def written_fields(profile: Profile, at: datetime, zone: tzinfo) -> tuple[int, bytes]:
    """Wire address and data of the registers that set the clock to `at`, in one write.

    The year has two digits where the profile says that no more are valid.
    Raises Malformed when a register cannot hold its part.
    """
    clock = profile.clock
    assert clock is not None
    shown = at.astimezone(UTC if clock.zone == "utc" else zone)
    pieces = []
    for part, name in clock.fields():
        point = profile.points[name]
        value = int(shown.replace(tzinfo=UTC).timestamp()) if part == "unix" else _PARTS[part](shown)
        if part == "year" and point.valid is not None and point.valid[1] < 100:
            value %= 100
        pieces.append((profile.wire_address(point), point.codec(profile.modbus).encode(value)))
    pieces.sort()
    return pieces[0][0], b"".join(data for _, data in pieces)


def _shown(clock: DeviceClock, values: Mapping[str, Scalar]) -> datetime | None:
    """What the device shows, without a zone; None when it is not known or no date."""
    parts: dict[str, int] = {}
    for part, name in clock.fields():
        value = values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        parts[part] = int(value)
    try:
        if "unix" in parts:
            return datetime(1970, 1, 1) + timedelta(seconds=parts["unix"])  # noqa: DTZ001 - the device says no zone
        month, day = divmod(parts["month_day"], 100) if "month_day" in parts else (parts["month"], parts["day"])
        hour, minute = divmod(parts["hour_minute"], 100) if "hour_minute" in parts else (parts["hour"], parts["minute"])
        year = parts["year"] if parts["year"] >= 100 else 2000 + parts["year"]
        return datetime(year, month, day, hour, minute, parts.get("second", 0))  # noqa: DTZ001
    except (ValueError, OverflowError):
        return None
