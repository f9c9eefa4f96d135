"""An alarm: orthogonal facts, from which the displayed state is derived, and the journal that leads to them.

What is kept are facts (is the condition true, do we know it, has somebody seen it, does it wait for a reset, why is it
hidden), never the displayed state: a state machine with one word for all of them loses a shelving when a suppression
comes, and an acknowledgement when the condition flickers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from typing import Literal

from shared.contracts.alarms import AlarmSnapshot, AlarmState
from shared.contracts.field import Priority
from shared.contracts.message import Params

Happening = Literal[
    "raised", "escalated", "cleared", "became_unknown", "became_known",
    "acknowledged", "reset", "realarmed",
    "shelved", "unshelved", "shelve_expired", "suppressed", "unsuppressed", "taken_out", "returned",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What rationalisation decided about a condition (IEC 62682, stage C)."""

    latching: bool = False
    """Stays after its condition is gone, until somebody resets it."""
    ack_required: bool = True
    """Must be seen by somebody; without it, an alarm that is gone is over."""
    shelvable: bool = True
    priority: Priority | None = None
    """Overrides the profile's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Which alarm: one condition of one asset. It keeps its identity over all its occurrences."""

    area: str
    trade: str
    asset: str
    condition: str

    @property
    def id(self) -> str:
        return f"{self.asset}~{self.condition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the journal. Whatever the alarm is, follows from its lines in the order of their `seq`."""

    seq: int
    time: datetime
    event: Happening
    actor: str | None = None
    comment: str | None = None
    priority: Priority | None = None
    """Raised and escalated: the priority from now on."""
    params: Params = field(default_factory=dict)
    """Raised and escalated: the values that made it true. Suppressed and unsuppressed: `rule`, the reason's id."""
    latching: bool = False
    ack_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    key: Key
    active: bool = False
    known: bool = True
    acknowledged: bool = True
    """This occurrence, or the lack of one, has been seen."""
    latched: bool = False
    """It will not go by itself: a latching occurrence that nobody has reset."""
    ack_required: bool = True
    shelved: bool = False
    suppressed_by: frozenset[str] = frozenset()
    out_of_service: bool = False
    news_inside: bool = False
    """It was raised or escalated while it was hidden: owed to the operator once it is shown again."""
    priority: Priority = 4
    params: Params = field(default_factory=dict)
    occurrence: int = 0
    seq: int = 0
    raised_at: datetime | None = None
    cleared_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    comment: str | None = None

    @property
    def hidden(self) -> bool:
        return self.shelved or self.out_of_service or bool(self.suppressed_by)

    @property
    def state(self) -> AlarmState:
        """What is displayed. Out of service hides before suppressed, suppressed before shelved."""
        if self.out_of_service:
            return "OOSRV"
        if self.suppressed_by:
            return "DSUPR"
        if self.shelved:
            return "SHLVD"
        if self.active:
            return "ACKED" if self.acknowledged else "UNACK"
        if self.latched:
            return "LACKD" if self.acknowledged else "LUNAK"
        return "NORM" if self.acknowledged else "RTNUN"

    def snapshot(self) -> AlarmSnapshot:
        return AlarmSnapshot(
            id=self.key.id,
            area=self.key.area,
            trade=self.key.trade,
            asset=self.key.asset,
            condition=self.key.condition,
            state=self.state,
            active=self.active,
            known=self.known,
            acknowledged=self.acknowledged,
            latched=self.latched,
            priority=self.priority,
            params=self.params,
            occurrence=self.occurrence,
            seq=self.seq,
            raised_at=self.raised_at,
            cleared_at=self.cleared_at,
            acknowledged_at=self.acknowledged_at,
            acknowledged_by=self.acknowledged_by,
            comment=self.comment,
        )


def replay(alarm: Alarm, lines: Iterable[Line]) -> Alarm:
    """The alarm after these lines; what it had already is skipped."""
    return reduce(evolve, (line for line in lines if line.seq > alarm.seq), alarm)


def evolve(alarm: Alarm, line: Line) -> Alarm:
    """One line further."""
    assert line.seq == alarm.seq + 1, f"line {line.seq} cannot follow {alarm.seq}"
    alarm = replace(alarm, seq=line.seq)
    match line.event:
        case "raised" | "escalated" | "cleared" | "became_unknown" | "became_known":
            return _on_condition(alarm, line)
        case "acknowledged" | "reset" | "realarmed":
            return _on_operator(alarm, line)
        case _:
            return _on_hiding(alarm, line)


def _on_condition(alarm: Alarm, line: Line) -> Alarm:
    match line.event:
        case "raised":
            assert line.priority is not None
            return _annunciate(
                replace(
                    alarm,
                    active=True,
                    known=True,
                    latched=line.latching,
                    ack_required=line.ack_required,
                    priority=line.priority,
                    params=line.params,
                    occurrence=alarm.occurrence + 1,
                    raised_at=line.time,
                    cleared_at=None,
                )
            )
        case "escalated":
            assert line.priority is not None
            return _annunciate(replace(alarm, priority=line.priority, params=line.params))
        case "cleared":
            # An alarm that need not be seen is over when its condition is; a latched one still waits for its reset.
            over = not alarm.ack_required and not alarm.latched
            seen = alarm.acknowledged or over
            return replace(alarm, active=False, known=True, acknowledged=seen, cleared_at=line.time)
        case "became_unknown":
            return replace(alarm, known=False)
        case _:
            return replace(alarm, known=True)


def _on_operator(alarm: Alarm, line: Line) -> Alarm:
    match line.event:
        case "acknowledged":
            return replace(
                alarm,
                acknowledged=True,
                acknowledged_at=line.time,
                acknowledged_by=line.actor,
                comment=line.comment,
            )
        case "reset":
            return replace(alarm, latched=False, comment=line.comment)
        case _:
            return replace(alarm, acknowledged=False, acknowledged_at=None, acknowledged_by=None)


def _on_hiding(alarm: Alarm, line: Line) -> Alarm:
    match line.event:
        case "shelved":
            return replace(alarm, shelved=True, comment=line.comment)
        case "unshelved":
            return _shown(replace(alarm, shelved=False), remind=False)
        case "shelve_expired":
            return _shown(replace(alarm, shelved=False), remind=True)
        case "suppressed":
            return replace(alarm, suppressed_by=alarm.suppressed_by | {str(line.params["rule"])})
        case "unsuppressed":
            return _shown(replace(alarm, suppressed_by=alarm.suppressed_by - {str(line.params["rule"])}), remind=False)
        case "taken_out":
            return replace(alarm, out_of_service=True, comment=line.comment)
        case _:
            return _shown(replace(alarm, out_of_service=False), remind=True)


def _annunciate(alarm: Alarm) -> Alarm:
    """Owed to an operator from now on, or once it is shown again."""
    if alarm.hidden:
        return replace(alarm, news_inside=True)
    return replace(alarm, acknowledged=False, acknowledged_at=None, acknowledged_by=None, comment=None)


def _shown(alarm: Alarm, *, remind: bool) -> Alarm:
    """The last reason to hide it is gone: what is owed now? `remind`: nobody decided that it is shown again."""
    if alarm.hidden:
        return alarm
    owed = alarm.news_inside if not alarm.active else alarm.news_inside or remind
    if owed and (alarm.active or alarm.latched):
        alarm = replace(alarm, acknowledged=False, acknowledged_at=None, acknowledged_by=None)
    return replace(alarm, news_inside=False)
