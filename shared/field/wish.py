"""A command as it was wished, by a person or by the platform itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.field import Origin
from shared.contracts.message import Actor, Params


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    command_id: str
    area: str
    asset: str
    command: str
    params: Params
    reason: str
    origin: Origin
    actor: Actor
    requested_at: datetime
    deadline: datetime
    correlation_id: str
    causation_id: str | None = None


PLATFORM = Actor(username="urbanops", role="system", scopes=())
"""Who acts when nobody pressed a button."""
