"""What of the journal is asked for whom."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.api.journal import list_audit, list_journal
from gateway.auth import Caller
from gateway.storage import Role
from shared.errors import Forbidden
from tests.unit.gateway.callers import caller

NOON = "2026-07-29T12:00:00Z"
LUBEI, LUNAN = "tangshan/lubei/xinhuadao", "tangshan/lunan/nanhu"


class Journal:
    """A gateway whose history answers with nothing, and remembers what it was asked."""

    def __init__(self) -> None:
        self.site = SimpleNamespace(city="tangshan", areas=[SimpleNamespace(id=LUBEI), SimpleNamespace(id=LUNAN)])
        self.trades = ["flood"]
        self.site.assets_by_id = {}
        catalogue = SimpleNamespace(site=self.site, profile_of_point=lambda _asset, _point: None)
        self.city = SimpleNamespace(catalogue=catalogue)
        self.asked: dict[str, Any] = {}
        self.items: list[dict[str, Any]] = []

    def query(self, service: str, method: str, /, **asked: Any) -> dict[str, Any]:
        assert (service, method) == ("history", "list_journal")
        self.asked = asked
        return {"items": self.items, "next": None}


def asked_by(who: Caller, **wish: Any) -> dict[str, Any]:
    journal = Journal()
    list_journal(cast("Any", journal), who, **wish)
    return journal.asked


@pytest.mark.parametrize("role", ["dispatcher", "crew", "engineer"])
@pytest.mark.parametrize("wish", [{}, {"area": "tangshan"}, {"asset": "xinhua"}])
def test_who_signed_in_is_not_told_to_who_does_not_administer(role: Role, wish: dict[str, str]) -> None:
    asked = asked_by(caller(role), **wish)
    assert ("gateway", ["logbook_entry_written"]) == (asked["without_service"], asked["except_events"])


def test_an_administrator_is_told_everything() -> None:
    assert {"rows_max": 100} == asked_by(caller("admin"))


def test_the_rest_is_told_by_area() -> None:
    assert [LUBEI] == asked_by(caller("crew", LUBEI))["areas"]
    with pytest.raises(Forbidden):
        asked_by(caller("crew", LUBEI), area=LUNAN)


@pytest.mark.parametrize(
    ("cause", "expected"), [("expired", "到期恢复"), ("command_gone", "配置中已无恢复命令，设备保持原值")]
)
def test_it_says_in_words_why_an_override_ended(cause: str, expected: str) -> None:
    journal = Journal()
    data = {"asset": "well", "point": "out", "command": "do", "command_id": "1", "cause": cause}
    journal.items = [
        {"id": 1, "time": NOON, "event": "override_ended", "area": LUBEI, "asset": "well", "data": data, "actor": None}
    ]
    (item,) = list_journal(cast("Any", journal), caller("admin")).items
    assert f"（{expected}）" in item.text.zh


def test_it_is_searched_by_who_what_where_and_when() -> None:
    asked = asked_by(caller("crew", LUBEI), q="泵", actor="wang", event="command_verified", asset="xinhua")
    assert {"q": "泵", "actor": "wang", "event": "command_verified", "asset": "xinhua"}.items() <= asked.items()


def test_the_audit_is_for_administrators() -> None:
    journal = Journal()
    list_audit(cast("Any", journal), caller("admin"))
    assert {"service": "gateway", "rows_max": 100} == journal.asked
    with pytest.raises(Forbidden):
        list_audit(cast("Any", journal), caller("engineer"))
