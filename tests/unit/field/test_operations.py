"""What is asked right before a command is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from shared.clock import FakeClock
from shared.contracts.field import CommandSending
from shared.contracts.message import Actor, Event, Scalar
from shared.field.commands import Outcome, Refused
from shared.field.operations import Operations
from shared.field.overrides import Overrides
from shared.field.profile_load import profiles_for
from shared.field.wish import Wish
from tests.unit.field.facts import Table

NOW = datetime(2026, 7, 29, tzinfo=UTC)
SPEC = profiles_for("flood").get("drainage-pump-station", {"station_code": 1}).commands["siren_on"]


class Ledger:
    def begin(self, _wish: Wish, _event: CommandSending, _rate: tuple[int, datetime] | None) -> Refused | None:
        return None

    def is_known(self, _command_id: str) -> bool:
        return False

    def emit(self, _events: Sequence[Event], _wish: Wish) -> None: ...


class Engine:
    """One controller whose line is busy while its key switch is turned."""

    def __init__(self) -> None:
        self.values: dict[str, Scalar] = {"remote": True}
        self.unit = SimpleNamespace(
            id="rtu",
            area="tangshan/lubei",
            facts=Table(self.values),
            scanner=SimpleNamespace(online=True, silent=False),
            awaits=lambda _spec: False,
        )

    def find_unit_for(self, _asset: str, _command: str) -> Any:
        return self.unit, SPEC

    def send(
        self,
        *_what: Any,
        still_wanted: Callable[[], Outcome | None],
        on_outcome: Callable[[Outcome], None],
    ) -> None:
        self.values["remote"] = False
        outcome = still_wanted()
        assert outcome is not None, "it would be written"
        on_outcome(outcome)


def test_an_interlock_that_opened_while_the_line_was_busy_refuses() -> None:
    ended: list[Outcome] = []
    engine = cast("Any", Engine())
    operations = Operations(
        engine,
        "flood",
        Ledger(),
        FakeClock(NOW),
        Overrides("flood", FakeClock(NOW)),
        on_started=lambda _wish: None,
        on_ended=lambda _wish, outcome: ended.append(outcome),
    )
    wish = Wish(
        command_id="1",
        area="tangshan/lubei",
        asset="xinhua",
        command="siren_on",
        params={},
        reason="",
        origin="automatic",
        actor=Actor(username="urbanops", role="system", scopes=()),
        requested_at=NOW,
        deadline=NOW + timedelta(seconds=60),
        correlation_id="1",
    )
    operations.act(wish)
    assert ["interlock_open"] == [outcome.reason.code for outcome in ended if isinstance(outcome, Refused)]
