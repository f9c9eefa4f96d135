from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.frames import (
    ControllerSeen,
    Frame,
    Numbers,
    Readings,
    Row,
    Table,
    decode_frame,
    encode_frame,
    tables_of,
)
from shared.errors import Malformed

MOMENTS = st.integers(0, 2**53)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | NAMES


def columns(length: int) -> st.SearchStrategy[Readings]:
    def of(kind: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
        return st.lists(kind, min_size=length, max_size=length)

    return st.builds(
        Readings,
        NAMES | of(NAMES),
        of(NAMES),
        of(VALUES),
        NAMES | of(NAMES),
        MOMENTS | of(MOMENTS),
        MOMENTS | of(MOMENTS),
    )


@st.composite
def tables(draw: st.DrawFn) -> Table:
    width, height = draw(st.integers(1, 20)), draw(st.integers(1, 4))
    kinds = draw(st.text("fib", min_size=width, max_size=width))
    names = st.lists(NAMES, min_size=width, max_size=width)
    told = draw(
        st.none() | st.lists(st.lists(st.booleans(), min_size=width, max_size=width), min_size=height, max_size=height)
    )
    cells = [
        kind for row in told or [[True] * width] * height for kind, is_told in zip(kinds, row, strict=True) if is_told
    ]
    numbers = {
        "f": st.floats(allow_nan=False, allow_infinity=False),
        "i": st.integers(-(2**53), 2**53),
        "b": st.booleans(),
    }
    values = [float(draw(numbers[kind])) for kind in cells]
    return Table(
        points=draw(names),
        kinds=kinds,
        assets=draw(st.lists(NAMES | names, min_size=height, max_size=height)),
        taken_us=draw(st.lists(MOMENTS, min_size=height, max_size=height)),
        told=b"" if told is None else b"".join(packed(row) for row in told),
        values=struct.pack(f"<{len(values)}d", *values),
    )


def packed(bits: list[bool]) -> bytes:
    """A bit a point, the first highest."""
    text = "".join("01"[bit] for bit in bits)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


READINGS = st.integers(0, 5).flatmap(columns)
FRAMES = st.builds(
    Frame,
    source=NAMES,
    trade=NAMES,
    area=NAMES,
    epoch=MOMENTS,
    seq=MOMENTS,
    sent_us=MOMENTS,
    controllers=st.lists(st.builds(ControllerSeen, NAMES, NAMES, MOMENTS), max_size=3),
    readings=st.lists(READINGS, max_size=3),
    tables=st.lists(tables(), max_size=3),
)
FRAME = Frame(
    source="flood/flood-1/s",
    trade="flood",
    area="tangshan/lubei/xinhuadao",
    epoch=7,
    seq=1,
    sent_us=5,
    controllers=[ControllerSeen("xinhua-rtu", "fast", 4)],
    readings=[Readings(["xinhua"], ["level_wet_well"], [3.45], ["good"], [4], [3])],
    tables=[],
)
TABLE = Table(
    ["level", "starts", "door"],
    "fib",
    ["xinhua", ["xinhua", "xinhua/pump-1", "xinhua"]],
    [4, 5],
    packed([True, True, False]) + packed([False, True, True]),
    struct.pack("<4d", 3.45, 7, 8, 1),
)


@given(FRAMES)
def test_frames_come_back_as_they_went(frame: Frame) -> None:
    assert frame == decode_frame(encode_frame(frame))


def test_a_frame_of_today_is_read_for_years() -> None:
    """Golden: history keeps frames, so these bytes must always mean this."""
    golden = bytes.fromhex(
        "8ea17601a6736f75726365af666c6f6f642f666c6f6f642d312f73a57472616465a5666c6f6f64a461726561b874616e6773"
        "68616e2f6c756265692f78696e68756164616fa565706f636807a373657101a773656e745f757305ab636f6e74726f6c6c65"
        "72739193aa78696e6875612d727475a46661737404a5617373657491a678696e687561a5706f696e7491ae6c6576656c5f77"
        "65745f77656c6ca576616c756591cb400b99999999999aa77175616c69747991a4676f6f64a874616b656e5f75739104aa63"
        "68616e6765645f75739103"
    )
    assert FRAME == decode_frame(golden)
    second = bytes.fromhex(
        "89a17602a6736f75726365af666c6f6f642f666c6f6f642d312f73a57472616465a5666c6f6f64a461726561b874616e6773"
        "68616e2f6c756265692f78696e68756164616fa565706f636807a373657101a773656e745f757305ab636f6e74726f6c6c65"
        "72739193aa78696e6875612d727475a46661737404a872656164696e6773919691a678696e68756191ae6c6576656c5f7765"
        "745f77656c6c91cb400b99999999999a91a4676f6f6491049103"
    )
    assert FRAME == decode_frame(second)
    today = bytes.fromhex(
        "8aa17603a6736f75726365af666c6f6f642f666c6f6f642d312f73a57472616465a5666c6f6f64a461726561b874616e6773"
        "68616e2f6c756265692f78696e68756164616fa565706f636807a373657101a773656e745f757305ab636f6e74726f6c6c65"
        "72739193aa78696e6875612d727475a46661737404a872656164696e6773919691a678696e68756191ae6c6576656c5f7765"
        "745f77656c6c91cb400b99999999999a91a4676f6f6491049103a67461626c6573919693a56c6576656ca6737461727473a4"
        "646f6f72a366696292a678696e68756193a678696e687561ad78696e6875612f70756d702d31a678696e687561920405c402"
        "c060c4209a99999999990b400000000000001c400000000000002040000000000000f03f"
    )
    assert replace(FRAME, tables=[TABLE]) == decode_frame(today)
    assert today == encode_frame(replace(FRAME, tables=[TABLE]))


def test_a_table_says_which_numbers_are_there_and_what_they_mean() -> None:
    rows = list(TABLE.rows())
    assert [
        Row("xinhua", "level", 3.45, "good", 4, 4),
        Row("xinhua", "starts", 7, "good", 4, 4),
        Row("xinhua/pump-1", "starts", 8, "good", 5, 5),
        Row("xinhua", "door", True, "good", 5, 5),
    ] == rows
    assert [float, int, int, bool] == [type(row.value) for row in rows]
    assert len(rows) == len(TABLE)


def test_rows_of_one_shape_become_one_table_unless_it_would_be_too_long() -> None:
    level, flow = ["level"], ["flow"]
    rows = [
        Numbers(points, "f", f"asset-{at}", at, b"", struct.pack("<d", at))
        for at, points in enumerate([level, flow, level, level])
    ]
    assert [(["level"], ("asset-0", "asset-2", "asset-3")), (["flow"], ("asset-1",))] == [
        (table.points, table.assets) for table in tables_of(rows, 5000)
    ]
    assert [2, 1, 1] == [len(table) for table in tables_of(rows, 2)]


def test_what_is_equal_for_all_rows_is_said_once() -> None:
    readings = Readings("xinhua", ["a", "b"], [1, True], "good", 4, [3, 4])
    assert [Row("xinhua", "a", 1, "good", 4, 3), Row("xinhua", "b", True, "good", 4, 4)] == list(readings.rows())
    assert [Row("xinhua", "b", True, "good", 4, 4)] == list(readings.part(1, 2).rows())


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"v": 4}, "v"),
        ({"source": 1}, "source"),
        ({"seq": "1"}, "seq"),
        ({"seq": True}, "seq"),
        ({"controllers": [["a", "b"]]}, "controllers"),
        ({"controllers": [["a", "b", 1.5]]}, "controllers"),
        ({"readings": [["x", ["a", "b"], [1], "good", 4, 3]]}, "asset"),
        ({"readings": [["x", [1], [1], "good", 4, 3]]}, "point"),
        ({"readings": [["x", "a", [1], "good", 4, 3]]}, "point"),
        ({"readings": [["x", ["a"], [[1]], "good", 4, 3]]}, "value"),
        ({"readings": [["x", ["a"], [1], "good", "now", 3]]}, "taken_us"),
        ({"readings": [["x", ["a"], [1], None, 4, 3]]}, "quality"),
        ({"readings": [["x", ["a"], [1], "good", True, 3]]}, "taken_us"),
        ({"readings": [["x", ["a"], [1]]]}, "readings"),
        ({"tables": [[]]}, "tables"),
        ({"tables": [[["a", 1], "ff", ["x"], [1], b"", bytes(16)]]}, "tables.points"),
        ({"tables": [[["a"], "ff", ["x"], [1], b"", bytes(8)]]}, "tables.kinds"),
        ({"tables": [[["a"], "x", ["x"], [1], b"", bytes(8)]]}, "tables.kinds"),
        ({"tables": [[["a"], "f", [["x", "y"]], [1], b"", bytes(8)]]}, "tables.assets"),
        ({"tables": [[["a"], "f", ["x"], [1, 2], b"", bytes(8)]]}, "tables.taken_us"),
        ({"tables": [[["a"], "f", ["x"], [1], b"xx", bytes(8)]]}, "tables.told"),
        ({"tables": [[["a"], "f", ["x"], [1], bytes(1), bytes(8)]]}, "tables.values"),
        ({"tables": [[["a"], "f", ["x"], [1], b"", bytes(9)]]}, "tables.values"),
        ({"tables": [[["a"], "f", ["x"], [1], b"", struct.pack("<d", float("nan"))]]}, "tables.values"),
    ],
)
def test_a_wrong_column_is_refused_with_its_name(change: dict[str, Any], path: str) -> None:
    packed = msgpack.unpackb(encode_frame(FRAME)) | change
    with pytest.raises(Malformed) as refusal:
        decode_frame(msgpack.packb(packed))
    assert path == refusal.value.params["path"]


@given(st.binary(max_size=200))
def test_bytes_that_are_no_frame_are_refused_and_nothing_else_happens(body: bytes) -> None:
    with pytest.raises(Malformed):
        decode_frame(body)


def test_keys_that_this_version_does_not_know_are_ignored() -> None:
    packed = msgpack.unpackb(encode_frame(FRAME)) | {"invented_tomorrow": [1]}
    assert FRAME == decode_frame(msgpack.packb(packed))
