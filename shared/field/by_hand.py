"""What people have set in the areas of one trade, and holds until it ends: overrides, marks, loop tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.field import ControllerCommissioned, OverrideBegan, PointChecked, PointMarked
from shared.contracts.message import Event
from shared.database import Session
from shared.field import storage
from shared.field.commissioning import Commissioning
from shared.field.marks import Marks
from shared.field.overrides import Overrides
from shared.field.unit import Unit


@dataclass(frozen=True, slots=True)
class SetByHand:
    """What a database says of one area."""

    overrides: Sequence[OverrideBegan]
    marks: Sequence[PointMarked]
    checks: Sequence[PointChecked]
    signed: Sequence[ControllerCommissioned]

    @classmethod
    def read(cls, session: Session, area: str) -> SetByHand:
        checks, signed = storage.list_loop_tests(session, area)
        return cls(storage.list_overrides(session, area), storage.list_marks(session, area), checks, signed)


@dataclass(frozen=True, slots=True)
class ByHand:
    overrides: Overrides
    marks: Marks
    commissioning: Commissioning

    def remember(self, area: str, read: SetByHand, units: Sequence[Unit]) -> list[Event]:
        """Believe what was read of an area, but for what this run has changed, and lay it over its units. What is to be
        said of it."""
        self.marks.remember(area, read.marks, units)
        self.commissioning.remember(read.checks, read.signed)
        self.commissioning.hush(units)
        return self.overrides.remember(area, read.overrides)

    def forget(self, area: str) -> None:
        """Another owner has it now."""
        self.overrides.forget(area)
        self.marks.forget(area)

    def show(self, units: Sequence[Unit]) -> None:
        """Lay it over units that were just built."""
        self.marks.show(units)
        self.commissioning.hush(units)
