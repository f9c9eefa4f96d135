"""A controller that does not answer costs the others next to nothing: engine, lines and sockets as they are."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from shared.bus.frames import Readings
from shared.clock import WallClock
from shared.contracts.message import Scalar
from shared.field.configuration import load_configuration
from shared.field.engine import Engine
from shared.field.judgement import Judgement
from shared.field.scanner import Scan
from shared.field.unit import Lost, Unit
from tests.faults.device import FaultyDevice, Timing, on_tcp
from tests.integration.field.gauges import AREA, write_site
from tests.waiting import eventually

EVERY_S = 0.5
PACE: dict[str, Any] = {"every_s": EVERY_S, "timeout": "150ms"}
MEASURED_S = 6.0
KEPT_SHARE = 0.9


class Counting:
    """An engine's listener that counts the scans that were answered."""

    def __init__(self) -> None:
        self.answered: Counter[str] = Counter()
        self.offline: set[str] = set()

    def write_computed(self, unit: Unit, point: str, value: Scalar) -> None:
        raise AssertionError("no point here is computed")

    def on_judgements(self, unit: Unit, judgements: Sequence[Judgement]) -> None:
        self.offline |= {unit.id for each in judgements if each.condition.startswith("offline:")}

    def on_backfill(self, unit: Unit, readings: Readings) -> None: ...

    def on_report(self, unit: Unit, indices: Sequence[int], scan: Scan) -> None: ...

    def on_found_again(self, unit: Unit, lost: Lost, at_s: float) -> None: ...

    def on_scan(self, unit: Unit, scan: Scan) -> None:
        self.answered[unit.id] += scan.answered


@contextmanager
def polling(folder: Path) -> Iterator[tuple[Engine, Counting]]:
    listener = Counting()
    engine = Engine(load_configuration("flood", folder), WallClock(), listener, takeover_quiet_s=12.0)
    engine.run()
    engine.take(AREA)
    engine.start(AREA)
    try:
        yield engine, listener
    finally:
        engine.stop()


def kept(listener: Counting, living: list[str]) -> list[float]:
    """The share of its planned polls that each of the living got, while we watch."""
    before, began_s = Counter(listener.answered), time.monotonic()
    eventually(lambda: time.monotonic() - began_s >= MEASURED_S, 2 * MEASURED_S)
    planned = (time.monotonic() - began_s) / EVERY_S
    return [(listener.answered[unit] - before[unit]) / planned for unit in living]


def test_thirty_units_on_one_line_five_of_them_dead(tmp_path: Path) -> None:
    dead = frozenset({3, 9, 14, 22, 28})
    device = FaultyDevice("rtu", Timing(), dead_units=dead)
    with on_tcp(device) as port:
        write_site(tmp_path, {"bus": f"rtu+tcp://127.0.0.1:{port}"}, [("bus", unit) for unit in range(1, 31)], **PACE)
        with polling(tmp_path) as (engine, listener):
            eventually(lambda: len(listener.answered) == 30, 10)  # the dead ones are found out while we measure
            shares = kept(listener, [f"bus-{unit}" for unit in range(1, 31) if unit not in dead])
            assert min(shares) >= KEPT_SHARE
            assert {0} == {listener.answered[f"bus-{unit}"] for unit in dead}
            eventually(lambda: {f"bus-{unit}" for unit in dead} == listener.offline, 60)
            asked = Counter(request.unit for request in device.heard)
            assert all(asked[unit] < 12 for unit in dead)
            assert any(engine.units[f"bus-{unit}"].scanner.counts.withheld for unit in dead)


def test_dead_devices_on_lines_of_their_own_cost_the_others_nothing(tmp_path: Path) -> None:
    with ExitStack() as stack:
        silent = stack.enter_context(on_tcp(FaultyDevice("mbap", Timing(), dead_units=frozenset({1}))))
        healthy = stack.enter_context(on_tcp(FaultyDevice("mbap", Timing())))
        lines = {f"line-{at}": f"tcp://127.0.0.1:{silent if at < 8 else healthy}" for at in range(16)}
        write_site(tmp_path, lines, [(line, 1) for line in lines], **PACE)
        _, listener = stack.enter_context(polling(tmp_path))
        eventually(lambda: len(listener.answered) == 16, 10)
        assert min(kept(listener, [f"line-{at}-1" for at in range(8, 16)])) >= 0.95
        assert 0 == sum(listener.answered[f"line-{at}-1"] for at in range(8))
