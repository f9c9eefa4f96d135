"""The archive: from a filled stream to commit against a plain COPY or executemany of the same rows, and reading it.

The baseline writes the same rows, made ready before, into the same table with the same index, as many a transaction.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import psycopg
import sqlalchemy as sa

from infra.local.postgres import PrivateDatabase
from services.history.archive import catalogue
from services.history.archive.archive import Archive
from services.history.archive.readings import readings_for
from services.history.archive.tables import HOUR_US, READING, ROLLUPS
from services.history.archive.writer import ROWS_MAX
from services.history.domain.buckets import Buckets
from services.history.domain.expectation import Expectation
from services.history.domain.rows import Rows
from services.history.settings import Settings
from services.history.wiring import MIGRATIONS
from shared.bus.connection import Link, declare_shared
from shared.bus.frames import CONTENT_TYPE, Frame, Numbers, encode_frame, tables_of
from shared.bus.publisher import Outgoing, Publisher
from shared.bus.topology import TELEMETRY, TELEMETRY_STREAM
from shared.database import DatabaseThread, Session, engine_from
from shared.settings import CommonSettings
from tests.bench.rig import Bench, cpu_s

CONTROLLERS, POINTS, SCANS = 100, 100, 100
"""A million readings; fifty controllers to a frame, as an owner packs them."""
DAY_S = 86_400
READ_SERIES = 10
PIECES = 1000
REPEATED = 5


def measure(bench: Bench) -> None:
    begin_us = (round(time.time()) - SCANS) * 1_000_000
    fill_stream(bench, begin_us)
    rows = [(each, begin_us + scan * 1_000_000) for scan in range(SCANS) for each in range(CONTROLLERS * POINTS)]
    with PrivateDatabase(bench.folder / "postgres") as cluster:
        for name, url in (("SQLite", None), ("PostgreSQL", cluster.database_url)):
            folder = bench.folder / f"history-{name.lower()}"
            folder.mkdir()
            settings = CommonSettings(amqp_uri=bench.broker.amqp_uri, data_dir=folder, database_url=url)
            plain = plainly(settings, rows)
            kept, megabytes, used = from_stream(bench, settings, len(rows))
            print(
                f"{name}: {kept / 1e3:.0f} k rows/s from the stream to commit, {plain / 1e3:.0f} k/s plainly: "
                f"{kept / plain:.2f} of it; {used:.0%} of a core, {megabytes:.0f} MB at most"
            )
            read(settings, name)


def fill_stream(bench: Bench, begin_us: int) -> None:
    link = Link(bench.broker.amqp_uri, "bench")
    declare_shared(link, TELEMETRY_STREAM)
    link.close()
    points = tuple(f"p{number}" for number in range(POINTS))
    publisher = Publisher(bench.broker.amqp_uri, "bench", TELEMETRY_STREAM)
    bodies, seq = [], 0
    for scan in range(SCANS):
        values = (np.arange(POINTS) + scan).astype("<f8").tobytes()
        at_us = begin_us + scan * 1_000_000
        numbers = [Numbers(points, "f" * POINTS, f"a{number}", at_us, b"", values) for number in range(CONTROLLERS)]
        for half in (numbers[: CONTROLLERS // 2], numbers[CONTROLLERS // 2 :]):
            seq += 1
            frame = Frame(
                source="flood/flood-1/b", trade="flood", area="town/east/one", epoch=1, seq=seq, sent_us=at_us,
                controllers=[], tables=tables_of(half, 5000),
            )  # fmt: skip
            bodies.append(Outgoing(TELEMETRY, "", encode_frame(frame), CONTENT_TYPE))
    publisher.publish(bodies)
    publisher.close()


def plainly(settings: CommonSettings, rows: list[tuple[int, int]]) -> float:
    """Rows a second, of the database's own fastest way for rows that lie ready; the table is empty again after it."""
    database, readings = opened(settings)
    database.run(lambda session: readings.make_room(session, READING, rows[0][1], rows[-1][1] + 1))
    database.close()
    if settings.database_url is None:
        return _executemany(settings.data_dir / "history.sqlite", [(*row, 1.5, 0) for row in rows])
    url = sa.make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    texts = [
        "".join(f"{at_us}\t1.5\t{series}\t0\n" for series, at_us in rows[start : start + ROWS_MAX]).encode()
        for start in range(0, len(rows), ROWS_MAX)
    ]
    with psycopg.connect(url, options="-csearch_path=history") as connection:
        began_s = time.perf_counter()
        for text in texts:
            with connection.cursor().copy("copy reading (at_us, value, series, quality) from stdin") as copy:
                copy.write(text)
            connection.commit()
        took_s = time.perf_counter() - began_s
        connection.execute("truncate reading")
    return len(rows) / took_s


def _executemany(path: Path, rows: list[tuple[int, int, float, int]]) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma synchronous=normal")
    began_s = time.perf_counter()
    for start in range(0, len(rows), ROWS_MAX):
        connection.execute("begin immediate")
        connection.executemany(
            "insert into reading (series, at_us, value, quality) values (?, ?, ?, ?)", rows[start : start + ROWS_MAX]
        )
        connection.execute("commit")
    took_s = time.perf_counter() - began_s
    connection.execute("delete from reading")
    connection.close()
    return len(rows) / took_s


def from_stream(bench: Bench, settings: CommonSettings, count: int) -> tuple[float, float, float]:
    """Rows a second between its first commit and its last, the most memory it took, and of a core."""
    site = Path(__file__).parents[2] / "infra/sites/tangshan"
    environment = bench.environment(settings.data_dir.name, site) | {"DATA_DIR": str(settings.data_dir)}
    if settings.database_url is not None:
        environment["DATABASE_URL"] = settings.database_url
    database = DatabaseThread(engine_from(settings, "history", read_only=True), None)
    with bench.process("services.history", environment=environment) as started:
        process = psutil.Process(started.pid)
        first: tuple[float, int, float] | None = None
        most = 0
        while True:
            came = database.run(lambda session: catalogue.load_position(session).rows)
            most = max(most, process.memory_info().rss)
            now = time.perf_counter(), came, cpu_s(process)
            if came and first is None:
                first = now
            if came >= count:
                break
            time.sleep(0.01)
    database.close()
    assert first is not None
    took_s = now[0] - first[0]
    return (count - first[1]) / took_s, most / 1e6, (now[2] - first[2]) / took_s


def read(settings: CommonSettings, name: str) -> None:
    """A day at one second of one and of ten points, from readings and from rollups, and a year from rollups."""
    database, readings = opened(settings)
    end_us = round(time.time()) // 3600 * HOUR_US
    begin_us = end_us - DAY_S * 1_000_000
    seconds = np.arange(DAY_S, dtype=np.int64) * 1_000_000 + begin_us
    ids = list(range(100_000, 100_000 + READ_SERIES))

    empty = "delete from" if settings.database_url is None else "truncate"

    def fill(session: Session) -> None:
        """Nothing but what is to be read: rolling up what came from the stream is not what is measured."""
        for table in ("series", "reading", "reading_hour"):
            session.execute(sa.text(f"{empty} {table}"))
        known = [catalogue.Series(each, ("asset", f"r{each}"), "f") for each in ids]
        catalogue.add_series(session, known)
        readings.make_room(session, READING, begin_us, end_us)
        for each in ids:
            values = np.sin(seconds / 1e9 + each)
            column = np.full(DAY_S, each, np.int32)
            readings.add(session, Rows(column, seconds, values, np.zeros(DAY_S, np.int16)))
        year_us = 365 * DAY_S * 1_000_000
        for level in ROLLUPS[1:]:
            starts = np.arange(end_us - year_us, end_us, level.width_us)
            number = np.sin(starts / 1e12)
            whole, none = np.ones(len(starts), np.int64), np.full(len(starts), np.nan)
            width = np.full(len(starts), level.width_us / 1e6)
            readings.make_room(session, level, end_us - year_us, end_us)
            readings.put_rollup(
                session, level, ids[0], Buckets(starts, number, number, number, number, whole, width, none, whole * 0)
            )
        catalogue.note_hours(session, range(begin_us, end_us, HOUR_US))

    database.run(fill)
    reader = DatabaseThread(engine_from(settings, "history", read_only=True), None)
    archive = Archive(
        database, reader, readings, lambda _asset, _point: Expectation(), city="town",
        days=Settings(amqp_uri=settings.amqp_uri).days, now_us=lambda: end_us,
    )  # fmt: skip

    def trend(each: int, from_us: int) -> None:
        asked = {"asset": "asset", "point": f"r{each}", "trade": "flood", "area": "a", "controller": "c"}
        found = archive.read_trend(**asked, from_us=from_us, to_us=end_us, points_max=PIECES)
        assert len(found["buckets"]["mean"]) > PIECES / 2

    one_ms = best_ms(lambda: trend(ids[0], begin_us))
    ten_ms = best_ms(lambda: [trend(each, begin_us) for each in ids])
    year_ms = best_ms(lambda: trend(ids[0], end_us - 365 * DAY_S * 1_000_000))
    print(f"{name}: a day at 1 s from readings {one_ms:.0f} ms, of ten points {ten_ms:.0f} ms; a year {year_ms:.0f} ms")
    for task in archive.tasks:
        while task():
            pass
    one_ms, ten_ms = best_ms(lambda: trend(ids[0], begin_us)), best_ms(lambda: [trend(each, begin_us) for each in ids])
    size = next(table for table in archive.describe()["tables"] if table["table"] == "reading")
    print(
        f"{name}: a day at 1 s from rollups {one_ms:.0f} ms, of ten points {ten_ms:.0f} ms; "
        f"{size['bytes'] / max(1, size['rows']):.0f} bytes a reading"
    )
    archive.close()
    database.close()


def opened(settings: CommonSettings) -> tuple[DatabaseThread, Any]:
    engine = engine_from(settings, "history")
    database = DatabaseThread(engine, MIGRATIONS)
    database.run(lambda _session: None)
    return database, readings_for(engine.dialect.name)


def best_ms(work: Callable[[], object]) -> float:
    """Of some repetitions: the machine is shared."""
    found = []
    for _ in range(REPEATED):
        began_s = time.perf_counter()
        work()
        found.append((time.perf_counter() - began_s) * 1e3)
    return min(found)
