"""The commands of the last hours, from wish to end, as their owners said it last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from shared.contracts.field import (
    CommandCancelled,
    CommandEvent,
    CommandExpired,
    CommandFailed,
    CommandRefused,
    CommandSelected,
    CommandSending,
    CommandUnconfirmed,
    CommandVerified,
    Origin,
)
from shared.contracts.message import Params, Scalar

CommandState = Literal[
    "requested", "selected", "sending", "verified", "failed", "refused", "unconfirmed", "expired", "cancelled"
]  # fmt: skip
ROWS_MAX = 2000

_STATES: dict[type[CommandEvent], CommandState] = {
    CommandSelected: "selected",
    CommandSending: "sending",
    CommandVerified: "verified",
    CommandFailed: "failed",
    CommandRefused: "refused",
    CommandUnconfirmed: "unconfirmed",
    CommandExpired: "expired",
    CommandCancelled: "cancelled",
}
OPEN: tuple[CommandState, ...] = ("requested", "selected", "sending")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRow:
    """A line of the ledger; `requested` is what only the gateway knows as yet."""

    id: str
    trade: str
    area: str
    asset: str
    command: str
    params: Params
    origin: Origin
    actor: str
    requested_at: datetime
    state: CommandState
    reason_code: str | None = None
    reason_params: Params | None = None
    point: str | None = None
    value: Scalar = None
    duration_s: float | None = None
    selected_until: datetime | None = None
    updated_at: datetime


class CommandView:
    """Bounded: the oldest rows are let go, the owner's ledger has them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: OrderedDict[str, CommandRow] = OrderedDict()

    def request(self, row: CommandRow) -> None:
        """A wish that its owner has not spoken of yet; what the owner said stands."""
        with self._lock:
            known = self._rows.get(row.id)
            if known is None or known.state == "selected":
                self._rows[row.id] = row
            self._trim()

    def note(self, event: CommandEvent, at: datetime) -> CommandRow:
        """Fold an event; an end is final."""
        row = CommandRow(
            id=event.command_id,
            trade=event.trade,
            area=event.area,
            asset=event.asset,
            command=event.command,
            params=event.params,
            origin=event.origin,
            actor=event.actor,
            requested_at=event.requested_at,
            state=_STATES[type(event)],
            updated_at=at,
        )
        match event:
            case CommandVerified(point=point, value=value, duration_s=duration_s):
                row = replace(row, point=point, value=value, duration_s=duration_s)
            case CommandSelected(until=until):
                row = replace(row, selected_until=until)
            case (
                CommandFailed(reason=reason)
                | CommandRefused(reason=reason)
                | CommandUnconfirmed(reason=reason)
                | CommandExpired(reason=reason)
                | CommandCancelled(reason=reason)
            ):
                row = replace(row, reason_code=reason.code, reason_params=reason.params)
            case _:
                assert isinstance(event, CommandSending)
        with self._lock:
            known = self._rows.get(row.id)
            if known is not None and known.state not in OPEN:
                return known
            self._rows[row.id] = row
            self._trim()
        return row

    def find(self, command_id: str) -> CommandRow | None:
        return self._rows.get(command_id)

    def of_asset(self, asset: str) -> list[CommandRow]:
        """The newest first."""
        with self._lock:
            mine = [row for row in self._rows.values() if row.asset == asset]
        return sorted(mine, key=lambda row: row.requested_at, reverse=True)

    def _trim(self) -> None:
        while len(self._rows) > ROWS_MAX:
            self._rows.popitem(last=False)


def row_from_ledger(trade: str, ledger: dict[str, Any]) -> CommandRow:
    """A row as its owner's ledger answers it."""
    reason = ledger["reason"]
    return CommandRow(
        id=ledger["command_id"],
        trade=trade,
        area=ledger["area"],
        asset=ledger["asset"],
        command=ledger["command"],
        params=ledger["params"],
        origin=ledger["origin"],
        actor=ledger["actor"],
        requested_at=datetime.fromisoformat(ledger["requested_at"]),
        state=ledger["state"],
        reason_code=reason["code"] if reason else None,
        reason_params=reason["params"] if reason else None,
        point=ledger["point"],
        value=ledger["value"],
        duration_s=ledger["duration_s"],
        updated_at=datetime.fromisoformat(ledger["updated_at"]),
    )
