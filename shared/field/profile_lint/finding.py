"""What a rule found in a profile, and the profile as the rules see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.documents import Document, Mistake, Where
from shared.field.profile import Profile

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend (error), or to mend or to accept with a reason (warning)."""

    rule: str
    severity: Severity
    mistake: Mistake

    def __str__(self) -> str:
        return f"{self.mistake} [{self.severity}: {self.rule}]"


@dataclass(frozen=True, slots=True)
class Subject:
    """A profile under examination: as it was written, unrolled with its lines, and as the engine takes it."""

    written: Document
    document: Document
    profile: Profile

    def error(self, rule: str, where: Where, expected: str) -> Finding:
        return Finding(rule, "error", self.document.mistake(where, expected))

    def warning(self, rule: str, where: Where, expected: str) -> Finding:
        return Finding(rule, "warning", self.document.mistake(where, expected))

    def units(self, written_point: str | None = None) -> Mapping[str, str]:
        """The unit of every name an expression may use; `param` has that of the point which is written."""
        profile = self.profile
        units = {name: shown.unit for name in profile.names if (shown := profile.shown(name)) is not None}
        if written_point is not None:
            units["param"] = units.get(written_point, "")
        return units
