"""SL 651-2014 as an adapter: stations connect over TCP and report; each report is acknowledged when it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Literal

from shared.contracts.field import Report, ReportedValue
from shared.errors import Malformed
from shared.field.adapters.port import Arrival, Unread
from shared.field.adapters.sl651.elements import encode_element
from shared.field.adapters.sl651.frame import ACK, ESC, ETB, Frame, acknowledgement, encode_frame
from shared.field.adapters.sl651.report import LINK_KEEP, TIMED, decode_report
from shared.field.adapters.sl651.stream import FrameStream

_STATION = re.compile(r"[0-9A-F]{10}")
_ELEMENT = re.compile(r"[0-9A-F]{2}|FF[0-9A-F]{2}")


class Sl651Session:
    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._stream = FrameStream()

    @property
    def waiting(self) -> int:
        return self._stream.waiting

    @property
    def dropped(self) -> int:
        return self._stream.dropped

    def feed(self, data: bytes) -> Sequence[Arrival | Unread]:
        return [self._read(frame) for frame in self._stream.feed(data)]

    def _read(self, frame: Frame) -> Arrival | Unread:
        try:
            found = decode_report(frame, self._zone)
        except Malformed as error:
            return Unread(frame.station, error)
        report = Report(
            station=found.station,
            identity=f"{found.function:02X} {found.serial} {found.sent_at:%Y-%m-%dT%H:%M:%S}",
            sent_at=found.sent_at,
            values=tuple(
                ReportedValue(element=each.element, value=each.value, quality=each.quality, taken_at=each.taken_at)
                for each in found.values
            ),
        )
        if frame.function == LINK_KEEP:  # stations wait for no answer to it
            return Arrival(report, b"")
        return Arrival(report, encode_frame(acknowledgement(frame, ACK if frame.end == ETB else ESC)))


class Sl651Adapter:
    kind: Literal["pushing"] = "pushing"
    stations = ("0012345678", "0013020501")
    elements = ("20", "26", "39")

    def session(self, zone: tzinfo) -> Sl651Session:
        return Sl651Session(zone)

    def is_station(self, text: str) -> bool:
        return _STATION.fullmatch(text) is not None

    def is_element(self, text: str) -> bool:
        return _ELEMENT.fullmatch(text) is not None

    def specimen(self, station: str, number: int, observed_at: datetime, values: Mapping[str, float]) -> bytes:
        sent = bytes.fromhex(f"{observed_at:%y%m%d%H%M%S}")
        text = number.to_bytes(2, "big") + sent + b"\xf1\xf1" + bytes.fromhex(station) + b"\x48\xf0\xf0" + sent[:5]
        text += b"".join(encode_element(element, value, 4, 2) for element, value in values.items())
        return encode_frame(
            Frame(direction="up", centre=1, station=station, password=0x1234, function=TIMED, text=text)
        )


ADAPTER = Sl651Adapter()
