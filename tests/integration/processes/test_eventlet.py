"""What must hold in a process of greenlets; each in a process of its own, because eventlet patches the whole of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.bus.rig import MIGRATIONS

HUB = """
import eventlet; eventlet.monkey_patch()
import json, sys, threading, time
from pathlib import Path
import sqlalchemy as sa
from shared.bus.nameko_database import TpoolThread
from shared.database import DatabaseThread, postgres_engine, sqlite_engine

where, migrations = sys.argv[1:]
engine = sqlite_engine(Path(where)) if where.endswith(".sqlite") else postgres_engine(where, schema="hub")
database = DatabaseThread(engine, Path(migrations), TpoolThread())
slow = {"sqlite": "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n<400000) SELECT max(n) FROM c",
        "postgresql": "SELECT pg_sleep(0.2)"}[engine.dialect.name]
applied = sa.table("applied", sa.column("id"), sa.column("n"))
database.run(lambda session: session.execute(sa.insert(applied).values(id="counter", n=0)))
late, done = [], []

def tick():
    while len(done) < 5:
        began = time.monotonic(); eventlet.sleep(0.01); late.append(time.monotonic() - began - 0.01)

def work(session):
    session.execute(sa.text(slow))
    session.execute(sa.update(applied).values(n=applied.c.n + 1))

def use():
    database.run(work); done.append(1)

ticking = eventlet.spawn(tick)
users = [threading.Thread(target=use) for _ in range(5)]
[user.start() for user in users]
[user.join() for user in users]
ticking.wait()
count = database.run(lambda session: session.scalar(sa.select(applied.c.n)))
database.close()
print(json.dumps({"count": count, "ticks": len(late), "late_s": sorted(late)[int(len(late) * 0.9)]}))
"""
WORKERS = """
import eventlet; eventlet.monkey_patch()
import json
from nameko.containers import ServiceContainer
from shared.bus.nameko_entrypoints import Wired, does, entrypoints_of, hears, rpc, scanned
from shared.contracts.field import ConditionCleared, ConditionRaised
from shared.contracts.gateway import Operate
from shared.errors import Refused

class Service:
    name = "trade"
    app = Wired()

    @hears(ConditionRaised, ConditionCleared)
    def on_condition(self, event, envelope):
        self.app.append(("heard", event))

    @does(Operate)
    def do_operate(self, command, envelope):
        raise Refused("alarm_missing", alarm=command)

    @rpc
    def double(self, n):
        return 2 * n

    @scanned
    def on_scan(self, area):
        return f"decided about {area}"

app = []
container = ServiceContainer(Service, config={"app": app})
container.start()
table = entrypoints_of(container)
table.hears[ConditionRaised]("raised", None)
table.hears[ConditionCleared]("cleared", None)
try:
    table.does[Operate]("pump", None)
except Refused as error:
    app.append(("refused", error.code))
app.append(("answered", table.answers["double"](21)))
app.append(("scanned", table.scanned("xinhuadao")))
container.stop()
print(json.dumps(app))
"""


def run(program: str, *arguments: str) -> object:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert 0 == done.returncode, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_slow_database_work_holds_up_no_greenlet(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    where = str(tmp_path / "hub.sqlite") if kind == "sqlite" else request.getfixturevalue("postgres")
    found = run(HUB, where, str(MIGRATIONS))
    assert isinstance(found, dict)
    assert 5 == found["count"]
    assert found["ticks"] > 20
    assert found["late_s"] < 0.05


def test_workers_of_nameko_stand_behind_each_entrypoint() -> None:
    expected = [
        ["heard", "raised"],
        ["heard", "cleared"],
        ["refused", "alarm_missing"],
        ["answered", 42],
        ["scanned", "decided about xinhuadao"],
    ]
    assert expected == run(WORKERS)
