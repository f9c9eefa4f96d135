"""Marks wished by people, on the bus's threads: set and ended, each said as an event either way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shared.bus.emitter import Emitter
from shared.bus.outbox import Cause
from shared.contracts.decoding import plain
from shared.contracts.envelope import Envelope
from shared.contracts.field import PointMarkRefused
from shared.contracts.gateway import MarkPoint, UnmarkPoint
from shared.contracts.message import Event, Reason
from shared.field.engine import Engine
from shared.field.marks import Marks
from shared.field.punctuality import Punctuality
from shared.field.unit import Unit


class MarkCommands:
    def __init__(self, trade: str, marks: Marks, engine: Engine, emitter: Emitter, punctuality: Punctuality) -> None:
        self._trade = trade
        self._marks = marks
        self._engine = engine
        self._emitter = emitter
        self._punctuality = punctuality

    def do_mark_point(self, command: MarkPoint, envelope: Envelope) -> None:
        """Set a point by hand."""
        self._tell(command, envelope, lambda units: self._marks.mark(command, units))

    def do_unmark_point(self, command: UnmarkPoint, envelope: Envelope) -> None:
        """End a mark before its time."""
        self._tell(command, envelope, lambda units: self._marks.unmark(command, units))

    def list_marks(self, asset: str) -> list[dict[str, Any]]:
        """What people have set of an asset's points."""
        return [plain(mark) for mark in self._marks.of(asset)]

    def _tell(
        self,
        command: MarkPoint | UnmarkPoint,
        envelope: Envelope,
        change: Callable[[Sequence[Unit]], Event | Reason],
    ) -> None:
        told: Event | Reason | None = self._punctuality.find_late(envelope)
        if not command.actor.may("operate", self._trade, command.area):
            told = Reason(code="command_forbidden", params={"actor": command.actor.username})
        if told is None:
            told = change(self._engine.units_of(command.area))
        if isinstance(told, Reason):
            told = PointMarkRefused(
                area=command.area,
                trade=self._trade,
                asset=command.asset,
                point=command.point,
                by=command.actor.username,
                reason=told,
            )
        self._emitter.emit([told], Cause.of(envelope))
