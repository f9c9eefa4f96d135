"""The nameko service of the alarms: entrypoints, one line each."""

from __future__ import annotations

from typing import Any

from services.alarms import handlers
from services.alarms.wiring import SERVICE, AlarmsApp
from shared.bus.nameko_entrypoints import Wired, does, hears, rpc
from shared.contracts.envelope import Envelope
from shared.contracts.field import ConditionBecameUnknown, ConditionCleared, ConditionRaised, ConditionsStanding
from shared.contracts.gateway import AcknowledgeAlarm, ResetAlarm


class Service:
    name = SERVICE
    app: AlarmsApp = Wired()

    @hears(ConditionRaised)
    def on_condition_raised(self, event: ConditionRaised, envelope: Envelope) -> None:
        self.app.handle(handlers.on_condition_raised, event, envelope)

    @hears(ConditionCleared)
    def on_condition_cleared(self, event: ConditionCleared, envelope: Envelope) -> None:
        self.app.handle(handlers.on_condition_cleared, event, envelope)

    @hears(ConditionBecameUnknown)
    def on_condition_became_unknown(self, event: ConditionBecameUnknown, envelope: Envelope) -> None:
        self.app.handle(handlers.on_condition_became_unknown, event, envelope)

    @hears(ConditionsStanding)
    def on_conditions_standing(self, event: ConditionsStanding, envelope: Envelope) -> None:
        self.app.handle(handlers.on_conditions_standing, event, envelope)

    @does(AcknowledgeAlarm)
    def do_acknowledge(self, command: AcknowledgeAlarm, envelope: Envelope) -> None:
        self.app.handle(handlers.do_acknowledge, command, envelope)

    @does(ResetAlarm)
    def do_reset(self, command: ResetAlarm, envelope: Envelope) -> None:
        self.app.handle(handlers.do_reset, command, envelope)

    @rpc
    def list_alarms(self, **filters: Any) -> list[dict[str, Any]]:
        return self.app.list_alarms(**filters)

    @rpc
    def get_alarm(self, alarm_id: str) -> dict[str, Any]:
        return self.app.get_alarm(alarm_id)

    @rpc
    def list_alarm_journal(self, alarm_id: str, **page: Any) -> list[dict[str, Any]]:
        return self.app.list_alarm_journal(alarm_id, **page)
