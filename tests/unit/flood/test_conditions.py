"""The trade's own conditions, second by second."""

from __future__ import annotations

from services.flood.domain.conditions import StationConditions
from tests.unit.flood.stations import RULES, Play


def said(play: Play, conditions: StationConditions, level_m: float | None, seconds: int) -> list[tuple[str, str]]:
    found = []
    for at in range(seconds):
        play.step(None if level_m is None else level_m + 0.01 * (at % 2))
        found += [(each.condition, each.standing) for each in conditions.step(play.station, play.now_s)]
    return found


def test_a_link_that_was_lost_and_came_back_is_no_broken_level_meter() -> None:
    play, conditions = Play(), StationConditions("well", RULES, None)
    assert [] == said(play, conditions, 1.2, 20)
    play.more = {"high_float": None, "low_water": None}
    assert [] == said(play, conditions, None, 120)
    play.more = {}
    assert [] == said(play, conditions, 1.2, 120)


def test_a_level_meter_that_says_nothing_while_the_floats_speak_is_told_and_clears_when_it_lives_again() -> None:
    play, conditions = Play(), StationConditions("well", RULES, None)
    said(play, conditions, 1.2, 20)
    assert [("level_meter_untrusted", "active")] == said(play, conditions, None, 30)
    assert [("level_meter_untrusted", "inactive")] == said(play, conditions, 1.2, 120)
