"""Builds the gateway. Nothing is connected before `start`; nothing is global."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from gateway.auth import Accounts
from gateway.live.feed import Feed
from gateway.live.hub import Hub
from gateway.metrics import Metrics
from gateway.present import Presenter
from gateway.report.printing import Printer
from gateway.settings import Settings
from gateway.views.alarms import STANDING, AlarmView
from gateway.views.city import CityView
from gateway.views.commands import CommandView
from gateway.views.health import HealthView
from shared.bus.checks import database_check, disk_check
from shared.bus.commands import CommandSender
from shared.bus.health import Check, HealthListener, HealthPublisher
from shared.bus.outbox import Outbox, Relay
from shared.bus.query import QueryClient
from shared.bus.tap import Tap
from shared.bus.telemetry import StreamPlace, StreamReader
from shared.clock import clock_at
from shared.contracts.alarms import AlarmSnapshot
from shared.contracts.decoding import decode_as
from shared.contracts.gateway import AuditEvent
from shared.contracts.message import Event
from shared.database import DatabaseThread, Session, engine_from
from shared.errors import Unavailable
from shared.field.catalogue import load_libraries
from shared.field.profile_load import ProfileLibrary
from shared.field.site_watch import SiteWatch
from shared.site import Site
from shared.site.files import ConfigurationFiles, site_folders

SERVICE = "gateway"
LOOK_BACK = timedelta(minutes=2)
"""The stream is read from so long ago (wall time): every point is told at least each minute of city time."""
PAGE_MAX = 500


class Part(Protocol):
    def start(self) -> None: ...

    def stop(self, within_s: float = ...) -> None: ...


class Gateway:
    """Everything behind the HTTP surface."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.instance = settings.instance or f"{SERVICE}-1"
        self.clock = clock_at(settings.clock_file)
        files = ConfigurationFiles(*site_folders(settings.site))  # before they are read: no change is missed
        load = partial(load_libraries, settings.site, settings.site_variables)
        site, profiles = load()
        self.trades: list[str] = sorted({asset.trade for asset in site.assets})
        self.city = CityView(site, profiles, self.clock)
        self.alarms = AlarmView()
        self.commands = CommandView()
        self.health = HealthView(expected=(*self.trades, "alarms", "history"))
        self.presenter = Presenter(self.city, self.alarms, self.health, self.clock)
        self.hub = Hub(settings.clients_max, settings.client_backlog_max, settings.ring_max)
        self.database = DatabaseThread(engine_from(settings, SERVICE), Path(__file__).parent / "migrations")
        self._outbox = Outbox(SERVICE, self.instance, self.clock)
        self.reload = SiteWatch(files, load, lambda: self.city.site, self._adopt)
        self.accounts = Accounts(self.database, settings, self.audit, site.city)
        uri = settings.amqp_uri
        self.queries = QueryClient(uri, SERVICE)
        self.sender = CommandSender(uri, SERVICE, self.instance, self.clock)
        self.feed = Feed(self.city, self.alarms, self.commands, self.presenter, self.hub, self.clock, self._list_alarms)
        self._listener = HealthListener(uri, SERVICE, self.health.note, configuration=lambda: self.reload.digest)
        self._relay = Relay(uri, self.instance, self.database)
        self._heart = HealthPublisher(
            uri,
            service=SERVICE,
            instance=self.instance,
            restarts=settings.restarts,
            clock=self.clock,
            every_s=settings.heartbeat_every_s,
            checks={
                "database": lambda: database_check(self.database),
                "disk": lambda: disk_check(settings.data_dir, settings.disk_low_mb),
                "clocks": self._listener.skew.check,
                "configuration": self.reload.check,
                "configurations": self._listener.agreement.check,
            },
            alive_file=settings.alive_file,
            configuration=lambda: self.reload.digest,
        )
        place = StreamPlace(datetime.fromtimestamp(time.time(), UTC) - LOOK_BACK)
        self._parts: list[Part] = [
            self._relay,
            self._listener,
            self._heart,
            self.queries,
            Tap(uri, SERVICE, self.feed.on_open, self.feed.on_letter),
            StreamReader(uri, SERVICE, lambda: place, self.feed.on_frame),
            self.feed,
            self.reload,
        ]
        self.printer = Printer()
        self.metrics = Metrics(self.city, self.alarms, self.health, self.hub)

    @property
    def site(self) -> Site:
        """As it is now: its files may change while we run."""
        return self.city.site

    def start(self) -> None:
        """Raises Unavailable when the accounts cannot be looked up: a gateway without them lets nobody in."""
        if self.settings.accounts_file is not None:
            self.accounts.create_from(self.settings.accounts_file)
        for part in self._parts:
            part.start()

    def stop(self) -> None:
        self.hub.close()
        for part in reversed(self._parts):
            part.stop()
        self.sender.close()
        self.database.close()

    def audit(self, session: Session, event: AuditEvent) -> None:
        """Leave an audit event in the transaction of what it tells about."""
        self._outbox.add(session, event)

    def say(self, session: Session, event: Event) -> None:
        """Leave an event in the transaction of what it tells about."""
        self._outbox.add(session, event)

    def ready(self) -> dict[str, Check]:
        """What must be so before anybody should use this gateway."""
        return {
            "database": self._ask_database(),
            "alarms": Check(ok=self.feed.loaded, code="alarm_list", params={}),
            "field": Check(
                ok=any(self.city.last_good_at(entry.id) is not None for entry in self.site.controllers),
                code="field_heard",
                params={},
            ),
        }

    def query(self, service: str, method: str, /, **kwargs: Any) -> Any:
        """Ask a service. Raises Unavailable, or what the service raised."""
        return self.queries.call(service, method, **kwargs)

    def _adopt(self, site: Site, profiles: Mapping[str, ProfileLibrary]) -> None:
        self.city.adopt(site, profiles)
        self.hub.end_all()  # every browser looks again

    def _ask_database(self) -> Check:
        try:
            self.database.run(lambda _session: None)
        except Unavailable as error:
            return Check(ok=False, code=error.code, params=error.params)
        if self.database.newer is not None:
            return Check(ok=True, code="schema_is_newer", params={"revision": self.database.newer})
        return Check(ok=True, code="database_available", params={})

    def _list_alarms(self) -> Iterable[AlarmSnapshot]:
        found: list[AlarmSnapshot] = []
        while True:
            after = found[-1].id if found else ""
            page = self.query("alarms", "list_alarms", state=list(STANDING), after=after, rows_max=PAGE_MAX)
            found += [decode_as(AlarmSnapshot, item, "alarm") for item in page]
            if len(page) < PAGE_MAX:
                return found
