"""Whatever happens, in whatever order: the invariants of alarm management."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.alarms.domain.alarm import Alarm, Rule, replay
from tests.unit.alarms.ledger import EVENTS, KEY, REFUSED, Ledger

CONDITION_EVENTS = {"raise", "clear"}
SHOWING_EVENTS = {"unshelve", "shelve_timeout", "unsuppress", "oos_out"}


class AlarmLife(RuleBasedStateMachine):
    """Keeps its own account of what is owed, and compares."""

    @initialize(latching=st.booleans(), ack_required=st.booleans(), shelvable=st.booleans())
    def begin(self, latching: bool, ack_required: bool, shelvable: bool) -> None:
        self.ledger = Ledger(Rule(latching=latching, ack_required=ack_required, shelvable=shelvable))
        self.owed = False
        self.news_inside = False
        self.waits_for_reset = False

    @rule(event=st.sampled_from(sorted(EVENTS)))
    def play(self, event: str) -> None:
        before = self.ledger.alarm
        outcome = self.ledger.play(event)
        after = self.ledger.alarm
        if outcome == REFUSED:
            assert before == after
            return
        self.account(event, before, after)
        self.check_step(event, before, after)

    def account(self, event: str, before: Alarm, after: Alarm) -> None:
        news = (event == "raise" and not before.active) or event == "escalate"
        if news and before.hidden:
            self.news_inside = True
        elif news:
            self.owed = True
        if event == "raise" and not before.active:
            self.waits_for_reset = self.ledger.rule.latching
        if event == "ack":
            self.owed = False
        if event == "realarm" and before.state == "ACKED":
            self.owed = True
        if event == "reset":
            self.waits_for_reset = False
        if event == "clear" and not self.ledger.rule.ack_required and not self.waits_for_reset:
            self.owed = False
        if before.hidden and not after.hidden:
            remind = event in ("shelve_timeout", "oos_out")
            if after.active and (self.news_inside or remind):
                self.owed = True
            if not after.active and self.news_inside and self.waits_for_reset:
                self.owed = True
            self.news_inside = False

    def check_step(self, event: str, before: Alarm, after: Alarm) -> None:
        if before.active != after.active:
            assert event in CONDITION_EVENTS, "only raise and clear change what is true"
        if event == "ack":
            assert before.active == after.active
        if after.state == "ACKED" and before.state != "ACKED":
            assert event == "ack" or event in SHOWING_EVENTS, "acknowledged by a person, or shown again as it was"
        if before.state in ("UNACK", "RTNUN") and after.state == "NORM":
            assert event == "ack" or not self.ledger.rule.ack_required, "never over unseen"
        if before.hidden and not after.hidden and before.news_inside and after.active:
            assert after.state == "UNACK", "what came while it was hidden is owed"
        if event == "reset":
            assert (before.state, after.state) == ("LACKD", "NORM")
        if before.hidden:
            assert event not in ("ack", "reset")

    @invariant()
    def displayed_as_accounted(self) -> None:
        if not hasattr(self, "ledger"):
            return
        alarm = self.ledger.alarm
        if alarm.hidden:
            assert alarm.state in ("SHLVD", "DSUPR", "OOSRV")
            return
        expected = {
            (True, True): "UNACK",
            (True, False): "ACKED",
            (False, True): "LUNAK" if self.waits_for_reset else "RTNUN",
            (False, False): "LACKD" if self.waits_for_reset else "NORM",
        }[alarm.active, self.owed]
        assert expected == alarm.state

    @invariant()
    def the_journal_tells_the_whole_story(self) -> None:
        if not hasattr(self, "ledger"):
            return
        lines, alarm = self.ledger.lines, self.ledger.alarm
        assert alarm == replay(Alarm(key=KEY), lines)
        assert alarm == replay(alarm, lines), "lines it had already change nothing"
        assert list(range(1, len(lines) + 1)) == [line.seq for line in lines]
        assert alarm.occurrence == sum(line.event == "raised" for line in lines)


AlarmLife.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestAlarmLife = AlarmLife.TestCase
