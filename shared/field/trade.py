"""The port behind which a trade stands: what a service adds to being an owner of controllers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from shared.contracts.message import Scalar
from shared.field.commands import Outcome
from shared.field.unit import Unit
from shared.field.wish import Wish


class Trade(Protocol):
    """What a service adds to being an owner. Called with nothing held; must be quick, but for `on_scan`."""

    def take(self, area: str, units: Sequence[Unit], memories: Mapping[str, dict[str, Any]]) -> None: ...

    def recall(self, area: str, memories: Mapping[str, dict[str, Any]]) -> None:
        """The database was away when the area was taken: only now is it known what it knew before."""
        ...

    def release(self, units: Sequence[Unit]) -> None: ...

    def decides(self, unit: Unit) -> bool:
        """Does anything hang on this taken unit's scans beyond its profile's conditions?"""
        ...

    def memories(self, area: str) -> dict[str, dict[str, Any]]:
        """What must be known of each asset after a restart."""
        ...

    def remember(self, area: str, asset: str, condition: str) -> bool:
        """After a restart: this condition of the trade's own stood. False when it has none such, or its controller is
        silent."""
        ...

    def write_computed(self, unit: Unit, point: str, value: Scalar) -> None: ...

    def on_command_started(self, wish: Wish) -> None:
        """Its row says `sending`; it is written next."""
        ...

    def on_command_ended(self, wish: Wish, outcome: Outcome) -> None: ...
