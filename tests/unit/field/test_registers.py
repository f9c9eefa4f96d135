"""The register codec, against fixed vectors and against itself."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Malformed
from shared.field.registers import Codec, register_count

ORDERS = st.sampled_from(["big", "little"])

VECTORS = [
    (Codec("u16"), "0159", 345),
    (Codec("u16", scale=0.01), "0159", 3.45),
    (Codec("i16", scale=0.001), "FFCE", -0.05),
    (Codec("u32"), "00010000", 65536),
    (Codec("u32", word_order="little"), "00000001", 65536),
    (Codec("i32"), "FFFFFFFE", -2),
    (Codec("u64"), "0000000000000100", 256),
    (Codec("f32"), "42F6E979", 123.45600128173828),
    (Codec("f32", word_order="little"), "E97942F6", 123.45600128173828),
    (Codec("f32", byte_order="little"), "F64279E9", 123.45600128173828),
    (Codec("f32", byte_order="little", word_order="little"), "79E9F642", 123.45600128173828),
    (Codec("f64"), "405EDD2F1A9FBE77", 123.456),
    (Codec("bcd16"), "1234", 1234),
    (Codec("bits32"), "80000001", 0x80000001),
    (Codec("bool", bit=3), "0008", True),
    (Codec("bool", bit=2), "0008", False),
    (Codec("string", length=5), "50554D5031200000"[:12], "PUMP1"),
]


@pytest.mark.parametrize(("codec", "raw", "expected"), VECTORS)
def test_vectors(codec: Codec, raw: str, expected: Any) -> None:
    assert expected == codec.decode(bytes.fromhex(raw))


def test_text_with_swapped_bytes() -> None:
    assert "PUMP" == Codec("string", length=4, byte_order="little").decode(bytes.fromhex("5550504D"))


RANGES = {
    "u16": (0, 2**16 - 1),
    "i16": (-(2**15), 2**15 - 1),
    "u32": (0, 2**32 - 1),
    "i32": (-(2**31), 2**31 - 1),
    "u64": (0, 2**64 - 1),
    "i64": (-(2**63), 2**63 - 1),
    "bcd16": (0, 9999),
    "bits32": (0, 2**32 - 1),
}


@given(st.data(), st.sampled_from(sorted(RANGES)), ORDERS, ORDERS)
def test_integers_come_back_from_the_wire(data: st.DataObject, kind: Any, byte_order: Any, word_order: Any) -> None:
    codec = Codec(kind, byte_order=byte_order, word_order=word_order)
    value = data.draw(st.integers(*RANGES[kind]))
    raw = codec.encode(value)
    assert (register_count(kind) * 2, value) == (len(raw), codec.decode(raw))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), ORDERS, ORDERS)
def test_floats_come_back_from_the_wire(value: float, byte_order: Any, word_order: Any) -> None:
    codec = Codec("f32", byte_order=byte_order, word_order=word_order)
    assert value == codec.decode(codec.encode(value))


@given(st.integers(-(2**15), 2**15 - 1), st.sampled_from([0.001, 0.01, 0.1, 2.0]), st.sampled_from([0.0, -40.0, 100.0]))
def test_scaled_values_come_back_within_half_a_step(raw: int, scale: float, offset: float) -> None:
    codec = Codec("i16", scale=scale, offset=offset)
    value = codec.decode(Codec("i16").encode(raw))
    assert isinstance(value, float | int)
    assert raw == Codec("i16").decode(codec.encode(value))


@given(st.text(max_size=20, alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])), ORDERS)
def test_text_comes_back(text: str, byte_order: Any) -> None:
    text = text.rstrip()
    codec = Codec("string", length=max(len(text.encode()), 1), byte_order=byte_order)
    assert text == codec.decode(codec.encode(text))


@pytest.mark.parametrize("raw", ["7FC00000", "7F800000", "FF800000"])
def test_a_float_that_is_no_number_is_none(raw: str) -> None:
    assert Codec("f32").decode(bytes.fromhex(raw)) is None


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (Codec("u16"), -1),
        (Codec("u16"), 65536),
        (Codec("i16", scale=0.001), 40.0),
        (Codec("bcd16"), 10000),
        (Codec("f32"), 1e39),
        (Codec("u16"), math.nan),
        (Codec("u16"), None),
        (Codec("u16"), "12"),
        (Codec("string", length=3), "泵站"),
        (Codec("bool", bit=4), True),
    ],
)
def test_what_registers_cannot_hold_is_refused(codec: Codec, value: Any) -> None:
    with pytest.raises(Malformed):
        codec.encode(value)


@pytest.mark.parametrize(("codec", "raw"), [(Codec("bcd16"), "12A4"), (Codec("string", length=2), "FFFE")])
def test_what_is_no_value_of_the_type_is_refused(codec: Codec, raw: str) -> None:
    with pytest.raises(Malformed):
        codec.decode(bytes.fromhex(raw))
