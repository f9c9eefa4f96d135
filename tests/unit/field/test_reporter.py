"""Telemetry by exception."""

from __future__ import annotations

from shared.field.image import ControllerImage
from shared.field.quality import GOOD
from shared.field.reporter import Reporter
from tests.unit.field.profiles import profile


def pair() -> tuple[ControllerImage, Reporter]:
    found = profile({f"p{at}": {"address": at, "scale": 0.5, "deadband": 2, "max_silence": "60s"} for at in range(3)})
    image = ControllerImage("rtu", found, dict.fromkeys(found.points, "asset"))
    return image, Reporter(image)


def put(image: ControllerImage, *values: float) -> range:
    for at, value in enumerate(values):
        image.put(at, value, GOOD, 0.0)
    return range(len(values))


def test_what_leaves_its_deadband_is_told() -> None:
    image, reporter = pair()
    assert [0, 1, 2] == list(reporter.due((), put(image, 10, 10, 10), 0.0).indices)
    assert [1] == list(reporter.due((), put(image, 11, 13, 12), 1.0).indices)
    assert [0, 1, 2] == list(reporter.due((), put(image, 20, 20, 20), 2.0).indices)


def test_the_deadband_counts_from_what_was_told_last() -> None:
    image, reporter = pair()
    reporter.due((), put(image, 10, 10, 10), 0.0)
    assert [] == list(reporter.due((), put(image, 11.5, 10, 10), 1.0).indices)
    assert [0] == list(reporter.due((), put(image, 12.5, 10, 10), 2.0).indices)


def test_a_change_of_quality_is_told_though_the_value_stayed() -> None:
    image, reporter = pair()
    reporter.due((), put(image, 10, 10, 10), 0.0)
    image.put(1, 10, "uncertain.out_of_range", 1.0)
    assert [1] == list(reporter.due((), [1], 1.0).indices)
    image.spoil([1], "bad.timeout")
    assert [1] == list(reporter.due((), [1], 2.0).indices)
    assert [0, 1] == list(reporter.due((), put(image, 20, 10, 10), 3.0).indices)


def test_whoever_is_silent_for_long_is_told_again() -> None:
    image, reporter = pair()
    reporter.due((), put(image, 10, 10, 10), 0.0)
    assert [] == list(reporter.due((), (), 30.0).indices)
    assert [0, 1, 2] == list(reporter.due((), (), 60.0).indices)


def test_what_changed_outside_a_scan_goes_with_the_next() -> None:
    image, reporter = pair()
    reporter.due((), put(image, 10, 10, 10), 0.0)
    image.put(2, 30, GOOD, 1.0)
    reporter.mark([2])
    assert [2] == list(reporter.due((), (), 1.0).indices)
