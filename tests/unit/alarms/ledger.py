"""Play events on an alarm by their names, as in the tables of ISA-18.2: "raise, ack, clear"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from services.alarms.domain import decisions
from services.alarms.domain.alarm import Alarm, Key, Line, Rule, replay
from services.alarms.domain.decisions import Decision
from shared.contracts.message import Reason

START = datetime(2026, 7, 29, 10, 0, tzinfo=UTC)
KEY = Key(area="tangshan/lubei/xinhuadao", trade="flood", asset="xinhua", condition="level_high")
PLAIN, LATCHING = Rule(), Rule(latching=True)
REFUSED = "x"

EVENTS: dict[str, Callable[[Alarm, Rule, datetime], Decision]] = {
    "raise": lambda alarm, rule, now: decisions.on_raised(alarm, rule, 3, {"level": 5.2}, now),
    "escalate": lambda alarm, _, now: decisions.escalate(alarm, 1, {"level": 5.9}, now),
    "clear": lambda alarm, _, now: decisions.on_cleared(alarm, now),
    "unknown": lambda alarm, _, now: decisions.on_unknown(alarm, now),
    "ack": lambda alarm, _, now: decisions.acknowledge(alarm, alarm.seq, "wang", "seen", now),
    "reset": lambda alarm, _, now: decisions.reset(alarm, alarm.seq, "wang", "", now),
    "realarm": lambda alarm, _, now: decisions.realarm(alarm, now),
    "shelve": lambda alarm, rule, now: decisions.shelve(alarm, rule, "wang", "pump out", now),
    "unshelve": lambda alarm, _, now: decisions.unshelve(alarm, "wang", now),
    "shelve_timeout": lambda alarm, _, now: decisions.expire_shelving(alarm, now),
    "suppress": lambda alarm, _, now: decisions.suppress(alarm, "parent", now),
    "unsuppress": lambda alarm, _, now: decisions.unsuppress(alarm, "parent", now),
    "oos_in": lambda alarm, _, now: decisions.take_out(alarm, "wang", "work order 7", now),
    "oos_out": lambda alarm, _, now: decisions.put_back(alarm, "wang", "", now),
}


@dataclass
class Ledger:
    """An alarm, and everything that happened to it."""

    rule: Rule = PLAIN
    alarm: Alarm = field(default_factory=lambda: Alarm(key=KEY))
    lines: list[Line] = field(default_factory=list)

    def play(self, *events: str) -> str:
        """The displayed state after the last event, or `x` when that was refused."""
        outcome: str = self.alarm.state
        for event in events:
            outcome = self._play_one(event)
        return outcome

    def _play_one(self, event: str) -> str:
        now = START + timedelta(seconds=len(self.lines))
        decision = EVENTS[event](self.alarm, self.rule, now)
        if isinstance(decision, Reason):
            return REFUSED
        self.lines += decision
        self.alarm = replay(self.alarm, decision)
        return self.alarm.state


def played(*events: str, rule: Rule = PLAIN) -> Ledger:
    ledger = Ledger(rule)
    outcome = ledger.play(*events)
    assert outcome != REFUSED, f"{events} cannot happen"
    return ledger
