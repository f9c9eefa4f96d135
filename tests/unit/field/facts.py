"""Facts for expressions, as plain tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.contracts.message import Scalar


@dataclass
class Table:
    """Whatever is not in `values` is not known."""

    values: dict[str, Scalar]
    limits: dict[tuple[str, str], float] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    changed: dict[str, float] = field(default_factory=dict)
    now_s: float = 1000.0

    def value(self, point: str) -> Scalar:
        return self.values.get(point)

    def limit(self, point: str, limit: str) -> float | None:
        return self.limits.get((point, limit))

    def taken_at_s(self, point: str) -> float | None:
        return self.taken.get(point)

    def changed_at_s(self, point: str) -> float | None:
        return self.changed.get(point)
