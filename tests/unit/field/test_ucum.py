import pytest

from shared.errors import Malformed
from shared.field.ucum import find_unit, parse_unit

SAME = [
    ("m3/h", "m3.h-1"),
    ("1/h", "/h"),
    ("kW", "10*3.W"),
    ("L/s", "dm3/s"),
    ("m/s2", "(m/s)/s"),
    ("bar", "100.kPa"),
    ("{pump}", ""),
]
OTHER = [("kW", "W"), ("m", "mm"), ("Cel", "K"), ("Cel", ""), ("h", "1/h"), ("[NTU]", ""), ("kW.h", "kW"), ("%", "")]
WRITTEN = [
    ("℃", "Cel"),
    ("kWh", "kW.h"),
    ("m³/h", "m3/h"),
    ("KPa", "kPa"),
    ("r/min", "/min"),
    ("μS/cm", "uS/cm"),
    ("立方米", "m3"),
    ("mg/L", "mg/L"),
]
NO_UNITS = ["foo", "m/", "((", "m)", "kWh", "°C", "m³", "/", "5m", "m" * 61]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_two_ways_to_write_a_unit(a: str, b: str) -> None:
    assert parse_unit(a).is_same(parse_unit(b))


@pytest.mark.parametrize(("a", "b"), OTHER)
def test_two_units(a: str, b: str) -> None:
    assert not parse_unit(a).is_same(parse_unit(b))


@pytest.mark.parametrize("text", NO_UNITS)
def test_no_unit(text: str) -> None:
    with pytest.raises(Malformed, match="UCUM"):
        parse_unit(text)


@pytest.mark.parametrize(("written", "code"), WRITTEN)
def test_a_vendors_writing_is_understood(written: str, code: str) -> None:
    assert code == find_unit(written)


def test_an_unknown_writing_is_not_guessed() -> None:
    assert find_unit("furlong") is None
