"""What reaches a service: facts it hears, wishes it carries out, questions it answers, scans of its controllers.

A service's wiring starts from this table, whether nameko's workers stand behind it or plain functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.bus.consumer import Handler
from shared.contracts.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrypoints:
    hears: Mapping[type[Message], Handler] = field(default_factory=dict)
    does: Mapping[type[Message], Handler] = field(default_factory=dict)
    answers: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Queries by name; arguments and answers are what JSON can carry."""
    scanned: Callable[..., Any] | None = None
    """Takes what the field engine delivers; returns when it has been decided upon."""


class App(Protocol):
    """What the wiring of a service builds. Neither call may need a broker or a database."""

    def start(self, entrypoints: Entrypoints) -> None: ...

    def stop(self) -> None: ...
