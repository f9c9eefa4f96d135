"""Builds the history: databases, bus, the journal and the archive between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from services.history import handlers
from services.history.archive.archive import Archive
from services.history.archive.readings import readings_for
from services.history.domain.retention import Retention
from services.history.domain.words import parse
from services.history.journal.trimming import Trimmer
from services.history.journal_upkeep import journal_tasks
from services.history.retention import load_retention
from services.history.settings import Settings
from services.history.storage import Filters
from services.history.telling import Teller
from services.history.upkeep import Upkeep
from shared.bus.bus import Bus
from shared.bus.entrypoints import Entrypoints
from shared.bus.telemetry import StreamReader
from shared.clock import Clock, clock_at
from shared.contracts.codec import Letter
from shared.contracts.decoding import parse_time
from shared.database import DatabaseThread, NewThread, WorkThread, engine_from
from shared.errors import Malformed
from shared.field.catalogue import Catalogue, load_libraries
from shared.field.profile_load import ProfileLibrary
from shared.field.site_watch import SiteWatch
from shared.site import Site
from shared.site.files import ConfigurationFiles, site_folders

SERVICE = "history"
MIGRATIONS = Path(__file__).parent / "migrations"


class HistoryApp:
    """The running service."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: DatabaseThread,
        archive: Archive,
        watch: SiteWatch,
        teller: Teller,
        retention: Retention,
    ) -> None:
        site = teller.site
        self._areas = [site.city, *(area.id for area in site.areas)]
        self._database = database
        self._archive = archive
        self._teller = teller
        self._watch = watch
        self.read_trend, self.read_page = archive.read_trend, archive.read_page
        self.read_completeness, self.describe_archive = archive.read_completeness, archive.describe
        checks = {"archive": archive.check, "configuration": watch.check}
        self.bus = Bus(SERVICE, settings, clock, database, checks=checks, configuration=lambda: watch.digest)
        trimmer = Trimmer(retention=retention, zone=ZoneInfo(site.time_zone), city=site.city)
        self._tasks = journal_tasks(database, teller.now, trimmer, clock.now, self.bus.outbox)

    def start(self, entrypoints: Entrypoints) -> None:
        self.bus.hear(self._areas, entrypoints.hears, others=self.on_event)
        self.bus.answer(entrypoints.answers)
        writer = self._archive.writer
        self.bus.add(writer)
        self.bus.add(StreamReader(self.bus.uri, SERVICE, writer.place, writer.on_frame, writer.on_pause))
        self.bus.add(Upkeep([*self._tasks, *self._archive.tasks]))
        self.bus.add(self._watch)
        self.bus.start()

    def stop(self) -> None:
        self.bus.stop()
        self._archive.close()
        self._database.close()

    def on_event(self, letter: Letter) -> None:
        self._database.run(lambda session: handlers.on_event(letter, session, self._teller.text))

    def list_journal(
        self,
        q: str | None = None,
        actor: str | None = None,
        event: str | None = None,
        asset: str | None = None,
        area: str | None = None,
        areas: list[str] | None = None,
        service: str | None = None,
        without_service: str | None = None,
        except_events: Sequence[str] = (),
        since: str | None = None,
        until: str | None = None,
        after: str | None = None,
        rows_max: int = 100,
    ) -> dict[str, Any]:
        """A page of the journal, the newest first; `after` is the `next` of the page before, `q` the words that an
        entry must have. Raises Malformed.
        """
        if after is not None and not after.isdecimal():
            raise Malformed("message_malformed", path="after", expected="the `next` of the page before")
        filters = Filters(
            actor=actor,
            event=event,
            asset=asset,
            area=area,
            areas=areas,
            service=service,
            without_service=without_service,
            except_events=except_events,
            since=None if since is None else parse_time(since, "since"),
            until=None if until is None else parse_time(until, "until"),
            before=None if after is None else int(after),
        )
        wish = parse(q) if q is not None and q.strip() else None
        return self._database.run(lambda session: handlers.page(session, filters, wish, rows_max))


def build(settings: Settings, new_thread: NewThread = WorkThread) -> HistoryApp:
    """Raises MalformedDocument when the site or the retention is wrong. Connects to nothing yet."""
    files = ConfigurationFiles(*site_folders(settings.site))  # before they are read: no change is missed
    load = partial(load_libraries, settings.site, settings.site_variables)
    catalogue = Catalogue(*load())
    teller = Teller(catalogue)
    clock = clock_at(settings.clock_file)
    engine = engine_from(settings, SERVICE)
    database = DatabaseThread(engine, MIGRATIONS, new_thread())
    archive = Archive(
        database,
        DatabaseThread(engine_from(settings, SERVICE, read_only=True), None, new_thread()),
        readings_for(engine.dialect.name),
        teller.expected,
        city=catalogue.site.city,
        days=settings.days,
        now_us=lambda: round(clock.now().timestamp() * 1e6),
    )

    def adopt(site: Site, profiles: Mapping[str, ProfileLibrary]) -> None:
        teller.adopt(site, profiles)
        archive.writer.expect_anew()

    watch = SiteWatch(files, load, lambda: teller.site, adopt)
    return HistoryApp(settings, clock, database, archive, watch, teller, load_retention(settings.retention))
