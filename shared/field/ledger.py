"""The ledger of commands: what became of each, in the owner's database and on the bus."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from shared.bus.emitter import Emitter
from shared.bus.outbox import Cause, Outbox
from shared.clock import Clock
from shared.contracts.decoding import plain
from shared.contracts.field import CommandSending
from shared.contracts.message import Actor, Event, Reason
from shared.database import DatabaseThread, Session
from shared.errors import Missing
from shared.field import storage
from shared.field.commands import Outcome, Refused, Unconfirmed
from shared.field.operations import outcome_event
from shared.field.wish import Wish

ROWS_MAX = 500


class CommandLedger:
    """That of one trade in this process; what it cannot keep at once waits in the emitter's file."""

    def __init__(self, trade: str, database: DatabaseThread, outbox: Outbox, emitter: Emitter, clock: Clock) -> None:
        self._trade = trade
        self._database = database
        self._outbox = outbox
        self._emitter = emitter
        self._clock = clock

    def begin(
        self, wish: Wish, event: CommandSending, also: Sequence[Event], not_more_than: tuple[int, datetime] | None
    ) -> Refused | None:
        """Commit the row `sending`, its event and what belongs to it; Refused: over the rate. Raises Unavailable."""

        def work(session: Session) -> Refused | None:
            if not_more_than is not None:
                count_max, since = not_more_than
                if storage.count_sent(session, wish.asset, wish.command, since) >= count_max:
                    return Refused(Reason(code="command_rate", params={"count_max": count_max}))
            for each in (event, *also):
                storage.fold(session, each, self._clock.now())
                self._outbox.add(session, each, _cause(wish))
            return None

        return self._database.run(work, durable=True)  # a command that was sent is never forgotten

    def is_known(self, command_id: str) -> bool:
        """Raises Unavailable."""
        return self._database.run(lambda session: storage.find_command(session, command_id)) is not None

    def emit(self, events: Sequence[Event], wish: Wish) -> None:
        """Leave what a wish led to, to be kept and said; never waits, never fails."""
        self._emitter.emit(events, _cause(wish))

    def end(self, wish: Wish, outcome: Outcome) -> None:
        """Say how it ended."""
        self.emit([outcome_event(self._trade, wish, outcome)], wish)

    def end_unproven(self, area: str, before: datetime, live: Collection[str]) -> None:
        """Commands that were on the wire when the last process ended, `before` which this one did not hold the area:
        nobody knows, and they are never sent again. `live`: those of this process. Raises Unavailable."""
        for row in self._database.run(lambda session: storage.list_sending(session, [area], before)):
            if row.command_id not in live:
                self.end(_wish_of(row), Unconfirmed(Reason(code="owner_restarted", params={})))

    def list_commands(self, asset: str, rows_max: int = 50) -> list[dict[str, Any]]:
        """The newest first. Raises Unavailable."""
        rows = self._database.run(lambda session: storage.list_commands(session, asset, min(rows_max, ROWS_MAX)))
        return [plain(row) for row in rows]

    def get_command(self, command_id: str) -> dict[str, Any]:
        """Raises Missing, Unavailable."""
        row = self._database.run(lambda session: storage.find_command(session, command_id))
        if row is None:
            raise Missing("command_missing", command_id=command_id)
        found: dict[str, Any] = plain(row)
        return found


def _cause(wish: Wish) -> Cause:
    return Cause(wish.correlation_id, wish.causation_id)


def _wish_of(row: storage.LedgerRow) -> Wish:
    return Wish(
        command_id=row.command_id,
        area=row.area,
        asset=row.asset,
        command=row.command,
        params=row.params,
        reason="",
        origin="operator" if row.origin == "operator" else "automatic",
        actor=Actor(username=row.actor, role="system", scopes=()),
        requested_at=row.requested_at,
        deadline=row.requested_at,
        correlation_id=row.command_id,
    )
