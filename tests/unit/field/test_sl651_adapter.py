"""SL 651 as an adapter: frames of a connection become reports with their acknowledgement, and readings of a station."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from shared.clock import FakeClock
from shared.field.adapters.port import Arrival, Unread
from shared.field.adapters.sl651.adapter import ADAPTER
from shared.field.adapters.sl651.frame import ACK, ETB, SYN, Frame, decode_frame, encode_frame
from shared.field.image import ControllerImage
from shared.field.profile_load import load_profile
from shared.field.station import Station
from tests.unit.field.test_sl651 import HOURLY, LINK_KEEP, TEST, TEST_TAKEN, TIMED, ZONE

PROFILE = Path("services/flood/profiles/telemetry-station.yaml")


def _wire(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


def _arrivals(raw: bytes) -> list[Arrival]:
    found = ADAPTER.session(ZONE).feed(raw)
    assert all(isinstance(each, Arrival) for each in found)
    return [each for each in found if isinstance(each, Arrival)]


def test_report_comes_with_its_published_acknowledgement() -> None:
    (arrival,) = _arrivals(_wire(TEST))
    assert _wire(TEST_TAKEN) == arrival.answer


def test_sign_of_life_is_reported_and_not_answered() -> None:
    (arrival,) = _arrivals(_wire(LINK_KEEP))
    assert (b"", (), "0012345678") == (arrival.answer, arrival.report.values, arrival.report.station)


def test_report_with_others_behind_it_is_told_to_go_on() -> None:
    frame = decode_frame(_wire(TIMED))
    more = Frame(
        direction="up", centre=frame.centre, station=frame.station, password=0, function=0x32, text=frame.text, end=ETB
    )
    (arrival,) = _arrivals(encode_frame(more))
    assert ACK == decode_frame(arrival.answer).end


def test_sent_again_it_has_the_same_identity_and_another_has_not() -> None:
    first, again, other = _arrivals(_wire(TIMED) + _wire(TIMED) + _wire(HOURLY))
    assert first.report.identity == again.report.identity != other.report.identity


def test_what_a_centre_says_and_a_part_of_a_picture_are_not_read() -> None:
    part = Frame(
        direction="up", centre=1, station="0012345678", password=0, function=0x36, text=b"\0\x20\1rest", start=SYN
    )
    found = ADAPTER.session(ZONE).feed(_wire(TEST_TAKEN) + encode_frame(part))
    assert [True, True] == [isinstance(each, Unread) for each in found]


def test_published_report_becomes_readings_of_the_profile() -> None:
    profile = load_profile(PROFILE)
    clock = FakeClock(datetime(2017, 7, 18, 3, 0, 20, tzinfo=UTC))
    image = ControllerImage("station", profile, dict.fromkeys(profile.names, "river"))
    taken = Station(image, clock).take(_arrivals(_wire(TIMED))[0].report, clock.now_s())
    shown = {name: image.shown(image.index[name])[:2] for name in profile.reported}
    assert {
        "level": (10.49, "good"),
        "rain_total": (4.0, "good"),
        "rain_5min": (None, "bad.not_connected"),
        "battery": (10.99, "good"),
    } == shown
    assert -4.0 == taken.drift_s


def test_elements_and_stations_are_told_from_others() -> None:
    assert [True, True, True, False, False] == [ADAPTER.is_element(text) for text in ("39", "F4", "FF38", "3", "f4")]
    assert [True, False, False] == [ADAPTER.is_station(text) for text in ("0012345678", "12345678", "00123456zz")]


@given(
    number=st.integers(1, 0xFFFF),
    observed_at=st.datetimes(datetime(2001, 1, 1), datetime(2098, 1, 1)),  # noqa: DTZ001 - the zone is put on below
    values=st.dictionaries(st.sampled_from(ADAPTER.elements), st.integers(0, 999_999).map(lambda n: n / 100)),
)
def test_specimen_is_read_as_it_was_made(number: int, observed_at: datetime, values: dict[str, float]) -> None:
    at = observed_at.replace(second=0, microsecond=0, tzinfo=ZoneInfo("Asia/Shanghai"))
    (arrival,) = _arrivals(ADAPTER.specimen("0013020501", number, at, values))
    assert values == {each.element: each.value for each in arrival.report.values}
    assert {at} >= {each.taken_at for each in arrival.report.values}
