"""The transition table of ISA-18.2 / IEC 62682, cell by cell. `x` = refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.alarms.domain import decisions
from services.alarms.domain.alarm import Rule
from shared.contracts.message import Reason
from tests.unit.alarms.ledger import EVENTS, LATCHING, PLAIN, REFUSED, START, Ledger, played

TABLE = """
state  raise escalate clear ack   reset realarm shelve unshelve shelve_timeout suppress unsuppress oos_in oos_out
NORM   UNACK x        NORM  x     x     NORM    SHLVD  x        x              DSUPR    NORM       OOSRV  x
UNACK  UNACK UNACK    RTNUN ACKED x     UNACK   SHLVD  x        x              DSUPR    UNACK      OOSRV  x
ACKED  ACKED UNACK    NORM  x     x     UNACK   SHLVD  x        x              DSUPR    ACKED      OOSRV  x
RTNUN  UNACK x        RTNUN NORM  x     RTNUN   SHLVD  x        x              DSUPR    RTNUN      OOSRV  x
"""
LATCHING_TABLE = """
state  raise escalate clear ack   reset realarm shelve unshelve shelve_timeout suppress unsuppress oos_in oos_out
NORM   UNACK x        NORM  x     x     NORM    SHLVD  x        x              DSUPR    NORM       OOSRV  x
UNACK  UNACK UNACK    LUNAK ACKED x     UNACK   SHLVD  x        x              DSUPR    UNACK      OOSRV  x
ACKED  ACKED UNACK    LACKD x     x     UNACK   SHLVD  x        x              DSUPR    ACKED      OOSRV  x
LUNAK  UNACK x        LUNAK LACKD x     LUNAK   SHLVD  x        x              DSUPR    LUNAK      OOSRV  x
LACKD  UNACK x        LACKD x     NORM  LACKD   SHLVD  x        x              DSUPR    LACKD      OOSRV  x
"""
REACHED_BY = {
    "NORM": [],
    "UNACK": ["raise"],
    "ACKED": ["raise", "ack"],
    "RTNUN": ["raise", "clear"],
    "LUNAK": ["raise", "clear"],
    "LACKD": ["raise", "ack", "clear"],
}


def cells(table: str, rule: Rule) -> Iterator[tuple[Rule, str, str, str]]:
    header, *rows = [line.split() for line in table.strip().splitlines()]
    for state, *outcomes in rows:
        yield from ((rule, state, event, outcome) for event, outcome in zip(header[1:], outcomes, strict=True))


@pytest.mark.parametrize(
    ("rule", "state", "event", "expected"), [*cells(TABLE, PLAIN), *cells(LATCHING_TABLE, LATCHING)]
)
def test_each_cell_of_the_table(rule: Rule, state: str, event: str, expected: str) -> None:
    ledger = played(*REACHED_BY[state], rule=rule)
    assert state == ledger.alarm.state
    assert expected == ledger.play(event)
    if expected == REFUSED:
        assert state == ledger.alarm.state


def test_an_alarm_that_need_not_be_seen_is_over_when_its_condition_is() -> None:
    unseen = Rule(ack_required=False)
    assert "NORM" == played("raise", "clear", rule=unseen).alarm.state
    assert "LUNAK" == played("raise", "clear", rule=Rule(ack_required=False, latching=True)).alarm.state


HIDE_AND_SHOW = {
    "shelved, unshelved": ("shelve", "unshelve", False),
    "shelved, time is over": ("shelve", "shelve_timeout", True),
    "suppressed, unsuppressed": ("suppress", "unsuppress", False),
    "taken out of service, put back": ("oos_in", "oos_out", True),
}


@pytest.mark.parametrize(("hide", "show", "reminds"), HIDE_AND_SHOW.values(), ids=HIDE_AND_SHOW)
@pytest.mark.parametrize(
    ("rule", "before", "inside", "shown", "reminded"),
    [
        (PLAIN, ["raise", "ack"], ["clear", "raise"], "UNACK", "UNACK"),
        (PLAIN, [], ["raise"], "UNACK", "UNACK"),
        (PLAIN, ["raise", "ack"], ["escalate"], "UNACK", "UNACK"),
        (PLAIN, ["raise", "ack"], [], "ACKED", "UNACK"),
        (PLAIN, ["raise"], [], "UNACK", "UNACK"),
        (PLAIN, [], ["raise", "clear"], "NORM", "NORM"),
        (PLAIN, ["raise", "ack"], ["clear"], "NORM", "NORM"),
        (PLAIN, ["raise", "ack"], ["clear", "raise", "clear"], "NORM", "NORM"),
        (PLAIN, ["raise"], ["clear"], "RTNUN", "RTNUN"),
        (PLAIN, ["raise"], ["clear", "raise", "clear"], "RTNUN", "RTNUN"),
        (PLAIN, ["raise", "clear"], [], "RTNUN", "RTNUN"),
        (PLAIN, ["raise", "clear"], ["raise", "clear"], "RTNUN", "RTNUN"),
        (LATCHING, ["raise"], ["clear"], "LUNAK", "LUNAK"),
        (LATCHING, ["raise", "ack"], ["clear"], "LACKD", "LACKD"),
        (LATCHING, [], ["raise", "clear"], "LUNAK", "LUNAK"),
        (LATCHING, ["raise", "ack", "clear"], ["raise", "clear"], "LUNAK", "LUNAK"),
        (LATCHING, ["raise", "ack", "clear"], [], "LACKD", "LACKD"),
    ],
)
def test_what_is_owed_when_the_last_reason_to_hide_it_is_gone(
    rule: Rule,
    before: list[str],
    inside: list[str],
    shown: str,
    reminded: str,
    hide: str,
    show: str,
    reminds: bool,
) -> None:
    ledger = played(*before, hide, rule=rule)
    hidden = ledger.alarm.state
    for event in inside:
        assert hidden == ledger.play(event)
    assert (reminded if reminds else shown) == ledger.play(show)


@pytest.mark.parametrize("hide", ["shelve", "suppress", "oos_in"])
@pytest.mark.parametrize("event", ["ack", "reset", "shelve"])
def test_a_hidden_alarm_can_be_neither_acknowledged_nor_reset_nor_shelved(hide: str, event: str) -> None:
    assert REFUSED == played("raise", hide).play(event)


def test_reasons_to_hide_do_not_lose_each_other() -> None:
    ledger = played("raise", "ack", "shelve", "suppress", "oos_in")
    assert ["OOSRV", "DSUPR", "SHLVD"] == [ledger.alarm.state, ledger.play("oos_out"), ledger.play("unsuppress")]
    assert "ACKED" == ledger.play("unshelve")


def test_a_condition_that_cannot_be_judged_changes_nothing_but_what_is_known() -> None:
    ledger = played("raise", "ack", "unknown")
    assert ("ACKED", True, False) == (ledger.alarm.state, ledger.alarm.active, ledger.alarm.known)
    assert "ACKED" == ledger.play("raise")
    assert ledger.alarm.known
    assert ["raised", "acknowledged", "became_unknown", "became_known"] == [line.event for line in ledger.lines]
    assert "NORM" == ledger.play("unknown", "clear")
    assert ledger.alarm.known


def test_each_raise_is_a_numbered_occurrence_with_its_own_acknowledgement() -> None:
    ledger = played("raise", "ack", "clear", "raise")
    assert (2, None, None) == (ledger.alarm.occurrence, ledger.alarm.acknowledged_by, ledger.alarm.comment)
    ledger.play("ack")
    assert ("wang", "seen") == (ledger.alarm.acknowledged_by, ledger.alarm.comment)
    assert START < ledger.alarm.raised_at  # type: ignore[operator]


def test_a_wish_about_an_alarm_that_changed_is_refused_with_what_it_is_now() -> None:
    alarm = played("raise", "clear").alarm
    refusal = decisions.acknowledge(alarm, 1, "wang", "", START)
    assert isinstance(refusal, Reason)
    assert ("alarm_changed", "RTNUN", 2) == (refusal.code, refusal.params["state"], refusal.params["seq"])


def test_only_a_higher_priority_is_news_about_a_standing_alarm() -> None:
    alarm = played("raise", "ack").alarm
    assert [] == decisions.on_raised(alarm, PLAIN, 4, {}, START)
    assert [] == decisions.on_raised(alarm, Rule(priority=3), 1, {}, START)
    lines = decisions.on_raised(alarm, PLAIN, 2, {"level": 6}, START)
    assert [("escalated", 2)] == [(line.event, line.priority) for line in lines]


def test_every_event_is_in_the_table() -> None:
    assert set(EVENTS) - {"unknown"} == set(TABLE.split("\n")[1].split()[1:])
    assert Ledger().play() == "NORM"
