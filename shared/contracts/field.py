"""What any service that owns field controllers says: conditions, command outcomes, ownership."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.contracts.message import Event, Forwarded, Params, Reason, Scalar, contract

Priority = Literal[1, 2, 3, 4]
"""1 = act now ... 4 = diagnostic or communication (IEC 62682 allows three or four)."""

Origin = Literal["operator", "automatic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionEvent(Event):
    """Something about one condition of one asset. (asset, condition) is the identity of the alarm it feeds."""

    trade: str
    asset: str
    condition: str
    """Code of the condition; a part behind ':' tells several of a kind apart (`offline:xinhua-rtu`)."""


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionRaised(ConditionEvent):
    """The condition is true now: known, and past its on-delay."""

    priority: Priority
    params: Params
    """The values that made it true, for the sentence: point name -> value at `taken_at`."""
    taken_at: datetime


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionCleared(ConditionEvent):
    """The condition is known to be false, past its off-delay; or its profile no longer has it."""

    reason: Literal["returned", "configuration"]
    taken_at: datetime


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionBecameUnknown(ConditionEvent):
    """The condition stood, and can no longer be judged. It is neither cleared nor raised by that."""

    cause: Literal["communication", "quality", "restart", "configuration"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingCondition:
    trade: str
    asset: str
    condition: str
    state: Literal["active", "unknown"]
    priority: Priority
    params: Params
    since: datetime


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionsStanding(Event):
    """Every condition of one trade that stands in the area now; whatever is not in it does not stand."""

    trade: str
    conditions: tuple[StandingCondition, ...]


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class ResyncRequested(Event):
    """A reader found a gap in `source`'s sequence: its owner answers with ConditionsStanding."""

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEvent(Event):
    """A line of a command's ledger."""

    trade: str
    asset: str
    command_id: str
    command: str
    params: Params
    origin: Origin
    actor: str
    requested_at: datetime


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSelected(CommandEvent):
    """Everything allows it, and until then no other command reaches the asset. Nothing is written yet."""

    until: datetime


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSending(CommandEvent):
    """The row `sending` is committed; the one write happens now."""


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandVerified(CommandEvent):
    """An independent feedback point agrees."""

    point: str
    value: Scalar
    duration_s: float


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFailed(CommandEvent):
    """Written and answered, but the device said no or the feedback never agreed."""

    reason: Reason


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRefused(CommandEvent):
    """Not written: an interlock, a right, a tag or a rate forbade it."""

    reason: Reason


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandUnconfirmed(CommandEvent):
    """Nobody knows whether the device acted: no answer, or a restart in between. Never sent again."""

    reason: Reason


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandExpired(CommandEvent):
    """Not written: its deadline had passed when its turn came."""

    reason: Reason


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandCancelled(CommandEvent):
    """Not written: withdrawn by its author before its turn came."""

    reason: Reason


OverrideEnding = Literal["expired", "replaced", "not_written", "command_gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideEvent(Event):
    """A command that holds for a while and releases itself. (asset, point) is its identity."""

    trade: str
    asset: str
    point: str
    command_id: str
    command: str


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideBegan(OverrideEvent):
    actor: str
    expires_at: datetime
    release: str
    """The command that releases it, with `release_params`."""
    release_params: Params


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideEnded(OverrideEvent):
    """`expired`: it released itself; `replaced`: another command went to the point; `not_written`: it never began;
    `command_gone`: the configuration no longer has the command that would release it, so what was written stays."""

    cause: OverrideEnding


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class AreaTaken(Event):
    """This instance owns the area's controllers from now on."""

    trade: str
    instance: str
    epoch: int


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class AreaReleased(Event):
    trade: str
    instance: str
    epoch: int
    cause: Literal["stopped", "broker", "configuration"]


GapCause = Literal["device", "link", "service", "broker", "disk_full"]
MarkKind = Literal["substituted", "out_of_service"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointMarkEvent(Event):
    """Somebody has said what a point is worth, or that it is worth nothing."""

    trade: str
    asset: str
    point: str
    kind: MarkKind
    by: str


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class PointMarked(PointMarkEvent):
    """`value` stands for the sensor's until `until`; None when the point is out of service."""

    value: Scalar
    reason: str
    since: datetime
    until: datetime


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class PointUnmarked(PointMarkEvent):
    """The point is worth what is read of it again."""

    cause: Literal["released", "expired"]


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class PointMarkRefused(Event):
    trade: str
    asset: str
    point: str
    by: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopTestEvent(Event):
    """Of the commissioning of a controller; `profile` is its profile's id and version."""

    trade: str
    controller: str
    asset: str
    profile: str
    remark: str
    by: str
    at: datetime


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class PointChecked(LoopTestEvent):
    """`value` was read while the device, or a meter beside it, showed `expected`."""

    point: str
    value: Scalar
    quality: str
    expected: str
    passed: bool


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerCommissioned(LoopTestEvent):
    """All its points have passed, and somebody signs for it: from now on it alarms and obeys."""

    points: int


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class LoopTestRefused(Event):
    trade: str
    controller: str
    point: str
    by: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerChange:
    """`parts`: which words about the controller are other ones now."""

    controller: str
    parts: tuple[Literal["added", "removed", "line", "controller", "profile", "rules"], ...]


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationChanged(Event):
    """An instance works by other files from now on. `by`: the accounts that own the files that changed."""

    trade: str
    instance: str
    digest: str
    previous: str
    files: tuple[str, ...]
    by: tuple[str, ...]
    controllers: tuple[str, ...]
    """Those that it touches."""
    changes: tuple[ControllerChange, ...]


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationRefused(Event):
    """Changed files were wrong: the instance works by what it had read before."""

    trade: str
    instance: str
    digest: str
    files: tuple[str, ...]
    by: tuple[str, ...]
    detail: str
    """What is wrong with them, a line each."""


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryGap(Event):
    """Readings that are missing between two moments, and why.

    `device`: the controller did not answer; `link`: nothing on its line did; `service`: nobody polled the area;
    `broker`: it was away for longer than the spool has room; `disk_full`: the spool could not be written. The first two
    concern one `controller`, the others the area; `batches_lost` counts what was read and could not be kept.
    """

    trade: str
    cause: GapCause
    from_time: datetime
    to_time: datetime
    batches_lost: int = 0
    controller: str = ""
    asset: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedValue:
    """One value as the device observed it. `element` is what the device's protocol calls it."""

    element: str
    value: Scalar
    quality: str
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a device said by itself. One that is sent again has the same `identity`, which is unique in its station.

    `sent_at` is the device's own clock when it was sent first; None when it does not say.
    """

    station: str
    identity: str
    sent_at: datetime | None
    values: tuple[ReportedValue, ...]


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class ReportForwarded(Forwarded):
    """A device reported to an instance that does not own its area; `arrived_at` is when it did."""

    trade: str
    controller: str
    report: Report
    arrived_at: datetime
