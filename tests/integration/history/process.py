"""`python -m services.history` on a real broker, killed and started again, and what it was told."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from services.history.archive import catalogue
from services.history.archive.readings import readings_for
from services.history.wiring import MIGRATIONS
from shared.bus.frames import Numbers, Readings
from shared.bus.spool import Spool
from shared.bus.telemetry import TelemetrySender
from shared.clock import CityClock
from shared.database import DatabaseThread, Session, engine_from
from shared.settings import CommonSettings
from tests.integration.flood.conftest import CLOCK, furnish
from tests.waiting import eventually

AREA = "town/east/one"
POINTS = tuple(f"p{number}" for number in range(20))
Told = tuple[str, int, float]
"""Point, moment, value."""


@dataclass
class HistoryProcess:
    """The service with its own folder; `database_url` for PostgreSQL."""

    folder: Path
    amqp_uri: str
    database_url: str | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {
            **os.environ,
            "DATA_DIR": str(self.folder),
            "SITE": str(self.folder),
            "SITE_VARIABLES": "port=1",
            "AMQP_URI": self.amqp_uri,
            "CLOCK_FILE": str(self.folder / CLOCK),
        }
        if self.database_url is not None:
            environment["DATABASE_URL"] = self.database_url
        with (self.folder / "history.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.history"], env=environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(15)

    @contextmanager
    def looking(self) -> Iterator[DatabaseThread]:
        """At its database, beside it."""
        found = DatabaseThread(engine_from(self._settings(), "history", read_only=True), None)
        try:
            yield found
        finally:
            found.close()

    def kept(self) -> tuple[int, list[Told]]:
        """How many readings came, and all that are there."""
        dialect = "sqlite" if self.database_url is None else "postgresql"

        def read(session: Session) -> tuple[int, list[Told]]:
            store, found = readings_for(dialect), []
            for (_, point), series in catalogue.load_series(session).items():
                rows = store.read(session, series.id, 0, 1 << 62, 10_000_000, worded=False)
                found += [
                    (point, at_us, value) for at_us, value in zip(rows.at_us.tolist(), rows.value.tolist(), strict=True)
                ]
            return catalogue.load_position(session).rows, sorted(found)

        with self.looking() as database:
            return database.run(read)

    def came(self) -> int:
        """How many readings came."""
        with self.looking() as database:
            return database.run(lambda session: catalogue.load_position(session).rows)

    def migrate(self) -> None:
        """Make its tables, so that they can be looked at before it has begun."""
        database = DatabaseThread(engine_from(self._settings(), "history"), MIGRATIONS)
        database.run(lambda _session: None)
        database.close()

    def _settings(self) -> CommonSettings:
        return CommonSettings(amqp_uri=self.amqp_uri, data_dir=self.folder, database_url=self.database_url)


@dataclass
class Telling:
    """Readings of one asset on their way to the stream, remembered; each is told once."""

    amqp_uri: str
    folder: Path
    told: list[Told] = field(default_factory=list)
    number: int = 0
    begin_us: int = 0

    def __post_init__(self) -> None:
        self.begin_us = round(time.time()) * 1_000_000
        self.sender = TelemetrySender(
            self.amqp_uri,
            source="flood/flood-1/s",
            trade="flood",
            spool=Spool(self.folder / "telemetry.spool", 50_000_000),
            clock=CityClock(self.folder / CLOCK),
            on_lost=lambda lost: None,
        )
        self.sender.begin(AREA, 1)
        self.sender.start()

    def tell(self, scans: int) -> None:
        """So many scans as tables, with a few rows in groups between them."""
        for _ in range(scans):
            self.number += 1
            at_us = self.begin_us + self.number * 1_000_000
            values = [float(self.number * 100 + place) for place in range(len(POINTS))]
            numbers = Numbers(POINTS, "f" * len(POINTS), "well", at_us, b"", np.array(values, "<f8").tobytes())
            self.sender.report(AREA, None, numbers=[numbers])
            self.told += [(point, at_us, value) for point, value in zip(POINTS, values, strict=True)]
            if self.number % 7 == 0:
                self.sender.report(AREA, Readings("well", ["odd"], [self.number / 8], "good", at_us, at_us))
                self.told.append(("odd", at_us, self.number / 8))


def kill_again_and_again(
    history: HistoryProcess, rounds: int, seed: int, scans: int = 400
) -> tuple[int, list[Told], list[Told]]:
    """Kill it while it works. How many readings came, what is there and what was told."""
    furnish(history.folder)
    history.migrate()
    chance = random.Random(seed)
    telling = Telling(history.amqp_uri, history.folder)
    try:
        for _ in range(rounds):
            history.start()
            before = history.came()
            telling.tell(scans)
            # sometimes before it has begun, sometimes in the middle of it
            wanted = before + chance.randrange(len(telling.told) - before)
            eventually(lambda before=before, wanted=wanted: history.came() > min(before, wanted), 30)
            telling.tell(scans)
            history.kill()
        history.start()
        eventually(lambda: history.came() >= len(telling.told), 60)
    finally:
        telling.sender.stop()
        history.stop()
    came, kept = history.kept()
    return came, kept, sorted(telling.told)
