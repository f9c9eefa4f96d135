"""What a station reports: the text of a frame -> values, each with the moment it was observed.

Serial number 2 | sent at 6 | F1F1 station 5, kind 1 | F0F0 observed at 5 | elements. Times are BCD in the local time of
the site, two digits for the year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from shared.contracts.message import Scalar
from shared.errors import Malformed
from shared.field.adapters.sl651.elements import (
    VALUES_PER_HOUR,
    Element,
    is_series,
    series_of,
    split_elements,
    value_of,
)
from shared.field.adapters.sl651.frame import Frame

LINK_KEEP = 0x2F
TEST, UNIFORM, TIMED, ADDED, HOURLY = 0x30, 0x31, 0x32, 0x33, 0x34
READABLE = (TEST, TIMED, ADDED, HOURLY)
"""UNIFORM is not read: how its values follow one another was not to be verified."""
_STATION, _OBSERVED = b"\xf1\xf1", b"\xf0\xf0"
_STEP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an element, as the station observed it."""

    element: str
    value: Scalar
    quality: str
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`kind`: the class of the station (48 river, 50 rain, 4B reservoir, 44 pumps). Values in the order they stand."""

    station: str
    function: int
    serial: int
    sent_at: datetime
    kind: int | None = None
    values: tuple[Value, ...] = ()

    @property
    def identity(self) -> tuple[str, int, int, datetime]:
        """A report that is sent again has the same."""
        return self.station, self.function, self.serial, self.sent_at


def decode_report(frame: Frame, zone: tzinfo) -> Report:
    """The report in a frame from a station whose clock shows `zone`'s time. Raises Malformed."""
    if frame.direction != "up" or frame.is_part or frame.function not in (LINK_KEEP, *READABLE):
        raise Malformed("sl651_malformed", expected="a report in one packet", given=f"function {frame.function:02X}")
    text = frame.text
    if len(text) < 8:
        raise Malformed("sl651_malformed", expected="a serial number and a time", given=text.hex())
    serial, sent_at = int.from_bytes(text[:2], "big"), _moment(text[2:8], zone)
    if frame.function == LINK_KEEP:
        return Report(station=frame.station, function=frame.function, serial=serial, sent_at=sent_at)
    if len(text) < 23 or text[8:10] != _STATION or text[16:18] != _OBSERVED:
        raise Malformed("sl651_malformed", expected="F1F1 station, F0F0 time", given=text[8:23].hex())
    if text[10:15].hex().upper() != frame.station:
        raise Malformed("sl651_malformed", expected=f"station {frame.station}", given=text[10:15].hex().upper())
    observed_at = _moment(text[18:23], zone)
    values: list[Value] = []
    for element in split_elements(text[23:]):
        values += _values(element, observed_at)
    return Report(
        station=frame.station,
        function=frame.function,
        serial=serial,
        sent_at=sent_at,
        kind=text[15],
        values=tuple(values),
    )


def _values(element: Element, observed_at: datetime) -> list[Value]:
    if not is_series(element):
        value, quality = value_of(element)
        return [Value(element.id, value, quality, observed_at)]
    first_at = _first_of_hour(observed_at)
    return [
        Value(element.id, value, quality, first_at + at * _STEP)
        for at, (value, quality) in enumerate(series_of(element))
    ]


def _first_of_hour(observed_at: datetime) -> datetime:
    """When the first of twelve values was observed: makers write either its time (04:05) or that of the last (05:00).

    Both were seen in published reports; the standard's own wording was not to be had.
    """
    if observed_at.minute == _STEP.seconds // 60:
        return observed_at
    return observed_at - (VALUES_PER_HOUR - 1) * _STEP


def _moment(raw: bytes, zone: tzinfo) -> datetime:
    digits = raw.hex()
    if not digits.isdecimal():
        raise Malformed("sl651_malformed", expected="a time in BCD", given=digits)
    parts = [int(digits[at : at + 2]) for at in range(0, len(digits), 2)]
    try:
        return datetime(2000 + parts[0], *parts[1:], tzinfo=zone).astimezone(UTC)  # type: ignore[misc,arg-type]
    except ValueError as error:
        raise Malformed("sl651_malformed", expected="a time", given=digits) from error
