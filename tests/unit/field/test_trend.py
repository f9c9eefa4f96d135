"""How fast a value moves."""

from shared.field.trend import Trend


def noted(*readings: tuple[float, object], window_s: float = 10.0) -> Trend:
    trend = Trend(window_s)
    for at_s, value in readings:
        trend.note(value, at_s)
    return trend


def test_the_change_per_second_over_the_window() -> None:
    assert 0.5 == noted((0, 1.0), (2, 2.0)).per_s()
    assert 2.0 == noted((0, 100), (10, 0), (20, 20), window_s=10.0).per_s()


def test_one_reading_or_none_tells_nothing() -> None:
    assert noted((0, 1.0)).per_s() is None
    assert noted((0, 1.0), (0, 1.0)).per_s() is None
    assert noted((0, 1.0), (1, None), (2, 5.0)).per_s() is None
    assert noted((0, True), (1, False)).per_s() is None
