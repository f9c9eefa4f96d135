"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Check:
    """`todo`: what to do about it, where it is not ok."""

    verdict: Literal["ok", "warning", "wrong"]
    subject: str
    found: str
    todo: str = ""

    def __str__(self) -> str:
        return f"{self.verdict:<8} {self.subject}: {self.found}{f'. {self.todo}' if self.todo else ''}"
