"""What people have set in the areas of one trade, and holds until it ends: overrides, marks, loop tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.database import Session
from shared.field import storage
from shared.field.commissioning import Commissioning
from shared.field.engine import Unit
from shared.field.marks import Marks
from shared.field.overrides import Overrides


@dataclass(frozen=True, slots=True)
class ByHand:
    overrides: Overrides
    marks: Marks
    commissioning: Commissioning

    def remember(self, session: Session, area: str) -> None:
        """What the database says of an area."""
        self.overrides.remember(storage.list_overrides(session, area))
        self.marks.remember(storage.list_marks(session, area))
        self.commissioning.remember(*storage.list_loop_tests(session, area))

    def forget(self, area: str) -> None:
        """Another owner has it now."""
        self.overrides.forget(area)
        self.marks.forget(area)

    def show(self, units: Sequence[Unit]) -> None:
        """Lay it over units that were just built."""
        self.marks.show(units)
        self.commissioning.hush(units)
