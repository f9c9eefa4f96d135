"""What operators wish of the field, on the bus's threads. Every refusal is said as an event."""

from __future__ import annotations

from shared.clock import Clock
from shared.contracts.envelope import Envelope
from shared.contracts.gateway import CancelOperate, Operate, SelectOperate
from shared.field.areas import Areas
from shared.field.commands import Refused
from shared.field.ledger import CommandLedger
from shared.field.operations import Operations
from shared.field.punctuality import Punctuality
from shared.field.wish import Wish


class OperateCommands:
    def __init__(
        self,
        trade: str,
        operations: Operations,
        areas: Areas,
        ledger: CommandLedger,
        punctuality: Punctuality,
        clock: Clock,
    ) -> None:
        self._trade = trade
        self._operations = operations
        self._areas = areas
        self._ledger = ledger
        self._punctuality = punctuality
        self._clock = clock

    def do_operate(self, command: Operate, envelope: Envelope) -> None:
        """Carry out an operator's command."""
        wish = self._wish(command, envelope)
        if self._is_timely(wish, envelope):
            self._operations.operate(wish, lambda: self._areas.owns(command.area))

    def do_select_operate(self, command: SelectOperate, envelope: Envelope) -> None:
        """Lock the asset for an operator's command that is to follow."""
        wish = self._wish(command, envelope)
        if self._is_timely(wish, envelope):
            self._operations.select(wish, lambda: self._areas.owns(command.area))

    def do_cancel_operate(self, command: CancelOperate, envelope: Envelope) -> None:  # noqa: ARG002
        if command.actor.may("operate", self._trade, command.area):
            self._operations.cancel(command.command_id)

    def _wish(self, command: Operate | SelectOperate, envelope: Envelope) -> Wish:
        return Wish(
            command_id=command.command_id,
            area=command.area,
            asset=command.asset,
            command=command.command,
            params=command.params,
            reason=command.reason,
            origin="operator",
            actor=command.actor,
            requested_at=command.requested_at,
            deadline=envelope.deadline or self._clock.now(),
            correlation_id=envelope.correlation_id,
            causation_id=envelope.id,
        )

    def _is_timely(self, wish: Wish, envelope: Envelope) -> bool:
        """False, and said so, when the sender's clock differs. A passed deadline is noticed right before the write."""
        reason = self._punctuality.find_skew(envelope)
        if reason is not None:
            self._ledger.end(wish, Refused(reason))
        return reason is None
