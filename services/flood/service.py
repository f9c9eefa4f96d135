"""The nameko service of flood control: entrypoints, one line each."""

from __future__ import annotations

from typing import Any

from services.flood.wiring import SERVICE, FloodApp
from shared.bus.nameko_entrypoints import Wired, does, rpc, scanned
from shared.contracts.envelope import Envelope
from shared.contracts.gateway import (
    CancelOperate,
    CheckPoint,
    MarkPoint,
    Operate,
    SelectOperate,
    SignLoopTest,
    UnmarkPoint,
)


class Service:
    name = SERVICE
    app: FloodApp = Wired()

    @scanned
    def on_scan(self, _area: str, units: list[str]) -> None:
        self.app.flood.on_scan(units)

    @does(Operate)
    def do_operate(self, command: Operate, envelope: Envelope) -> None:
        self.app.owner.operating.do_operate(command, envelope)

    @does(SelectOperate)
    def do_select_operate(self, command: SelectOperate, envelope: Envelope) -> None:
        self.app.owner.operating.do_select_operate(command, envelope)

    @does(CancelOperate)
    def do_cancel_operate(self, command: CancelOperate, envelope: Envelope) -> None:
        self.app.owner.operating.do_cancel_operate(command, envelope)

    @does(MarkPoint)
    def do_mark_point(self, command: MarkPoint, envelope: Envelope) -> None:
        self.app.owner.marking.do_mark_point(command, envelope)

    @does(UnmarkPoint)
    def do_unmark_point(self, command: UnmarkPoint, envelope: Envelope) -> None:
        self.app.owner.marking.do_unmark_point(command, envelope)

    @does(CheckPoint)
    def do_check_point(self, command: CheckPoint, envelope: Envelope) -> None:
        self.app.owner.loop_tests.do_check_point(command, envelope)

    @does(SignLoopTest)
    def do_sign_loop_test(self, command: SignLoopTest, envelope: Envelope) -> None:
        self.app.owner.loop_tests.do_sign_loop_test(command, envelope)

    @rpc
    def get_loop_test(self, controller: str) -> dict[str, Any]:
        return self.app.owner.loop_tests.get_loop_test(controller)

    @rpc
    def list_marks(self, asset: str) -> list[dict[str, Any]]:
        return self.app.owner.marking.list_marks(asset)

    @rpc
    def list_commands(self, asset: str, rows_max: int = 50) -> list[dict[str, Any]]:
        return self.app.owner.ledger.list_commands(asset, rows_max)

    @rpc
    def get_command(self, command_id: str) -> dict[str, Any]:
        return self.app.owner.ledger.get_command(command_id)
