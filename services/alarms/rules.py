"""Reads the rationalisation file: which rule holds for a condition."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.alarms.domain.alarm import Rule
from shared.contracts.field import Priority
from shared.documents import read_document, validate


class RuleEntry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    latching: bool | None = None
    ack_required: bool | None = None
    shelvable: bool | None = None
    priority: Priority | None = None


class Rationalisation(BaseModel):
    """The whole file. An entry overrides only what it names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rationalisation: Literal["rationalisation/v1"]
    defaults: RuleEntry = RuleEntry()
    conditions: dict[str, RuleEntry] = Field(default_factory=dict)

    def rule_for(self, condition: str) -> Rule:
        """By the code before ':', the exact name before a pattern, patterns in the order of the file."""
        code = condition.partition(":")[0]
        patterns = [entry for pattern, entry in self.conditions.items() if fnmatchcase(code, pattern)]
        chosen = [self.conditions[code]] if code in self.conditions else patterns[:1]
        merged = self.defaults.model_dump(exclude_none=True)
        for entry in chosen:
            merged |= entry.model_dump(exclude_none=True)
        return Rule(**merged)


def load_rationalisation(path: Path) -> Rationalisation:
    """Raises MalformedDocument."""
    return validate(read_document(path), Rationalisation)
