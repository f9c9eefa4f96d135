"""Select before operate: shown, locked, carried out as it was shown, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.contracts.field import CommandSelected
from shared.field.commands import Cancelled, Expired, Verified
from tests.unit.field.operating import Desk, desk
from tests.unit.field.profiles import TITLE, profile
from tests.waiting import eventually

SET_POINT = {"param": {"min": 0, "max": 100, "step": 1}}


@pytest.fixture
def sitting() -> Iterator[Desk]:
    groups = {"fast": {"every": "100ms", "stale_after": "5s"}}
    proof = {"point": "out", "tolerance": 0, "within": "3s"}
    command = {"title": TITLE, "point": "out", "write": SET_POINT, "verify": proof, "reason_required": True}
    found = profile(
        {"out": {"address": 10, "access": "rw"}},
        poll_groups=groups,
        commands={"do": {**command, "select": "30s"}, "plain": command},
    )
    with desk(found) as sitting:
        eventually(lambda: sitting.engine.units["rtu"].judged, 5)
        yield sitting


def test_a_selected_command_is_carried_out_once_it_is_approved(sitting: Desk) -> None:
    sitting.select("1", {"param": 40})
    (selected,) = sitting.said(CommandSelected)
    assert 30 == round((selected.until - selected.requested_at).total_seconds())
    assert [] == sitting.device.written
    sitting.approve("1", {"param": 40})
    eventually(lambda: "1" in sitting.ended, 5)
    assert isinstance(sitting.ended["1"], Verified)
    assert [(6, 10, b"\x00\x28")] == sitting.device.written


def test_without_selection_nothing_is_written(sitting: Desk) -> None:
    sitting.operate("1", {"param": 40})
    assert "selection_missing" == sitting.reason("1")
    assert [] == sitting.device.written


@pytest.mark.parametrize("changed", [{"params": {"param": 41}}, {"by": "li"}])
def test_what_is_approved_is_what_was_selected_by_whoever_selected_it(
    sitting: Desk, changed: dict[str, object]
) -> None:
    sitting.select("1", {"param": 40})
    sitting.approve("1", **({"params": {"param": 40}} | changed))  # type: ignore[arg-type]
    assert sitting.reason("1") in ("selection_missing", "asset_selected")
    assert [] == sitting.device.written


def test_the_asset_is_locked_for_everybody_else(sitting: Desk) -> None:
    sitting.select("1", {"param": 40})
    sitting.select("2", {"param": 50}, by="li")
    sitting.operate("3", {"param": 50}, by="li", command="plain")
    assert ("asset_selected", "asset_selected") == (sitting.reason("2"), sitting.reason("3"))
    sitting.operate("4", {"param": 60}, command="plain")
    eventually(lambda: "4" in sitting.ended, 5)
    assert isinstance(sitting.ended["4"], Verified)


def test_after_its_time_it_has_expired_and_the_asset_is_free(sitting: Desk) -> None:
    sitting.select("1", {"param": 40})
    sitting.move(31)
    sitting.operations.expire_selections()
    assert isinstance(sitting.ended["1"], Expired)
    sitting.approve("1", {"param": 40})
    assert "selection_missing" == sitting.reason("1")
    assert [] == sitting.device.written
    sitting.select("2", {"param": 50}, by="li")
    assert 2 == len(sitting.said(CommandSelected))


def test_who_withdraws_it_frees_the_asset(sitting: Desk) -> None:
    sitting.select("1", {"param": 40})
    sitting.operations.cancel("1")
    assert isinstance(sitting.ended["1"], Cancelled)
    sitting.select("2", {"param": 50}, by="li")
    assert "2" not in sitting.ended


def test_a_command_without_selection_cannot_be_selected(sitting: Desk) -> None:
    sitting.select("1", {"param": 40}, command="plain")
    assert "selection_needless" == sitting.reason("1")


def test_whoever_chooses_anew_lets_go_of_what_was_chosen_before(sitting: Desk) -> None:
    sitting.select("1", {"param": 40})
    sitting.select("2", {"param": 50})
    assert isinstance(sitting.ended["1"], Cancelled)
    sitting.approve("2", {"param": 50})
    eventually(lambda: "2" in sitting.ended, 5)
    assert [(6, 10, b"\x00\x32")] == sitting.device.written
