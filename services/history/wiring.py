"""Builds the history: database, bus, and the journal between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.history import handlers
from services.history.settings import Settings
from services.history.storage import Filters
from shared.bus.bus import Bus
from shared.bus.entrypoints import Entrypoints
from shared.clock import Clock, clock_at
from shared.contracts.codec import Letter
from shared.contracts.decoding import parse_time
from shared.database import DatabaseThread, NativeThread, engine_from
from shared.errors import Malformed
from shared.site import load_site

SERVICE = "history"


class HistoryApp:
    """The running service."""

    def __init__(self, settings: Settings, areas: list[str], clock: Clock, database: DatabaseThread) -> None:
        self._areas = areas
        self._database = database
        self.bus = Bus(SERVICE, settings, clock, database)

    def start(self, entrypoints: Entrypoints) -> None:
        self.bus.hear(self._areas, entrypoints.hears, others=self.on_event)
        self.bus.answer(entrypoints.answers)
        self.bus.start()

    def stop(self) -> None:
        self.bus.stop()
        self._database.close()

    def on_event(self, letter: Letter) -> None:
        self._database.run(lambda session: handlers.on_event(letter, session))

    def list_journal(
        self,
        asset: str | None = None,
        area: str | None = None,
        areas: list[str] | None = None,
        service: str | None = None,
        without_service: str | None = None,
        since: str | None = None,
        until: str | None = None,
        after: str | None = None,
        rows_max: int = 100,
    ) -> dict[str, Any]:
        """A page of the journal, the newest first; `after` is the `next` of the page before. Raises Malformed."""
        if after is not None and not after.isdecimal():
            raise Malformed("message_malformed", path="after", expected="the `next` of the page before")
        filters = Filters(
            asset=asset,
            area=area,
            areas=areas,
            service=service,
            without_service=without_service,
            since=None if since is None else parse_time(since, "since"),
            until=None if until is None else parse_time(until, "until"),
            before=None if after is None else int(after),
        )
        return self._database.run(lambda session: handlers.page(session, filters, rows_max))


def build(settings: Settings, thread: NativeThread | None = None) -> HistoryApp:
    """Raises MalformedDocument when the site is wrong. Connects to nothing yet."""
    site = load_site(settings.site, settings.site_variables)
    database = DatabaseThread(engine_from(settings, SERVICE), Path(__file__).parent / "migrations", thread)
    areas = [site.city, *(area.id for area in site.areas)]
    return HistoryApp(settings, areas, clock_at(settings.clock_file), database)
