"""What the engine says, on the lines' threads: handed on to telemetry, to the conditions and to the trade."""

from __future__ import annotations

from collections.abc import Sequence

from shared.bus.frames import ControllerSeen, Readings
from shared.bus.telemetry import TelemetrySender
from shared.contracts.message import Scalar
from shared.field.areas import Areas
from shared.field.gaps import Gaps
from shared.field.judgement import Judgement
from shared.field.reporter import Due
from shared.field.scanner import Scan
from shared.field.telling import in_columns, in_numbers, microseconds
from shared.field.trade import Trade
from shared.field.unit import Lost, Unit


class Hearing:
    """The engine's listener."""

    def __init__(self, areas: Areas, telemetry: TelemetrySender, gaps: Gaps, trade: Trade) -> None:
        self._areas = areas
        self._telemetry = telemetry
        self._gaps = gaps
        self._trade = trade

    def on_judgements(self, unit: Unit, judgements: Sequence[Judgement]) -> None:
        self._areas.apply(unit, judgements)

    def on_scan(self, unit: Unit, scan: Scan) -> None:  # noqa: ARG002 - the decider looks at the images itself
        area = self._areas.find(unit.area)
        if area is not None and unit.id in area.decided:
            area.decider.wake(unit.id)

    def on_report(self, unit: Unit, due: Due, scan: Scan) -> None:
        seen = ControllerSeen(unit.id, scan.group, microseconds(unit.image.last_good_s[scan.group]))
        readings = in_columns(unit.image, due.indices) if due.indices else None
        self._telemetry.report(unit.area, readings, seen, [in_numbers(each) for each in due.news])

    def on_found_again(self, unit: Unit, lost: Lost, at_s: float) -> None:
        self._gaps.tell(unit.area, lost.cause, lost.since_s, at_s, controller=unit.id, asset=unit.entry.asset)

    def on_backfill(self, unit: Unit, readings: Readings) -> None:
        self._telemetry.report(unit.area, readings)

    def write_computed(self, unit: Unit, point: str, value: Scalar) -> None:
        self._trade.write_computed(unit, point, value)
