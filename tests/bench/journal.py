"""The journal: appending with words and chain, searching, verifying; how long a piece of upkeep keeps others out."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from infra.local.postgres import PrivateDatabase
from services.history import handlers
from services.history.domain.retention import Kind, Retention
from services.history.domain.words import parse
from services.history.journal import chain, search
from services.history.journal.trimming import Trimmer
from services.history.storage import Filters
from shared.contracts.codec import Letter
from shared.contracts.field import CommandVerified, ConditionRaised
from shared.database import Session, engine_from
from shared.settings import CommonSettings
from tests.bench.rig import Bench
from tests.integration.history.rig import NOON, Kept, catalogue, said, signed_in

ROWS = 200_000
BATCH = 1000
REPEATED = 9
ASSET = catalogue().site.assets[0]
WISHES: tuple[tuple[str, Filters], ...] = (
    ("泵", Filters()),
    ("通信", Filters()),
    (ASSET.name.text()["zh"], Filters()),
    ("station", Filters()),
    ("s", Filters()),
    ("start wang", Filters()),
    ("wang7", Filters()),
    ("nowhere", Filters()),
    ("通信", Filters(asset=ASSET.id)),
    ("登录", Filters(event="command_verified")),
)


def measure(bench: Bench) -> None:
    with PrivateDatabase(bench.folder / "journal-postgres") as cluster:
        for name, url in (("SQLite", None), ("PostgreSQL", cluster.database_url)):
            folder = bench.folder / f"journal-{name.lower()}"
            folder.mkdir()
            settings = CommonSettings(amqp_uri=bench.broker.amqp_uri, data_dir=folder, database_url=url)
            kept = Kept(engine_from(settings, "history"))
            _append(name, kept)
            for words, filters in WISHES:
                _search(name, kept, words, filters)
            _verify(name, kept)
            _upkeep(name, kept)
            kept.database.close()


def _append(name: str, kept: Kept) -> None:
    spent_s = 0.0
    for first in range(1, ROWS, BATCH):
        letters = list(_letters(first))
        began_s = time.perf_counter()
        kept.hear(letters)
        spent_s += time.perf_counter() - began_s
    print(f"{name}: {ROWS:,} entries, {spent_s / ROWS * 1e6:.0f} us to append one, {BATCH} a transaction")


def _search(name: str, kept: Kept, words: str, filters: Filters) -> None:
    took_ms, found = [], 0
    for _ in range(REPEATED):
        with Session(kept.engine) as session:
            began_s = time.perf_counter()
            found = len(handlers.page(session, filters, parse(words), 100)["items"])
            took_ms.append((time.perf_counter() - began_s) * 1e3)
    asked = words + (" of one asset" if filters.asset else " among other events" if filters.event else "")
    print(f"{name}: {asked}: {found} found, {statistics.median(took_ms):.1f} ms, {max(took_ms):.1f} at most")


def _verify(name: str, kept: Kept) -> None:
    began_s = time.perf_counter()
    with Session(kept.engine) as session:
        *_, end = chain.verify(session, 1, None)
    assert isinstance(end, chain.Verification)
    took_s = time.perf_counter() - began_s
    print(f"{name}: {end.well:,} rows of the audit verified, {took_s / end.well * 1e6:.0f} us each")


def _upkeep(name: str, kept: Kept) -> None:
    kind = Kind(name="security", days=183)
    trimmer = Trimmer(retention=Retention(kinds={}, default=kind), zone=ZoneInfo("UTC"), city="tangshan")
    now = NOON + timedelta(days=400)
    _, told = kept.teller.now()
    tasks: dict[str, Callable[[Session], object]] = {
        "texts": partial(search.put_older, digest="other names", told=lambda row: told(row) + " again"),
        "removal": lambda session: trimmer.piece(session, now),
    }
    for what, piece in tasks.items():
        took_ms = []
        for _ in range(50):
            began_s = time.perf_counter()
            kept.database.run(piece)
            took_ms.append((time.perf_counter() - began_s) * 1e3)
        print(f"{name}: a piece of {what}: {statistics.median(took_ms):.0f} ms, {max(took_ms):.0f} at most")


def _letters(first: int) -> Iterator[Letter]:
    """Of ten, one of the audit, four of commands, five of conditions."""
    pick = random.Random(first)
    for number in range(first, first + BATCH):
        asset = pick.choice(catalogue().site.assets)
        at = NOON + timedelta(seconds=number)
        if number % 10 == 0:
            yield signed_in(number, f"{pick.choice(('wang', 'li', 'zhang'))}{pick.randrange(20)}", at)
        elif number % 10 < 5:
            yield said(
                number,
                CommandVerified(
                    area=asset.area,
                    trade=asset.trade,
                    asset=asset.id,
                    command_id=f"c{number}",
                    command="start_pump1",
                    params={},
                    origin="operator",
                    actor=pick.choice(("wang", "li")),
                    requested_at=at,
                    point="pump1_running",
                    value=True,
                    duration_s=1.0,
                ),
                asset.trade,
                at,
            )
        else:
            condition = pick.choice(("offline:rtu", "high_level", "clock_drift"))
            raised = ConditionRaised(
                area=asset.area,
                trade=asset.trade,
                asset=asset.id,
                condition=condition,
                priority=2,
                params={},
                taken_at=at,
            )
            yield said(number, raised, asset.trade, at)
