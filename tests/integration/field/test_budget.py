"""What `urbanops field plan` foretells of a serial line is what is measured on one: 9600 baud, thirty units."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from shared.bus.frames import Readings
from shared.clock import WallClock
from shared.contracts.message import Scalar
from shared.field.address import Address
from shared.field.budget import LineLoad, line_loads
from shared.field.configuration import load_configuration
from shared.field.engine import Engine
from shared.field.forecast import worst_ages
from shared.field.judgement import Judgement
from shared.field.profile_load import profiles_for
from shared.field.scanner import Scan
from shared.field.transports import Transport, open_transport
from shared.field.unit import Lost, Unit
from shared.site import load_site
from tests.faults.paced import PacedLine, on_paced_terminal
from tests.integration.field.gauges import AREA, write_site
from tests.waiting import eventually

UNITS = 30
DEAD = 3
EVERY_S = 2.5
WITHIN = 0.15


class Timed:
    """A transport that notes for how long a request was in flight."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.busy_s = 0.0

    def read(self, *question: Any) -> bytes:
        began_s = time.monotonic()
        try:
            return self._inner.read(*question)
        finally:
            self.busy_s += time.monotonic() - began_s

    def write(self, *question: Any) -> None:
        raise AssertionError("nothing is written here")

    mask_write = read_write = write

    def close(self) -> None:
        self._inner.close()


class Watching:
    """An engine's listener that notes how old the readings of each controller became before the next."""

    def __init__(self) -> None:
        self.taken_s: dict[str, float] = {}
        self.oldest_s: dict[str, float] = {}

    def write_computed(self, unit: Unit, point: str, value: Scalar) -> None:
        raise AssertionError("no point here is computed")

    def on_judgements(self, unit: Unit, judgements: Sequence[Judgement]) -> None: ...

    def on_backfill(self, unit: Unit, readings: Readings) -> None: ...

    def on_report(self, unit: Unit, indices: Sequence[int], scan: Scan) -> None: ...

    def on_found_again(self, unit: Unit, lost: Lost, at_s: float) -> None: ...

    def on_scan(self, unit: Unit, scan: Scan) -> None:
        if scan.answered:
            now_s = time.monotonic()
            if unit.id in self.taken_s:
                self.oldest_s[unit.id] = max(self.oldest_s.get(unit.id, 0.0), now_s - self.taken_s[unit.id])
            self.taken_s[unit.id] = now_s


def planned(folder: Path) -> LineLoad:
    library = profiles_for("flood", folder)
    return line_loads(load_site(folder), lambda entry: library.get(entry.profile, entry.parameters))[0]


def test_the_prediction_is_within_15_percent_of_what_is_measured(tmp_path: Path) -> None:
    line = PacedLine(answer_s=0.008)
    with on_paced_terminal(line) as address:
        units = [("bus", unit) for unit in range(1, UNITS + 1)]
        write_site(tmp_path, {"bus": address}, units, every_s=EVERY_S, timeout="250ms", answer_time="8ms")
        load = planned(tmp_path)
        healthy, with_dead = worst_ages(load), worst_ages(load, DEAD)
        timed: list[Timed] = []

        def open_timed(address: Address) -> Transport:
            timed.append(Timed(open_transport(address)))
            return timed[-1]

        listener = Watching()
        engine = Engine(
            load_configuration("flood", tmp_path), WallClock(), listener,
            takeover_quiet_s=12.0, transport_for=open_timed,
        )  # fmt: skip
        engine.run()
        engine.take(AREA)
        engine.start(AREA)
        try:
            eventually(lambda: len(listener.taken_s) == UNITS, 10)
            utilisation, oldest_s = watched(timed[0], listener, 7.5)
            line.dead_units = frozenset(int(name.removeprefix("bus-")) for name in with_dead.dead)
            _, oldest_with_dead_s = watched(timed[0], listener, 8.0)
        finally:
            engine.stop()
    assert utilisation == pytest.approx(load.utilisation, rel=WITHIN)
    assert UNITS == len(oldest_s)
    assert max(oldest_s.values()) == pytest.approx(healthy.worst_s, rel=WITHIN)
    living = [age_s for name, age_s in oldest_with_dead_s.items() if name not in with_dead.dead]
    assert UNITS - DEAD == len(living)
    assert max(living) == pytest.approx(with_dead.worst_s, rel=WITHIN)
    assert with_dead.worst_s > 1.5 * healthy.worst_s  # they do cost something: the second figure is not the first


def watched(transport: Timed, listener: Watching, seconds: float) -> tuple[float, dict[str, float]]:
    """The share of the time with a request in flight, and the greatest age of each controller's readings."""
    listener.oldest_s = {}
    busy_s, began_s = transport.busy_s, time.monotonic()
    eventually(lambda: time.monotonic() - began_s >= seconds, 2 * seconds)
    return (transport.busy_s - busy_s) / (time.monotonic() - began_s), dict(listener.oldest_s)
