"""What services/flood says beside the field's own events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.contracts.message import Event, Reason, contract

WarningStage = Literal["blue", "yellow", "orange", "red"]

ControlMode = Literal["group", "rtu_automatic", "local", "unknown"]
"""Who decides about the pumps: the platform's group control, the RTU's own automatic, or the key switch at the site."""


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class WarningStageReached(Event):
    """A rainstorm warning stage by the rule file of the site (CMA decree 16/2007 unless the province has its own)."""

    asset: str
    stage: WarningStage
    window_h: int
    rain_mm: float


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class WarningStageEnded(Event):
    asset: str
    stage: WarningStage


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class ControlModeChanged(Event):
    asset: str
    mode: ControlMode
    previous: ControlMode


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class PumpTakenFromGroup(Event):
    """A dispatcher's start or stop took the pump out of group control until `expires_at` or 'return to group'."""

    asset: str
    pump: int
    actor: str
    expires_at: datetime


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class PumpReturnedToGroup(Event):
    asset: str
    pump: int
    cause: Literal["operator", "expired", "restart"]


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureAdvised(Event):
    """Close the underpass before it floods; the advice names its reason."""

    asset: str
    reason: Reason


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureAdviceEnded(Event):
    asset: str
