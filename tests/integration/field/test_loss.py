"""What was lost and is read again: since when, and whether it was the device or all that is on its line."""

from __future__ import annotations

from pathlib import Path

from shared.clock import WallClock
from shared.field.unit import Lost, Unit
from tests.faults.device import FaultyDevice, Timing, on_tcp
from tests.integration.field import test_fairness as fairness
from tests.integration.field.gauges import write_site
from tests.waiting import eventually


def found_again(listener: fairness.Counting) -> dict[str, Lost]:
    """Filled as they come."""
    found: dict[str, Lost] = {}

    def note(unit: Unit, lost: Lost, at_s: float) -> None:
        assert lost.since_s < at_s
        found[unit.id] = lost

    listener.on_found_again = note  # type: ignore[method-assign]
    return found


def test_one_of_several_is_the_device_and_all_of_them_are_the_line(tmp_path: Path) -> None:
    device = FaultyDevice("rtu", Timing())
    with on_tcp(device) as port:
        units = [("bus", 1), ("bus", 2)]
        quick = {"timeout": "100ms", "breaker": {"open_after": 2, "probe": ["300ms"]}}
        write_site(tmp_path, {"bus": f"rtu+tcp://127.0.0.1:{port}"}, units, every_s=0.2, **quick)
        with fairness.polling(tmp_path) as (engine, listener):
            found = found_again(listener)
            eventually(lambda: all(listener.answered[f"bus-{unit}"] for unit in (1, 2)), 10)

            device.dead_units = frozenset({2})
            eventually(lambda: engine.units["bus-2"].lost is not None, 10)
            device.dead_units = frozenset()
            eventually(lambda: "bus-2" in found, 10)
            assert ["device"] == [lost.cause for lost in found.values()]

            found.clear()
            device.dead_units = frozenset({1, 2})
            eventually(lambda: not any(unit.scanner.online for unit in engine.units.values()), 10)
            device.dead_units = frozenset()
            eventually(lambda: len(found) == 2, 10)
            assert ["link", "link"] == [lost.cause for lost in found.values()]


def test_what_never_answered_since_the_start_is_lost_since_then(tmp_path: Path) -> None:
    device = FaultyDevice("mbap", Timing(), dead_units=frozenset({2}))
    with on_tcp(device) as port:
        quick = {"timeout": "100ms"}
        write_site(tmp_path, {"bus": f"tcp://127.0.0.1:{port}"}, [("bus", 1), ("bus", 2)], every_s=0.2, **quick)
        began_s = WallClock().now_s()
        with fairness.polling(tmp_path) as (engine, listener):
            found = found_again(listener)
            eventually(lambda: engine.units["bus-2"].lost is not None, 10)
            read_s = WallClock().now_s()
            device.dead_units = frozenset()
            eventually(lambda: "bus-2" in found, 10)
            assert began_s <= found["bus-2"].since_s < read_s
