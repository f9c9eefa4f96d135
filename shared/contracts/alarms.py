"""What services/alarms says: the life of every alarm, each event with the alarm as it stands after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.contracts.field import Priority
from shared.contracts.message import Event, Params, Reason, contract

AlarmState = Literal["NORM", "UNACK", "ACKED", "RTNUN", "LUNAK", "LACKD", "SHLVD", "DSUPR", "OOSRV"]
"""Displayed state, ISA-18.2 mnemonics (never the letters, which differ by edition)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSnapshot:
    """An alarm as an operator sees it. `id` is `<asset>~<condition>`, `seq` grows by one with each journal line."""

    id: str
    area: str
    trade: str
    asset: str
    condition: str
    state: AlarmState
    active: bool
    known: bool
    """False: the condition stood when its readings were lost; nobody knows whether it still does."""
    acknowledged: bool
    latched: bool
    priority: Priority
    params: Params
    occurrence: int
    seq: int
    raised_at: datetime | None
    cleared_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmEvent(Event):
    alarm: AlarmSnapshot
    actor: str | None = None
    comment: str | None = None


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised(AlarmEvent):
    """Annunciated: a new occurrence, or a raise of one that stood unacknowledged."""


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmEscalated(AlarmEvent):
    """Its priority rose while it stood."""


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmCleared(AlarmEvent):
    """Its condition is known to be gone."""


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmBecameUnknown(AlarmEvent):
    """It stands, and nobody can say whether its condition still does."""


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmBecameKnown(AlarmEvent):
    """The readings are back and the condition still stands."""


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmAcknowledged(AlarmEvent):
    """`actor` has seen this occurrence."""


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmReset(AlarmEvent):
    """A latched alarm whose condition is gone was released by `actor`."""


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRequestRefused(Event):
    """An operator's wish about an alarm was refused; `alarm` is what it is now, None when there is no such alarm."""

    request_id: str
    alarm_id: str
    actor: str
    reason: Reason
    alarm: AlarmSnapshot | None
