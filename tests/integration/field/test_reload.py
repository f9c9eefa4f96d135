"""A changed configuration takes effect for what it touches; the others on the same line do not miss a poll."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from shared import errors
from shared.contracts.message import Reason
from shared.field.commands import Outcome, Refused
from shared.field.configuration import Configuration, difference, load_configuration
from shared.field.profile import CommandSpec
from tests.faults.device import FaultyDevice, Timing, on_tcp
from tests.integration.field.gauges import AREA, NAMES, write_site
from tests.integration.field.test_fairness import Counting, polling
from tests.integration.field.test_loss import found_again
from tests.waiting import eventually

EVERY_S = 0.2
COMMAND = CommandSpec.model_validate(
    {"title": NAMES, "point": "p3", "write": {"value": 1}, "verify": {"point": "p3", "expect": "== 1", "within": "3s"}}
)


def written(folder: Path, lines: dict[str, str], controllers: list[tuple[str, int]], **modbus: str) -> Configuration:
    write_site(folder, lines, controllers, every_s=EVERY_S, **modbus)
    return load_configuration("flood", folder)


def polled(listener: Counting, *units: str, times: int = 3) -> None:
    before = {unit: listener.answered[unit] for unit in units}
    eventually(lambda: all(listener.answered[unit] >= before[unit] + times for unit in units), 10)


def test_what_is_added_changed_and_removed_on_a_line_that_goes_on(tmp_path: Path) -> None:
    device, elsewhere = FaultyDevice("mbap", Timing()), FaultyDevice("mbap", Timing())
    with on_tcp(device) as port, on_tcp(elsewhere) as other_port:
        lines = {"bus": f"tcp://127.0.0.1:{port}", "far": f"tcp://127.0.0.1:{other_port}"}
        before = written(tmp_path, lines, [("bus", 1), ("bus", 2), ("bus", 3), ("far", 1)])
        with polling(tmp_path) as (engine, listener):
            polled(listener, "bus-1", "bus-2", "bus-3", "far-1")
            kept, connections = engine.units["bus-1"], device.connections
            late, late_elsewhere = (engine.units[each].scanner.counts.late for each in ("bus-1", "far-1"))
            began_s, at_first = time.monotonic(), listener.answered["bus-1"]

            written(tmp_path, lines, [("bus", 1), ("bus", 2), ("bus", 4), ("far", 1)])
            text = (tmp_path / "site.yaml").read_text(encoding="utf-8").replace("unit: 2\n", "unit: 5\n")
            (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
            after = load_configuration("flood", tmp_path)
            found = difference(before, after)
            assert (("bus-4",), ("bus-3",), {"bus-2": ("controller",)}) == (found.added, found.removed, found.changed)

            ended, begun = engine.adopt(after, found.touched)
            assert ({"bus-2", "bus-3"}, {"bus-2", "bus-4"}) == (
                {each.id for each in ended},
                {each.id for each in begun},
            )
            gone = listener.answered["bus-3"]
            eventually(lambda: listener.answered["bus-1"] > at_first, 5)
            engine.start(AREA)
            polled(listener, "bus-1", "bus-2", "bus-4")

            assert kept is engine.units["bus-1"]
            assert connections == device.connections
            planned = (time.monotonic() - began_s) / EVERY_S
            late = kept.scanner.counts.late - late
            late_elsewhere = engine.units["far-1"].scanner.counts.late - late_elsewhere
            assert abs(planned - late - (listener.answered["bus-1"] - at_first)) <= 2
            assert late <= late_elsewhere + 1, "a busy machine is late for all lines, a reload for none"
            assert gone == listener.answered["bus-3"]
            assert {1, 4, 5} == {frame.unit for frame in list(device.heard)[-9:]}


def test_a_line_whose_address_changed_is_opened_anew_and_others_are_not(tmp_path: Path) -> None:
    first, second, moved = (FaultyDevice("mbap", Timing()) for _ in range(3))
    with on_tcp(first) as one, on_tcp(second) as two, on_tcp(moved) as three:
        lines = {"a": f"tcp://127.0.0.1:{one}", "b": f"tcp://127.0.0.1:{two}"}
        units = [("a", 1), ("b", 1), ("b", 2)]
        before = written(tmp_path, lines, units)
        with polling(tmp_path) as (engine, listener):
            polled(listener, "a-1", "b-1", "b-2")
            after = written(tmp_path, {**lines, "b": f"tcp://127.0.0.1:{three}"}, units)
            found = difference(before, after)
            assert {"b-1": ("line",), "b-2": ("line",)} == found.changed
            kept = engine.units["a-1"]
            engine.adopt(after, found.touched)
            engine.start(AREA)
            polled(listener, "a-1", "b-1", "b-2")
            assert kept is engine.units["a-1"]
            assert moved.heard
            asked = len(second.heard)
            polled(listener, "b-1")
            assert asked == len(second.heard)


def test_a_line_that_no_controller_is_on_any_more_is_closed_and_a_new_one_opened(tmp_path: Path) -> None:
    old, new = FaultyDevice("mbap", Timing()), FaultyDevice("mbap", Timing())
    with on_tcp(old) as one, on_tcp(new) as two:
        before = written(tmp_path, {"a": f"tcp://127.0.0.1:{one}"}, [("a", 1)])
        with polling(tmp_path) as (engine, listener):
            polled(listener, "a-1")
            after = written(tmp_path, {"b": f"tcp://127.0.0.1:{two}"}, [("b", 7)])
            engine.adopt(after, difference(before, after).touched)
            engine.start(AREA)
            polled(listener, "b-7")
            assert ["b-7"] == list(engine.units)


def test_a_controller_that_moves_to_an_earlier_line_leaves_the_later_one(tmp_path: Path) -> None:
    first, second = FaultyDevice("mbap", Timing()), FaultyDevice("mbap", Timing())
    with on_tcp(first) as one, on_tcp(second) as two:
        lines = {"a": f"tcp://127.0.0.1:{one}", "b": f"tcp://127.0.0.1:{two}"}
        before = written(tmp_path, lines, [("a", 1), ("b", 2), ("b", 3)])
        with polling(tmp_path) as (engine, listener):
            polled(listener, "a-1", "b-2", "b-3")
            path = tmp_path / "site.yaml"
            text = path.read_text(encoding="utf-8").replace("id: b-3\n  line: b", "id: b-3\n  line: a")
            path.write_text(text, encoding="utf-8")
            after = load_configuration("flood", tmp_path)
            found = difference(before, after)
            assert {"b-3": ("line", "controller")} == found.changed
            ended, begun = engine.adopt(after, found.touched)
            assert (["b-3"], ["b-3"]) == ([each.id for each in ended], [each.id for each in begun])
            engine.start(AREA)
            asked = len(second.heard)
            polled(listener, "a-1", "b-2", "b-3")
            assert {2} == {frame.unit for frame in list(second.heard)[asked:]}
            assert 3 in {frame.unit for frame in first.heard}


def test_what_was_lost_before_a_change_is_a_gap_from_then_on(tmp_path: Path) -> None:
    device = FaultyDevice("mbap", Timing())
    with on_tcp(device) as port:
        lines, quick = {"bus": f"tcp://127.0.0.1:{port}"}, {"timeout": "100ms"}
        before = written(tmp_path, lines, [("bus", 1), ("bus", 2)], **quick)
        with polling(tmp_path) as (engine, listener):
            found = found_again(listener)
            polled(listener, "bus-1", "bus-2")
            device.dead_units = frozenset({2})
            eventually(lambda: engine.units["bus-2"].lost is not None, 10)
            lost = engine.units["bus-2"].lost
            text = (tmp_path / "site.yaml").read_text(encoding="utf-8").replace("unit: 2\n", "unit: 5\n")
            (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
            after = load_configuration("flood", tmp_path)
            engine.adopt(after, difference(before, after).touched)
            engine.start(AREA)
            eventually(lambda: "bus-2" in found, 10)
            assert lost == found["bus-2"]


def test_a_command_of_an_exchanged_controller_is_refused_and_not_written(tmp_path: Path) -> None:
    device = FaultyDevice("mbap", Timing())
    with on_tcp(device) as port:
        lines = {"bus": f"tcp://127.0.0.1:{port}"}
        before = written(tmp_path, lines, [("bus", 1), ("bus", 2)])
        with polling(tmp_path) as (engine, listener):
            polled(listener, "bus-1", "bus-2")
            old = engine.units["bus-2"]
            text = (tmp_path / "site.yaml").read_text(encoding="utf-8").replace("unit: 2\n", "unit: 5\n")
            (tmp_path / "site.yaml").write_text(text, encoding="utf-8")
            after = load_configuration("flood", tmp_path)
            engine.adopt(after, difference(before, after).touched)
            outcomes: list[Outcome] = []
            engine.send(old, COMMAND, {}, still_wanted=lambda: None, on_outcome=outcomes.append)
            assert [Refused(Reason(code="command_outdated", params={"controller": "bus-2"}))] == outcomes
            assert [] == device.writes


def test_a_profile_that_says_the_same_in_another_order_touches_nothing(tmp_path: Path) -> None:
    before = written(tmp_path, {"a": "tcp://127.0.0.1:1"}, [("a", 1)])
    path = tmp_path / "profiles" / "gauge.yaml"
    path.write_text("# a comment\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    after = load_configuration("flood", tmp_path)
    assert before.digest != after.digest
    assert frozenset() == difference(before, after).touched
    path.write_text(path.read_text(encoding="utf-8").replace("address: 3\n", "address: 33\n"), encoding="utf-8")
    assert {"a-1": ("profile",)} == difference(before, load_configuration("flood", tmp_path)).changed


def test_areas_cannot_change_while_a_service_runs(tmp_path: Path) -> None:
    before = written(tmp_path, {"a": "tcp://127.0.0.1:1"}, [("a", 1)])
    path = tmp_path / "site.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(AREA, "test/one/elsewhere"), encoding="utf-8")
    with pytest.raises(errors.Refused, match="test/one/elsewhere"):
        difference(before, load_configuration("flood", tmp_path))
