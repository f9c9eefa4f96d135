"""From raw registers and a display to the encoding. Registers are packed here by struct, not by the codec."""

import math
import struct

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from shared.cli import profile
from shared.errors import Malformed
from shared.field.decipher import Encoding, Observation, Shown, find_candidates, parse_registers, parse_shown
from shared.field.decipher.given import crc16

FORMATS = {"u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f32": "f", "f64": "d"}
ORDERS = [(byte, word) for byte in ("big", "little") for word in ("big", "little")]
RUN = CliRunner()


def packed(type_: str, number: float, byte_order: str, word_order: str) -> tuple[int, ...]:
    """The registers that a device with these orders would hold."""
    bcd = type_ == "bcd16"
    raw = bytes.fromhex(f"{int(number):04d}") if bcd else struct.pack(">" + FORMATS[type_], number)
    words = [raw[at : at + 2] for at in range(0, len(raw), 2)]
    if word_order == "little":
        words.reverse()
    return tuple(int.from_bytes(word, byte_order) for word in words)  # type: ignore[arg-type]


def numbers(type_: str) -> st.SearchStrategy[float]:
    if type_ == "f32":
        return st.floats(-1e6, 1e6, width=32).filter(lambda value: abs(value) > 0.01)
    if type_ == "f64":
        return st.floats(-1e9, 1e9).filter(lambda value: abs(value) > 0.01)
    if type_ == "bcd16":
        return st.integers(1, 9999)
    bits = int(type_[1:])
    low, high = (0, 2**bits - 1) if type_[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return st.integers(max(low, -(10**12)), min(high, 10**12)).filter(lambda value: value != 0)


@settings(max_examples=120, deadline=None)
@pytest.mark.parametrize("type_", [*FORMATS, "bcd16"])
@given(data=st.data())
def test_the_true_encoding_is_among_the_candidates(type_: str, data: st.DataObject) -> None:
    number = data.draw(numbers(type_))
    byte_order, word_order = data.draw(st.sampled_from(ORDERS if type_ not in ("u16", "i16", "bcd16") else ORDERS[::2]))
    scale = 1.0 if type_ in ("f32", "f64") else data.draw(st.sampled_from([1.0, 0.1, 0.01, 0.001]))
    before = data.draw(st.lists(st.integers(0, 65535), max_size=1))
    decimals = 4 if type_ in ("f32", "f64") else round(-math.log10(scale))
    shown = parse_shown(f"{number * scale:.{decimals}f}")
    assume(shown.value != 0)
    words = (*before, *packed(type_, number, byte_order, word_order))
    found = find_candidates([Observation(words, shown, at=0)])
    true = Encoding(type_, byte_order, word_order, scale, 0.0, len(before))  # type: ignore[arg-type]
    assert true in [candidate.encoding for candidate in found]
    for candidate in found:
        assert isinstance(candidate.value, float)
        assert abs(candidate.value - shown.value) <= shown.digit + 1e-6 * abs(shown.value)


@settings(max_examples=120, deadline=None)
@given(st.floats(0.5, 1e5, width=32).filter(lambda value: value != round(value)), st.sampled_from(ORDERS))
@example(3.14, ("big", "little"))
def test_a_floats_order_is_the_first_candidate(value: float, orders: tuple[str, str]) -> None:
    found = find_candidates([Observation(packed("f32", value, *orders), parse_shown(f"{value:.3f}"))])
    assert ("f32", *orders, 1.0) == (
        found[0].encoding.type,
        found[0].encoding.byte_order,
        found[0].encoding.word_order,
        found[0].encoding.scale,
    )


FIRST = [
    ("plain", "0159", "345", "address: 12, type: u16"),
    ("scaled", "0159", "3.45", "address: 12, type: u16, scale: 0.01"),
    ("off by one", "0007 41CC 51EC", "25.54", "address: 13, type: f32"),
    ("negative", "FF9C", "-10.0", "address: 12, type: i16, scale: 0.1"),
    ("shifted up", "0294", "26", "address: 12, type: u16, scale: 0.1, offset: -40"),
    ("BCD", "0x1234", "1234", "address: 12, type: bcd16"),
    ("cut off by the display", "0x40490FDB", "3.141", "address: 12, type: f32"),
    ("low word first", "E240 0001", "123456", "address: 12, type: u32, word_order: little"),
    ("text", "5055 4D50 2D37", "PUMP-7", "address: 12, type: string, length: 6"),
    ("text, bytes swapped", "5550 504D 372D", "PUMP-7", "address: 12, type: string, length: 6, byte_order: little"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "shows", "point"), [case[1:] for case in FIRST], ids=[case[0] for case in FIRST])
def test_the_simplest_explanation_comes_first_and_is_ready_for_a_profile(raw: str, shows: str, point: str) -> None:
    done = RUN.invoke(profile.app, ["decode", raw, "--shows", shows, "--address", "12"])
    assert 0 == done.exit_code, done.output
    assert f"points:\n  NAME: {{table: holding, {point}, poll: GROUP}}\n" in done.stdout


def test_a_second_reading_leaves_what_explains_both() -> None:
    one = Observation((0x0100, 0x0001), parse_shown("256"))
    other = Observation((0x0000, 0x0002), parse_shown("2"))
    alone = {
        candidate.encoding.type for candidate in find_candidates([Observation((0x0101, 0x0101), parse_shown("257"))])
    }
    assert {"u16", "i16"} <= alone
    assert [] == [
        each for each in find_candidates([one, other]) if each.encoding.shift == 0 and each.encoding.type == "u16"
    ]


def test_where_nothing_explains_it_the_command_fails() -> None:
    done = RUN.invoke(profile.app, ["decode", "0001", "--shows", "31415.9"])
    assert (1, True) == (done.exit_code, "Nothing explains it" in done.stdout)


RTU = bytes.fromhex("0103044048F5C3")
FRAMES = [
    ("4048 F5C3", (0x4048, 0xF5C3)),
    ("0x4048,0xF5C3", (0x4048, 0xF5C3)),
    ("4048F5C3", (0x4048, 0xF5C3)),
    ("40 48 f5 c3", (0x4048, 0xF5C3)),
    ("16456; 62915", (16456, 62915)),
    ("-1", (0xFFFF,)),
    ("00 07 00 00 00 07 01 03 04 40 48 F5 C3", (0x4048, 0xF5C3)),
    ("0007 0000 0007 0104 0440 48F5 C3".replace(" ", ""), (0x4048, 0xF5C3)),
    ((RTU + crc16(RTU).to_bytes(2, "little")).hex(), (0x4048, 0xF5C3)),
]


@pytest.mark.parametrize(("text", "words"), FRAMES)
def test_registers_are_read_however_they_are_written(text: str, words: tuple[int, ...]) -> None:
    assert words == parse_registers(text)


def test_the_checksum_is_that_of_the_serial_line_specification() -> None:
    """Modbus over Serial Line V1.02, 6.2.2, example: 02 07 -> 41 12."""
    assert bytes.fromhex("4112") == crc16(bytes.fromhex("0207")).to_bytes(2, "little")


BROKEN = [
    ("", "registers or a frame"),
    ("zz", "hexadecimal digits"),
    ("0x1234 405060708", "two hexadecimal digits a byte"),
    ("70000", "a word"),
    (RTU.hex() + "0001", "the checksum 68e4|the checksum"),
    ("00 07 00 00 00 03 01 83 02", "an answer with registers"),
    ("00 07 00 00 00 04 01 01 01 05", "function 3, 4 or 23"),
    ("00 07 00 00 00 06 01 03 00 00 00 02", "not a request"),
]


@pytest.mark.parametrize(("text", "expected"), BROKEN)
def test_what_holds_no_registers_is_refused_with_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(Malformed, match=expected):
        parse_registers(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("3.45", Shown(3.45, 0.01)),
        ("-12", Shown(-12.0, 1.0)),
        ("1 234.5", Shown(1234.5, 0.1)),
        ("1,234", Shown(1234.0, 1.0)),
        ("−5.0", Shown(-5.0, 0.1)),
        ("P-101", Shown(text="P-101")),
    ],
)
def test_a_display_is_read(text: str, shown: Shown) -> None:
    read = parse_shown(text)
    assert (shown.value, shown.text) == (read.value, read.text)
    assert abs(shown.digit - read.digit) < 1e-12
