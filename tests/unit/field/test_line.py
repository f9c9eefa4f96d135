"""A line begins once, whoever starts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.clock import FakeClock
from shared.field.line import Line
from shared.field.pacer import Paced, Pacer
from shared.field.scanner import Scan
from tests.unit.field.profiles import profile
from tests.unit.field.test_scanner import Desk, Device


class InterruptedClock(FakeClock):
    """Somebody else comes in between when it is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.comes_between: Callable[[], None] | None = None

    def monotonic(self) -> float:
        comes, self.comes_between = self.comes_between, None
        if comes is not None:
            comes()
        return super().monotonic()


class WakingLater(Pacer):
    """Notes when it is to wake somebody."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.wakes: list[float] = []

    def at(self, due_s: float, line: Paced) -> None:
        self.wakes.append(due_s)


@dataclass
class Listener:
    scans: list[Scan] = field(default_factory=list)

    def on_scan(self, scan: Scan) -> None:
        self.scans.append(scan)


def test_a_line_that_is_started_while_it_is_being_started_polls_once() -> None:
    clock = InterruptedClock()
    desk = Desk(Device(), profile({"level": {"address": 0}}), clock)
    pacer, listener = WakingLater(clock), Listener()
    line = Line("line", desk.device, [desk.scanner], clock, listener, pacer)
    clock.comes_between = line.start
    line.start()
    assert 1 == len(pacer.wakes)
    clock.advance(2)
    line.run(lambda: None, 5)  # with it goes what is due
    line.run(lambda: None, 5)
    line.stop()
    assert 1 == len(listener.scans)
