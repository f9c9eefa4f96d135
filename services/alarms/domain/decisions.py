"""What may happen to an alarm: each wish or fact becomes journal lines, nothing, or a reason to refuse it.

The transitions are those of ISA-18.2 / IEC 62682 as `evolve` derives them. Facts about the condition are judged whether
the alarm is hidden or not; wishes of people are refused where the standard has no transition for them.
"""

from __future__ import annotations

from datetime import datetime

from services.alarms.domain.alarm import Alarm, Happening, Line, Rule, replay
from shared.contracts.field import Priority
from shared.contracts.message import Params, Reason

Decision = list[Line] | Reason
"""Lines for the journal, none when nothing changes; or why not."""


def on_raised(alarm: Alarm, rule: Rule, priority: Priority, params: Params, now: datetime) -> list[Line]:
    """The condition is known to be true. Only a priority above the standing one is news about an active alarm."""
    wanted = rule.priority or priority
    if not alarm.active:
        line = Line(
            seq=alarm.seq + 1,
            time=now,
            event="raised",
            priority=wanted,
            params=params,
            latching=rule.latching,
            ack_required=rule.ack_required,
        )
        return [line]
    known = [] if alarm.known else [Line(seq=alarm.seq + 1, time=now, event="became_known")]
    risen = escalate(replay(alarm, known), wanted, params, now) if wanted < alarm.priority else []
    assert not isinstance(risen, Reason), "it is active"
    return known + risen


def escalate(alarm: Alarm, priority: Priority, params: Params, now: datetime) -> Decision:
    """It has become worse while it stands."""
    if not alarm.active:
        return _refused("alarm_not_active", alarm)
    return [Line(seq=alarm.seq + 1, time=now, event="escalated", priority=priority, params=params)]


def on_cleared(alarm: Alarm, now: datetime) -> list[Line]:
    """The condition is known to be gone."""
    return [Line(seq=alarm.seq + 1, time=now, event="cleared")] if alarm.active else []


def on_unknown(alarm: Alarm, now: datetime) -> list[Line]:
    """Nobody can say any more: what stands goes on standing, marked."""
    return [Line(seq=alarm.seq + 1, time=now, event="became_unknown")] if alarm.active and alarm.known else []


def acknowledge(alarm: Alarm, expected_seq: int, actor: str, comment: str, now: datetime) -> Decision:
    if alarm.seq != expected_seq:
        return _changed(alarm, expected_seq)
    if alarm.hidden:
        return _refused("alarm_hidden", alarm)
    if alarm.acknowledged:
        return _refused("alarm_nothing_to_acknowledge", alarm)
    return [_wished(alarm, "acknowledged", actor, comment, now)]


def reset(alarm: Alarm, expected_seq: int, actor: str, comment: str, now: datetime) -> Decision:
    if alarm.seq != expected_seq:
        return _changed(alarm, expected_seq)
    if alarm.state != "LACKD":
        return _refused("alarm_not_resettable", alarm)
    return [_wished(alarm, "reset", actor, comment, now)]


def realarm(alarm: Alarm, now: datetime) -> list[Line]:
    """Remind of what was acknowledged long ago and still stands."""
    return [Line(seq=alarm.seq + 1, time=now, event="realarmed")] if alarm.state == "ACKED" else []


def shelve(alarm: Alarm, rule: Rule, actor: str, comment: str, now: datetime) -> Decision:
    if not rule.shelvable:
        return _refused("alarm_not_shelvable", alarm)
    if alarm.hidden:
        return _refused("alarm_hidden", alarm)
    return [_wished(alarm, "shelved", actor, comment, now)]


def unshelve(alarm: Alarm, actor: str, now: datetime) -> Decision:
    if not alarm.shelved:
        return _refused("alarm_not_shelved", alarm)
    return [_wished(alarm, "unshelved", actor, "", now)]


def expire_shelving(alarm: Alarm, now: datetime) -> Decision:
    if not alarm.shelved:
        return _refused("alarm_not_shelved", alarm)
    return [Line(seq=alarm.seq + 1, time=now, event="shelve_expired")]


def suppress(alarm: Alarm, rule_id: str, now: datetime) -> list[Line]:
    """By design: the logic `rule_id` says that it would mislead now."""
    if rule_id in alarm.suppressed_by:
        return []
    return [Line(seq=alarm.seq + 1, time=now, event="suppressed", params={"rule": rule_id})]


def unsuppress(alarm: Alarm, rule_id: str, now: datetime) -> list[Line]:
    if rule_id not in alarm.suppressed_by:
        return []
    return [Line(seq=alarm.seq + 1, time=now, event="unsuppressed", params={"rule": rule_id})]


def take_out(alarm: Alarm, actor: str, comment: str, now: datetime) -> Decision:
    """Out of service for maintenance; `comment` names the work order."""
    if alarm.out_of_service:
        return _refused("alarm_out_of_service", alarm)
    return [_wished(alarm, "taken_out", actor, comment, now)]


def put_back(alarm: Alarm, actor: str, comment: str, now: datetime) -> Decision:
    if not alarm.out_of_service:
        return _refused("alarm_not_out_of_service", alarm)
    return [_wished(alarm, "returned", actor, comment, now)]


def _wished(alarm: Alarm, event: Happening, actor: str, comment: str, now: datetime) -> Line:
    return Line(seq=alarm.seq + 1, time=now, event=event, actor=actor, comment=comment or None)


def _refused(code: str, alarm: Alarm) -> Reason:
    return Reason(code=code, params={"alarm": alarm.key.id, "state": alarm.state})


def _changed(alarm: Alarm, expected_seq: int) -> Reason:
    params: Params = {"alarm": alarm.key.id, "state": alarm.state, "seq": alarm.seq, "expected_seq": expected_seq}
    return Reason(code="alarm_changed", params=params)
