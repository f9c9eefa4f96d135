"""Registers as every number they could be."""

from shared.field.raw_view import HEADINGS, bit_values, register_views


def test_a_register_and_what_begins_with_it() -> None:
    first, last = register_views(100, bytes.fromhex("4048F5C3"))
    values = dict(zip(HEADINGS, first.values, strict=True))
    assert (100, "4048", 0x4048, 0x4048F5C3, 0xF5C34048, "@H") == (
        first.address, first.hex, values["u16"], values["u32"], values["u32 swapped"], first.text,
    )  # fmt: skip
    assert 3.14 == round(values["f32"], 6)  # type: ignore[call-overload]
    assert values["f64"] is None
    assert (101, "F5C3", -2621) == (last.address, last.hex, last.values[1])
    assert last.values[2] is None


def test_bits_are_packed_from_the_lowest() -> None:
    assert [True, False, True, False, False, False, False, False, True] == bit_values(b"\x05\x01", 9)
