"""Conditions, read as ledgers: what is seen, second by second, and what is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.field.expression import Truth
from shared.field.judgement import ConditionJudges, Delays, Judge
from tests.unit.field.facts import Table
from tests.unit.field.profiles import TITLE, profile

T, F, U = True, False, None


@pytest.mark.parametrize(
    ("delays", "seen", "said"),
    [
        ((0, 0), [T], {0: "active"}),
        ((3, 0), [T, T, T, T], {3: "active"}),
        ((3, 0), [T, T, F, T, T, T, T], {6: "active"}),
        ((3, 0), [T, T, U, T, T, T], {}),
        ((0, 2), [T, F, F, F], {0: "active", 3: "inactive"}),
        ((0, 2), [T, F, T, F, F, F], {0: "active", 5: "inactive"}),
        ((0, 0), [T, U, T], {0: "active", 1: "unknown", 2: "active"}),
        ((0, 0), [T, U, F], {0: "active", 1: "unknown", 2: "inactive"}),
        ((5, 0), [T, T, T, T, T, T, U, T], {5: "active", 6: "unknown", 7: "active"}),
        ((0, 2), [T, U, F, F, F], {0: "active", 1: "unknown", 4: "inactive"}),
        ((0, 0), [U, U, F], {}),
    ],
)
def test_ledger(delays: tuple[float, float], seen: list[Truth], said: dict[int, str]) -> None:
    judge = Judge(Delays(*delays))
    told = {at: standing for at, truth in enumerate(seen) if (standing := judge.step(truth, float(at))) is not None}
    assert said == told


@given(st.lists(st.sampled_from([T, F, U]), max_size=40), st.integers(0, 5), st.integers(0, 5))
def test_what_is_not_known_never_raises_nor_clears(seen: list[Truth], on_s: int, off_s: int) -> None:
    judge = Judge(Delays(on_s, off_s))
    for at, truth in enumerate(seen):
        before = judge.standing
        said = judge.step(truth, float(at))
        if truth is None:
            assert said in (None, "unknown")
            assert judge.standing == ("inactive" if before == "inactive" else "unknown")


def _judges() -> ConditionJudges:
    level = {"address": 0, "limits": {"h": 3.0, "hh": 3.8}}
    found = profile(
        {"level": level, "power": {"address": 1}},
        conditions={
            "very_high": {
                "when": "level >= level.hh",
                "priority": 1,
                "hysteresis": 0.2,
                "title": TITLE,
                "action": TITLE,
            },
            "high": {
                "when": "level >= level.h",
                "suppress_when": "level >= level.hh",
                "priority": 2,
                "title": TITLE,
                "action": TITLE,
            },
        },
    )
    return ConditionJudges(found, {"level": "station", "power": "station"}, "station")


def _said(judges: ConditionJudges, level: float | None) -> list[tuple[str, str]]:
    limits = {("level", "h"): 3.0, ("level", "hh"): 3.8}
    found = judges.step(Table({"level": level}, limits), {"level"})
    return [(judgement.condition, judgement.standing) for judgement in found]


def test_hysteresis_and_suppression() -> None:
    judges = _judges()
    assert [("high", "active")] == _said(judges, 3.2)
    assert [("very_high", "active"), ("high", "inactive")] == _said(judges, 3.9)
    assert [("high", "active")] == _said(judges, 3.7)
    assert [("very_high", "inactive")] == _said(judges, 3.5)


def test_a_lost_reading_makes_what_stands_unknown_and_leaves_the_rest() -> None:
    judges = _judges()
    _said(judges, 3.2)
    assert [("high", "unknown")] == _said(judges, None)
    assert [("high", "active")] == _said(judges, 3.2)


def test_after_a_restart_what_stood_is_unknown_until_it_is_seen() -> None:
    judges = _judges()
    assert judges.remember("station", "high")
    assert not judges.remember("station", "gone_from_the_profile")
    assert [] == _said(judges, None)
    assert [("high", "inactive")] == _said(judges, 1.0)


def test_the_evidence_is_told_with_its_limits() -> None:
    found = _judges().step(Table({"level": 4.0}, {("level", "h"): 3.0, ("level", "hh"): 3.8}), {"level"})
    assert {"level": 4.0, "level.hh": 3.8} == found[0].params
