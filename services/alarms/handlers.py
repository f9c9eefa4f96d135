"""load -> decide -> save, one function per event or command. Each runs inside the one transaction of its message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.alarms.domain import decisions
from services.alarms.domain.alarm import Alarm, Key, Rule
from services.alarms.domain.platform import Change
from services.alarms.storage import Alarms
from shared.bus.bus import PLATFORM
from shared.bus.outbox import Cause
from shared.contracts.alarms import AlarmRequestRefused
from shared.contracts.envelope import Envelope
from shared.contracts.field import (
    ConditionBecameUnknown,
    ConditionCleared,
    ConditionEvent,
    ConditionRaised,
    ConditionsStanding,
    Priority,
    StandingCondition,
)
from shared.contracts.gateway import AcknowledgeAlarm, ResetAlarm
from shared.contracts.message import Reason

PLATFORM_PRIORITY: Priority = 3
"""Of conditions of the platform, where rationalisation says nothing else."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What a handler works with: the repository of this transaction, the rules, and the time."""

    alarms: Alarms
    rule_for: Callable[[str], Rule]
    now: datetime


def on_condition_raised(event: ConditionRaised, envelope: Envelope, unit: Unit) -> None:
    alarm = unit.alarms.get_or_new(_key(event))
    rule = unit.rule_for(event.condition)
    lines = decisions.on_raised(alarm, rule, event.priority, event.params, envelope.time)
    unit.alarms.save(alarm, lines, Cause.of(envelope))


def on_condition_cleared(event: ConditionCleared, envelope: Envelope, unit: Unit) -> None:
    alarm = unit.alarms.get_or_new(_key(event))
    unit.alarms.save(alarm, decisions.on_cleared(alarm, envelope.time), Cause.of(envelope))


def on_condition_became_unknown(event: ConditionBecameUnknown, envelope: Envelope, unit: Unit) -> None:
    alarm = unit.alarms.get_or_new(_key(event))
    unit.alarms.save(alarm, decisions.on_unknown(alarm, envelope.time), Cause.of(envelope))


def on_conditions_standing(event: ConditionsStanding, envelope: Envelope, unit: Unit) -> None:
    """The owner tells everything that stands: what we have beyond it does not stand, what we missed is made up for."""
    cause = Cause.of(envelope)
    standing = {Key(area=event.area, trade=each.trade, asset=each.asset, condition=each.condition): each
                for each in event.conditions}  # fmt: skip
    for alarm in unit.alarms.list_active(event.area, event.trade):
        if alarm.key not in standing:
            unit.alarms.save(alarm, decisions.on_cleared(alarm, envelope.time), cause)
    for key, condition in standing.items():
        _reconcile(key, condition, cause, unit)


def on_nothing_parked(alarms: list[Alarm], unit: Unit) -> None:
    """The queue of parked messages is empty: somebody has dealt with them."""
    for alarm in alarms:
        unit.alarms.save(alarm, decisions.on_cleared(alarm, unit.now), None)


def on_platform_changes(changes: Sequence[Change], city: str, unit: Unit) -> None:
    """What the heartbeats say of the platform itself, in the order in which it happened."""
    for change in changes:
        fault = change.fault
        key = Key(area=city, trade=PLATFORM, asset=fault.service, condition=fault.condition)
        alarm = unit.alarms.get_or_new(key)
        match change.kind:
            case "raised":
                rule = unit.rule_for(fault.condition)
                lines = decisions.on_raised(alarm, rule, PLATFORM_PRIORITY, change.params, change.time)
            case "cleared":
                lines = decisions.on_cleared(alarm, change.time)
            case "unknown":
                lines = decisions.on_unknown(alarm, change.time)
        unit.alarms.save(alarm, lines, None)


def do_acknowledge(command: AcknowledgeAlarm, envelope: Envelope, unit: Unit) -> None:
    _do(command, envelope, unit, decisions.acknowledge)


def do_reset(command: ResetAlarm, envelope: Envelope, unit: Unit) -> None:
    _do(command, envelope, unit, decisions.reset)


_Decide = Callable[[Alarm, int, str, str, datetime], decisions.Decision]


def _do(command: AcknowledgeAlarm | ResetAlarm, envelope: Envelope, unit: Unit, decide: _Decide) -> None:
    """The actor's right is checked here again; whoever asked gets an answer in any case."""
    alarm = unit.alarms.find(command.alarm_id)
    actor = command.actor
    decision: decisions.Decision
    if alarm is None or alarm.key.area != command.area:
        alarm, decision = None, Reason(code="alarm_missing", params={"alarm": command.alarm_id})
    elif not actor.may("acknowledge", alarm.key.trade, alarm.key.area):
        decision = Reason(code="alarm_forbidden", params={"alarm": command.alarm_id, "actor": actor.username})
    elif envelope.deadline is not None and unit.now > envelope.deadline:
        decision = Reason(code="alarm_request_expired", params={"alarm": command.alarm_id})
    else:
        decision = decide(alarm, command.expected_seq, actor.username, command.comment, unit.now)
    if alarm is not None and not isinstance(decision, Reason):
        unit.alarms.save(alarm, decision, Cause.of(envelope))
        return
    assert isinstance(decision, Reason)
    refused = AlarmRequestRefused(
        area=command.area,
        request_id=command.request_id,
        alarm_id=command.alarm_id,
        actor=actor.username,
        reason=decision,
        alarm=None if alarm is None else alarm.snapshot(),
    )
    unit.alarms.say(refused, Cause.of(envelope))


def _reconcile(key: Key, condition: StandingCondition, cause: Cause, unit: Unit) -> None:
    alarm = unit.alarms.get_or_new(key)
    if condition.state == "active" or not alarm.active:
        lines = decisions.on_raised(
            alarm, unit.rule_for(key.condition), condition.priority, condition.params, condition.since
        )
        alarm = unit.alarms.save(alarm, lines, cause)
    if condition.state == "unknown":
        unit.alarms.save(alarm, decisions.on_unknown(alarm, unit.now), cause)


def _key(event: ConditionEvent) -> Key:
    return Key(area=event.area, trade=event.trade, asset=event.asset, condition=event.condition)
