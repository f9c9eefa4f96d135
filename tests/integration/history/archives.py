"""An archive on a database of its own, without a broker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from services.history.archive.archive import Archive
from services.history.archive.readings import Readings, readings_for
from services.history.domain.expectation import Expectation
from services.history.settings import Settings
from services.history.wiring import MIGRATIONS
from shared.bus.frames import Frame, Numbers, tables_of
from shared.bus.frames import Readings as Told
from shared.contracts.message import Scalar
from shared.database import DatabaseThread, postgres_engine, sqlite_engine

AREA = "town/east/one"
CITY = "town"
SOURCE = "flood/flood-1/s"
BEGIN_US = round(datetime(2026, 7, 29, 0, 0, tzinfo=UTC).timestamp() * 1e6)


@dataclass
class Rig:
    """`now_us` is city time; `expected` by asset and point."""

    database: DatabaseThread
    reader: DatabaseThread
    readings: Readings
    archive: Archive
    moment: list[int]
    expected: dict[tuple[str, str], Expectation] = field(default_factory=dict)

    def set_now(self, seconds: float) -> None:
        self.moment[0] = at(seconds)


def archive_of(engine: sa.Engine) -> Rig:
    """Its tables are made with the first work."""
    moment = [BEGIN_US]
    database = DatabaseThread(engine, MIGRATIONS)
    database.run(lambda _session: None)
    reader = DatabaseThread(_reading(engine), None)
    readings = readings_for(engine.dialect.name)
    expected: dict[tuple[str, str], Expectation] = {}
    archive = Archive(
        database,
        reader,
        readings,
        lambda asset, point: expected.get((asset, point), Expectation()),
        city=CITY,
        days=Settings(amqp_uri="amqp://nowhere").days,
        now_us=lambda: moment[0],
    )
    return Rig(database, reader, readings, archive, moment, expected)


def _reading(engine: sa.Engine) -> sa.Engine:
    if engine.dialect.name == "sqlite":
        return sqlite_engine(Path(str(engine.url.database)), read_only=True)
    schema = str(engine.get_execution_options()["schema_of_service"])
    return postgres_engine(engine.url.render_as_string(hide_password=False), schema=schema, read_only=True)


def at(seconds: float) -> int:
    return BEGIN_US + round(seconds * 1e6)


def frame(
    seq: int,
    rows: Sequence[tuple[str, float, Scalar, str]] = (),
    *,
    sent_s: float = 0.0,
    numbers: Sequence[Numbers] = (),
    area: str = AREA,
    epoch: int = 1,
) -> Frame:
    """Rows are (point, seconds, value, quality) of the asset `well`; below zero: never."""
    told = []
    if rows:
        points, seconds, values, qualities = zip(*rows, strict=True)
        taken_us = [0 if each < 0 else at(each) for each in seconds]
        told = [Told("well", points, values, qualities, taken_us, taken_us)]
    return Frame(
        source=SOURCE,
        trade="flood",
        area=area,
        epoch=epoch,
        seq=seq,
        sent_us=at(sent_s or max((each[1] for each in rows), default=0.0)),
        controllers=[],
        readings=told,
        tables=tables_of(numbers, 5000),
    )
