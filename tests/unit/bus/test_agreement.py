"""Processes that work by different site files notice, once they have had time to read them."""

from __future__ import annotations

import pytest

from shared.bus import health
from shared.bus.health import Agreement


class Now:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.s = 100.0
        monkeypatch.setattr(health.time, "monotonic", lambda: self.s)


def test_only_a_lasting_difference_of_one_who_lives_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    now, own = Now(monkeypatch), ["aaa"]
    agreement = Agreement(lambda: own[0])
    for _ in range(5):
        agreement.observe("flood-2", "bbb", now.s)
        assert agreement.check().ok
        now.s += 2
    now.s += 1
    agreement.observe("flood-2", "bbb", now.s)
    told = agreement.check()
    assert (False, "configurations_differ") == (told.ok, told.code)
    assert {"instance": "flood-2", "digest": "bbb", "own": "aaa"} == told.params

    own[0] = "bbb"
    assert agreement.check().ok
    own[0] = "aaa"
    assert not agreement.check().ok
    now.s += 7
    assert agreement.check().ok, "it is silent: another check says so"


def test_who_works_by_no_site_file_agrees_with_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    now = Now(monkeypatch)
    agreement = Agreement(lambda: "aaa")
    agreement.observe("alarms-1", "", now.s)
    now.s += 60
    agreement.observe("alarms-1", "", now.s)
    assert agreement.check().ok
