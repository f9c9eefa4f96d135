"""What the gateway says: the wishes of people, and the audit of what they did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.contracts.field import MarkKind
from shared.contracts.message import Actor, Command, Event, Params, Scalar, contract


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class Operate(Command):
    """Carry out a command that the asset's profile (or its trade) offers."""

    trade: str
    command_id: str
    asset: str
    command: str
    params: Params
    reason: str
    actor: Actor
    requested_at: datetime


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class SelectOperate(Command):
    """Lock the asset for this command of this person, so that the Operate that follows finds it as it was shown."""

    trade: str
    command_id: str
    asset: str
    command: str
    params: Params
    reason: str
    actor: Actor
    requested_at: datetime


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOperate(Command):
    """Withdraw a command that is not yet on the wire."""

    trade: str
    command_id: str
    actor: Actor


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPoint(Command):
    """Take `value` for what the point is worth, or take the point out of service, until a time."""

    trade: str
    asset: str
    point: str
    kind: MarkKind
    value: Scalar
    reason: str
    until: datetime
    actor: Actor


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class UnmarkPoint(Command):
    """Let the point be worth what is read of it again."""

    trade: str
    asset: str
    point: str
    actor: Actor


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPoint(Command):
    """Of a loop test: the point was compared with what it should be."""

    trade: str
    controller: str
    point: str
    expected: str
    passed: bool
    remark: str
    actor: Actor


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class SignLoopTest(Command):
    """All points have passed: put the controller into service."""

    trade: str
    controller: str
    remark: str
    actor: Actor


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeAlarm(Command):
    """Seen, as it stood at `expected_seq`; if it changed since, it was not seen and the wish is refused."""

    request_id: str
    alarm_id: str
    expected_seq: int
    comment: str
    actor: Actor


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class ResetAlarm(Command):
    """Release a latched alarm whose condition is gone."""

    request_id: str
    alarm_id: str
    expected_seq: int
    comment: str
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent(Event):
    """Who did what, from where. `area` is the city for whatever concerns no single area."""

    username: str
    address: str


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn(AuditEvent):
    pass


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRefused(AuditEvent):
    cause: str


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOut(AuditEvent):
    pass


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSubmitted(AuditEvent):
    command_id: str
    asset: str
    command: str
    params: Params
    reason: str


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandApproved(AuditEvent):
    """A selected command is to be carried out."""

    command_id: str
    asset: str
    command: str


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class PointMarkSubmitted(AuditEvent):
    """`kind` is empty when a mark is to end."""

    asset: str
    point: str
    kind: str
    value: Scalar
    reason: str


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class LoopTestSubmitted(AuditEvent):
    """A point was checked, or, with an empty `point`, the whole was signed."""

    controller: str
    point: str
    passed: bool
    expected: str
    remark: str


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmActionSubmitted(AuditEvent):
    request_id: str
    alarm_id: str
    action: str
    expected_seq: int
    comment: str


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class LogbookEntryWritten(Event):
    """What somebody on duty put on record, of the moment `about`. It is never changed: an entry that `corrects` another
    one stands beside it. Chained with the audit, and shown to all who may view the area.
    """

    entry_id: str
    username: str
    about: datetime
    text: str
    asset: str | None
    corrects: str | None


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanged(AuditEvent):
    """An account was created, changed or closed by `username`."""

    account: str
    change: str


@contract
@dataclass(frozen=True, slots=True, kw_only=True)
class TokenChanged(AuditEvent):
    """A bearer token was issued or revoked by `username`."""

    account: str
    token_id: str
    change: str
