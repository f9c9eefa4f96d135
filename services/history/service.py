"""The nameko service of the history. It hears every event, so its wiring takes them all; what is asked comes here."""

from __future__ import annotations

from typing import Any

from services.history.wiring import SERVICE, HistoryApp
from shared.bus.nameko_entrypoints import Wired, rpc


class Service:
    name = SERVICE
    app: HistoryApp = Wired()

    @rpc
    def list_journal(self, **filters: Any) -> dict[str, Any]:
        return self.app.list_journal(**filters)

    @rpc
    def read_trend(self, **asked: Any) -> dict[str, Any]:
        return self.app.read_trend(**asked)

    @rpc
    def read_page(self, **asked: Any) -> dict[str, Any]:
        return self.app.read_page(**asked)

    @rpc
    def read_completeness(self, **asked: Any) -> dict[str, Any]:
        return self.app.read_completeness(**asked)

    @rpc
    def describe_archive(self) -> dict[str, Any]:
        return self.app.describe_archive()
