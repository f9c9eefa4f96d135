"""A history of the demonstration city, and events for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from services.history import handlers, wiring
from services.history.retention import load_retention
from services.history.settings import Settings
from services.history.telling import Teller
from services.history.wiring import MIGRATIONS, HistoryApp
from shared.clock import Clock
from shared.contracts.codec import Letter, encode, open_letter
from shared.contracts.envelope import Envelope, TypeName
from shared.contracts.gateway import SignedIn
from shared.contracts.message import Event
from shared.database import DatabaseThread
from shared.field.catalogue import Catalogue, load_catalogue
from shared.field.site_watch import SiteWatch
from shared.site.files import ConfigurationFiles
from tests.integration.bus.rig import AREA, NOON
from tests.integration.history.archives import Rig

SITE = Path("infra/sites/tangshan")
RETENTION = Path(wiring.__file__).parent / "retention.yaml"


@cache
def catalogue() -> Catalogue:
    return load_catalogue(SITE, {})


def history_app(settings: Settings, clock: Clock, rig: Rig) -> HistoryApp:
    teller = Teller(catalogue())

    def load() -> Any:
        raise AssertionError("no file changes here")

    watch = SiteWatch(ConfigurationFiles(settings.data_dir / "none"), load, lambda: teller.site, teller.adopt)
    return HistoryApp(settings, clock, rig.database, rig.archive, watch, teller, load_retention(RETENTION))


def said(number: int, event: Event, service: str, time: datetime = NOON) -> Letter:
    envelope = Envelope(
        id=f"{service}-{number}",
        source=f"{service}/{service}-1/s",
        subject=event.area,
        type=TypeName.of(service, type(event)),
        time=time,
        correlation_id=f"c{number}",
        causation_id=f"b{number}",
        seq=number,
    )
    return open_letter(encode(event, envelope))


def signed_in(number: int, username: str = "wang", time: datetime = NOON) -> Letter:
    return said(number, SignedIn(area="tangshan", username=username, address="10.0.0.1"), "gateway", time)


class Kept:
    """A journal without a bus."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.database = DatabaseThread(engine, MIGRATIONS)
        self.teller = Teller(catalogue())

    def hear(self, letters: Iterable[Letter]) -> None:
        def work(session: Any) -> None:
            for letter in letters:
                handlers.on_event(letter, session, self.teller.text)

        self.database.run(work)

    def execute(self, *statements: str, guarded: bool = True, **given: Any) -> None:
        """Past the service, as somebody with the database's password would; `guarded`: not past the triggers."""
        with self.engine.begin() as connection:
            if not guarded:
                _take_guards_away(connection)
            for statement in statements:
                connection.execute(sa.text(statement), given)


def _take_guards_away(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        names = connection.scalars(sa.text("select name from sqlite_master where type = 'trigger'")).all()
        for name in names:
            connection.execute(sa.text(f"drop trigger {name}"))
    else:
        for table in ("journal", "audit_chain", "audit_mark"):
            connection.execute(sa.text(f"alter table {table} disable trigger user"))


def with_time(letter: Letter, time: datetime) -> Letter:
    return replace(letter, envelope=replace(letter.envelope, time=time))


__all__ = ["AREA", "NOON", "Kept", "catalogue", "history_app", "said", "signed_in", "with_time"]
