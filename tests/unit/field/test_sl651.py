"""SL 651-2014: published frames, what is read of them, and what is made of faulty streams."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Malformed
from shared.field.adapters.sl651 import (
    Frame,
    FrameStream,
    Report,
    acknowledgement,
    decode_frame,
    decode_report,
    encode_frame,
)
from shared.field.adapters.sl651.elements import Element, encode_element, split_elements, value_of
from shared.field.adapters.sl651.frame import ENDS, FRAME_MAX, SYN, Direction

ZONE = ZoneInfo("Asia/Shanghai")
LINK_KEEP = "7E7E01001234567812342F00080200035910111551110 36BCA"
TEST = (
    "7E7E010012345678123430002B020003591011154947F1F1001234567848F0F05910111549"
    "20190000052619000005392300000127381211150320FA"
)
TEST_TAKEN = "7E7E00123456780112343080080200035910111549471B75D4"
TIMED = (
    "7E7E05001122334403E832002B020034170718110016F1F1001122334448F0F01707181100"
    "201900004026190000403923000104903812109903A421"
)
TIMED_TAKEN = "7E7E00112233440503E83280080200341707181100161BE5D4"
HOURLY = (
    "7E7E1000123456781234340038020001140612020000F1F1001234567850F0F01406120200"
    "F460000000000000000000000000261900000020190000001A1900000038121290034383"
)
MAKERS = (
    "7E7E0100101000 01A00032002B02000C200724172349F1F1001010000148F0F02007241723"
    "2019000130221900004039230000055038121268038397"
)
"""Frames that ministries and makers published: their checksums come from outside."""
PUBLISHED = [LINK_KEEP, TEST, TEST_TAKEN, TIMED, TIMED_TAKEN, HOURLY, MAKERS]


def _wire(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))


def _values(report: Report) -> list[tuple[str, object]]:
    return [(value.element, value.value) for value in report.values]


@pytest.mark.parametrize("text", PUBLISHED)
def test_published_frame_is_read_and_written_again_byte_for_byte(text: str) -> None:
    assert _wire(text) == encode_frame(decode_frame(_wire(text)))


def test_test_report_is_what_its_publisher_says() -> None:
    report = decode_report(decode_frame(_wire(TEST)), ZONE)
    assert ("0012345678", 3, 0x48) == (report.station, report.serial, report.kind)
    assert [("20", 0.5), ("26", 0.5), ("39", 0.127), ("38", 11.15)] == _values(report)
    assert datetime(2059, 10, 11, 7, 49, tzinfo=UTC) == report.values[0].taken_at


def test_timed_report_is_what_its_publisher_says() -> None:
    report = decode_report(decode_frame(_wire(TIMED)), ZONE)
    assert [("20", 4.0), ("26", 4.0), ("39", 10.49), ("38", 10.99)] == _values(report)
    assert datetime(2017, 7, 18, 3, 0, 16, tzinfo=UTC) == report.sent_at


def test_link_keep_carries_no_values() -> None:
    assert () == decode_report(decode_frame(_wire(LINK_KEEP)), ZONE).values


@pytest.mark.parametrize(("up", "down"), [(TEST, TEST_TAKEN), (TIMED, TIMED_TAKEN)])
def test_acknowledgement_is_the_published_one(up: str, down: str) -> None:
    assert _wire(down) == encode_frame(acknowledgement(decode_frame(_wire(up))))


def _hourly(observed: str, elements: bytes) -> Frame:
    text = bytes.fromhex(f"0001140612020000F1F1001234567850F0F0{observed}") + elements
    return Frame(direction="up", centre=1, station="0012345678", password=0, function=0x34, text=text)


@pytest.mark.parametrize("observed", ["1406120105", "1406120200"])
def test_twelve_rains_of_an_hour_have_their_own_times(observed: str) -> None:
    rains = bytes([0xF4, 0x60, *range(11), 0xFF])
    values = decode_report(_hourly(observed, rains), ZONE).values
    first = datetime(2014, 6, 11, 17, 5, tzinfo=UTC)
    assert [first + timedelta(minutes=5 * at) for at in range(12)] == [value.taken_at for value in values]
    assert [at / 10 for at in range(11)] == [value.value for value in values[:11]]
    assert (None, "bad.sensor_fault") == (values[11].value, values[11].quality)


def test_twelve_levels_of_an_hour_are_centimetres() -> None:
    levels = b"\xf5\xc0" + b"".join(number.to_bytes(2, "big") for number in [123, *[200] * 10, 0xFFFF])
    values = decode_report(_hourly("1406120200", levels), ZONE).values
    assert [1.23, *[2.0] * 10, None] == [value.value for value in values]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("00001049", (10.49, "good")),
        ("FF001049", (-10.49, "good")),
        ("FFFFFFFF", (None, "bad.sensor_fault")),
        ("AAAAAAAA", (None, "bad.sensor_fault")),
        ("0000A049", (None, "bad.decode")),
        ("", (None, "bad.sensor_fault")),
    ],
)
def test_value_that_is_none_says_so(raw: str, expected: tuple[object, str]) -> None:
    assert expected == value_of(Element("39", 2, bytes.fromhex(raw)))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("0001", "a serial number"),
        ("0001141312020000", "a time"),
        ("0001140612020000F1F1001234567950F0F01406120200", "station 0012345678"),
        ("0001140612020000F1F1001234567850F0F014061202002619", "3 bytes of element 26"),
        ("0001140612020000F1F1001234567850F0F01406120200F3F3FFD8", "an element with its length"),
        ("0001140612020000F1F1001234567850F0F01406120200F40800", "12 bytes"),
    ],
)
def test_broken_report_is_refused_with_what_was_expected(text: str, what: str) -> None:
    frame = Frame(direction="up", centre=1, station="0012345678", password=0, function=0x34, text=bytes.fromhex(text))
    with pytest.raises(Malformed) as refused:
        decode_report(frame, ZONE)
    assert str(refused.value.params["expected"]).startswith(what)


def test_packet_of_several_is_refused() -> None:
    frame = Frame(direction="up", centre=1, station="0012345678", password=0, function=0x34, text=b"", start=SYN)
    with pytest.raises(Malformed):
        decode_report(frame, ZONE)


@given(number=st.integers(0, 99_999_999), decimals=st.integers(0, 4))
def test_element_round_trips(number: int, decimals: int) -> None:
    value = number / 10**decimals
    [element] = split_elements(encode_element("26", value, 4, decimals))
    assert (value, "good") == value_of(element)


@pytest.mark.parametrize("value", [-0.1, 1000.0])
def test_value_that_does_not_fit_is_not_written(value: float) -> None:
    with pytest.raises(Malformed):
        encode_element("26", value, 2, 1)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    direction: Direction = draw(st.sampled_from(["up", "down"]))
    return Frame(
        direction=direction,
        centre=draw(st.integers(0, 255)),
        station=draw(st.binary(min_size=5, max_size=5)).hex().upper(),
        password=draw(st.integers(0, 0xFFFF)),
        function=draw(st.integers(0, 255)),
        text=draw(st.binary(max_size=64)),
        end=draw(st.sampled_from(sorted(ENDS[direction]))),
    )


@given(frame=frames())
def test_frame_round_trips(frame: Frame) -> None:
    assert frame == decode_frame(encode_frame(frame))


@given(frame=frames(), data=st.data())
def test_frame_with_a_changed_byte_is_refused(frame: Frame, data: st.DataObject) -> None:
    raw = bytearray(encode_frame(frame))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Malformed):
        decode_frame(bytes(raw))


def _fed(raw: bytes, cuts: list[int]) -> list[Frame]:
    stream, found, at = FrameStream(), [], 0
    for cut in (*sorted(cuts), len(raw)):
        found += stream.feed(raw[at:cut])
        at = max(at, cut)
    return found


@given(cuts=st.lists(st.integers(0, 400), max_size=20))
def test_split_and_merged_frames_are_found_whole(cuts: list[int]) -> None:
    raw = b"".join(map(_wire, PUBLISHED))
    assert PUBLISHED_FRAMES == _fed(raw, [min(cut, len(raw)) for cut in cuts])


PUBLISHED_FRAMES = [decode_frame(_wire(text)) for text in PUBLISHED]


@given(junk=st.binary(max_size=80))
def test_sound_frame_is_found_behind_junk_and_behind_a_frame_cut_short(junk: bytes) -> None:
    junk += _wire(HOURLY)[:40]
    assert PUBLISHED_FRAMES[1:2] == _fed(junk + _wire(TEST), [30])


@given(pieces=st.lists(st.binary(max_size=200), max_size=30))
def test_stream_never_holds_more_than_a_frame(pieces: list[bytes]) -> None:
    stream = FrameStream()
    for piece in pieces:
        stream.feed(b"\x7e\x7e" + piece)
        assert stream.waiting < FRAME_MAX


@given(text=st.binary(max_size=120), function=st.sampled_from([0x2F, 0x30, 0x32, 0x33, 0x34, 0x36]))
def test_any_text_is_a_report_or_is_refused(text: bytes, function: int) -> None:
    head = bytes.fromhex("0001140612020000F1F1001234567850F0F01406120200")
    for content in (text, head + text):
        frame = Frame(direction="up", centre=1, station="0012345678", password=0, function=function, text=content)
        try:
            report = decode_report(frame, ZONE)
        except Malformed:
            continue
        assert all(value.taken_at.tzinfo is UTC for value in report.values)
