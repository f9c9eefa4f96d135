"""Loop tests wished by people, on the bus's threads: checks and signatures, each said as an event either way."""

from __future__ import annotations

from typing import Any

from shared.bus.emitter import Emitter
from shared.bus.outbox import Cause
from shared.contracts.decoding import plain
from shared.contracts.envelope import Envelope
from shared.contracts.field import ControllerCommissioned
from shared.contracts.gateway import CheckPoint, SignLoopTest
from shared.errors import Missing
from shared.field.areas import Areas
from shared.field.commissioning import Commissioning, profile_name
from shared.field.engine import Engine
from shared.field.punctuality import Punctuality
from shared.field.trade import Trade


class LoopTestCommands:
    def __init__(
        self,
        commissioning: Commissioning,
        areas: Areas,
        engine: Engine,
        emitter: Emitter,
        punctuality: Punctuality,
        trade: Trade,
    ) -> None:
        self._commissioning = commissioning
        self._areas = areas
        self._engine = engine
        self._emitter = emitter
        self._punctuality = punctuality
        self._trade = trade

    def do_check_point(self, command: CheckPoint, envelope: Envelope) -> None:
        """A line of a loop test."""
        late = self._punctuality.find_late(envelope)
        if late is None:
            told = self._commissioning.check(command, self._engine.units_of(command.area))
        else:
            told = self._commissioning.refuse(command, command.point, late)
        self._emitter.emit([told], Cause.of(envelope))

    def do_sign_loop_test(self, command: SignLoopTest, envelope: Envelope) -> None:
        """From here on the controller alarms and obeys."""
        units = self._engine.units_of(command.area)
        late = self._punctuality.find_late(envelope)
        if late is None:
            told = self._commissioning.sign(command, units)
        else:
            told = self._commissioning.refuse(command, "", late)
        self._emitter.emit([told], Cause.of(envelope))
        area = self._areas.find(command.area)
        if area is not None and isinstance(told, ControllerCommissioned):
            for unit in units:
                if unit.id == command.controller and unit.scanner.silent:
                    unit.speak()
            area.decide_on(units, self._trade)

    def get_loop_test(self, controller: str) -> dict[str, Any]:
        """What was checked of a controller, and who signed. Raises Missing when it is not polled here."""
        unit = self._engine.units.get(controller)
        if unit is None:
            raise Missing("controller_missing", controller=controller)
        checks, signed = self._commissioning.record(unit)
        return {
            "profile": profile_name(unit.profile),
            "silent": unit.scanner.silent,
            "checks": [plain(each) for each in checks],
            "signed": None if signed is None else plain(signed),
        }
