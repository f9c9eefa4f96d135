"""Builds the history: databases, bus, the journal and the archive between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.history import handlers
from services.history.archive.archive import Archive
from services.history.archive.readings import readings_for
from services.history.domain.expectation import UNKNOWN, Expectation, expectation_of
from services.history.settings import Settings
from services.history.storage import Filters
from services.history.upkeep import Upkeep
from shared.bus.bus import Bus
from shared.bus.entrypoints import Entrypoints
from shared.bus.telemetry import StreamReader
from shared.clock import Clock, clock_at
from shared.contracts.codec import Letter
from shared.contracts.decoding import parse_time
from shared.database import DatabaseThread, NewThread, WorkThread, engine_from
from shared.errors import Malformed
from shared.field.profile_load import profiles_for
from shared.site import Site, load_site

SERVICE = "history"
MIGRATIONS = Path(__file__).parent / "migrations"


class HistoryApp:
    """The running service."""

    def __init__(
        self, settings: Settings, areas: list[str], clock: Clock, database: DatabaseThread, archive: Archive
    ) -> None:
        self._areas = areas
        self._database = database
        self._archive = archive
        self.read_trend, self.read_page, self.describe_archive = archive.read_trend, archive.read_page, archive.describe
        self.bus = Bus(SERVICE, settings, clock, database, checks={"archive": archive.check})

    def start(self, entrypoints: Entrypoints) -> None:
        self.bus.hear(self._areas, entrypoints.hears, others=self.on_event)
        self.bus.answer(entrypoints.answers)
        writer = self._archive.writer
        self.bus.add(writer)
        self.bus.add(StreamReader(self.bus.uri, SERVICE, writer.place, writer.on_frame, writer.on_pause))
        self.bus.add(Upkeep(self._archive.tasks))
        self.bus.start()

    def stop(self) -> None:
        self.bus.stop()
        self._archive.close()
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


def build(settings: Settings, new_thread: NewThread = WorkThread) -> HistoryApp:
    """Raises MalformedDocument when the site is wrong. Connects to nothing yet."""
    site = load_site(settings.site, settings.site_variables)
    clock = clock_at(settings.clock_file)
    engine = engine_from(settings, SERVICE)
    database = DatabaseThread(engine, MIGRATIONS, new_thread())
    archive = Archive(
        database,
        DatabaseThread(engine_from(settings, SERVICE, read_only=True), None, new_thread()),
        readings_for(engine.dialect.name),
        _expectations(site, settings),
        city=site.city,
        days=settings.days,
        now_us=lambda: round(clock.now().timestamp() * 1e6),
    )
    areas = [site.city, *(area.id for area in site.areas)]
    return HistoryApp(settings, areas, clock, database, archive)


def _expectations(site: Site, settings: Settings) -> Callable[[str, str], Expectation]:
    libraries = {asset.trade: profiles_for(asset.trade, settings.site) for asset in site.assets}
    found: dict[tuple[str, str], Expectation] = {}
    for entry in site.controllers:
        profile = libraries[site.assets_by_id[entry.asset].trade].get(entry.profile, entry.parameters)
        for name in profile.names:
            found[entry.points.get(name, entry.asset), name] = expectation_of(profile, name)
    return lambda asset, point: found.get((asset, point), UNKNOWN)
