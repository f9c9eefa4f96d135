"""An owner of controllers without a broker: what it does when its files change, and while its database is away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from shared.bus.entrypoints import Entrypoints
from shared.clock import WallClock
from shared.contracts.envelope import Envelope, TypeName
from shared.contracts.field import (
    ConditionCleared,
    ConditionRaised,
    ConditionsStanding,
    ConfigurationChanged,
    LoopTestRefused,
    PointMarked,
    PointMarkRefused,
    PointUnmarked,
    TelemetryGap,
)
from shared.contracts.gateway import CheckPoint, MarkPoint, SignLoopTest
from shared.contracts.message import Actor, Event, Scalar, Scope
from shared.database import DatabaseThread, Session, sqlite_engine
from shared.errors import Unavailable
from shared.field import storage, upkeep
from shared.field.commands import Outcome
from shared.field.configuration import load_configuration
from shared.field.owner import Owner, OwnerSettings
from shared.field.unit import Unit
from shared.field.wish import Wish
from tests.faults.device import FaultyDevice, Timing, on_tcp
from tests.integration.field.gauges import AREA, write_site
from tests.waiting import eventually

NOWHERE = "amqp://nobody:nothing@127.0.0.1:1//"
SCOPES = tuple(Scope(trade="*", area="*", verb=verb) for verb in ("operate", "configure"))
ANYBODY = Actor(username="li", role="engineer", scopes=SCOPES)
T = TypeVar("T")


class Watched:
    """A trade that looks at what the owner holds while it asks."""

    def __init__(self) -> None:
        self.owner: Owner
        self.judged: list[bool] = []

    def take(self, area: str, units: Sequence[Unit], memories: Mapping[str, dict[str, Any]]) -> None: ...

    def recall(self, area: str, memories: Mapping[str, dict[str, Any]]) -> None: ...

    def release(self, units: Sequence[Unit]) -> None: ...

    def decides(self, unit: Unit) -> bool:
        return False

    def memories(self, area: str) -> dict[str, dict[str, Any]]:
        return {}

    def remember(self, area: str, asset: str, condition: str) -> bool:
        """Meanwhile the trade's own thread judges."""
        unit = self.owner.engine.units["bus-1"]
        judging = threading.Thread(target=self.owner.judge, args=(unit, []), daemon=True)
        judging.start()
        judging.join(3)
        self.judged.append(not judging.is_alive())
        return True

    def write_computed(self, unit: Unit, point: str, value: Scalar) -> None: ...

    def on_command_started(self, wish: Wish) -> None: ...

    def on_command_ended(self, wish: Wish, outcome: Outcome) -> None: ...


class Outage(DatabaseThread):
    """A database that may be away."""

    away = False
    refused = 0

    def run(self, work: Callable[[Session], T], *, durable: bool = False) -> T:
        if self.away:
            self.refused += 1
            raise Unavailable("database_unavailable")
        return super().run(work, durable=durable)


@dataclass
class Running:
    owner: Owner
    trade: Watched
    database: Outage
    device: FaultyDevice
    folder: Path
    lines: dict[str, str]
    said: list[Event] = field(default_factory=list)

    def start(self) -> None:
        self.owner.start(Entrypoints())
        eventually(
            lambda: self.owner.engine.units and all(each.judged for each in self.owner.engine.units.values()), 10
        )

    def write(self, *units: int) -> None:
        write_site(self.folder, self.lines, [("bus", unit) for unit in units])

    def told(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.said if isinstance(event, kind)]


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(upkeep, "UNLEASED_AFTER_WALL_S", 0.5)
    device = FaultyDevice("mbap", Timing())
    with on_tcp(device) as port:
        folder = tmp_path / "site"
        folder.mkdir()
        database = Outage(sqlite_engine(tmp_path / "flood.sqlite"), Path("services/flood/migrations"))
        trade = Watched()
        lines = {"bus": f"tcp://127.0.0.1:{port}"}
        write_site(folder, lines, [("bus", 1), ("bus", 2)])
        settings = OwnerSettings(amqp_uri=NOWHERE, data_dir=tmp_path / "data", site=folder)
        owner = Owner("flood", lambda: load_configuration("flood", folder), settings, WallClock(), database, trade)
        trade.owner = owner
        found = Running(owner, trade, database, device, folder, lines)
        emit = owner.emitter.emit
        monkeypatch.setattr(
            owner.emitter, "emit", lambda events, *more, **at: (found.said.extend(events), emit(events, *more, **at))
        )
        yield found
        owner.stop()


def test_trade_may_judge_while_it_is_asked_what_stands_on_after_a_change(running: Running) -> None:
    running.device.dead_units = frozenset({2})
    running.start()
    eventually(lambda: "offline:bus-2" in str(running.said), 10)
    running.write(1, 3)
    eventually(lambda: running.told(ConfigurationChanged), 10)
    assert [True] == running.trade.judged


def test_time_without_anybody_is_a_gap_though_the_database_comes_back_later_than_we(running: Running) -> None:
    began = running.owner.clock.now() - timedelta(hours=1)
    running.database.run(lambda session: storage.note_served(session, AREA, began))
    running.database.away = True
    running.start()
    assert [] == running.told(TelemetryGap)
    running.database.away = False
    eventually(lambda: running.told(TelemetryGap), 10)
    (gap,) = running.told(TelemetryGap)
    assert ("service", began) == (gap.cause, gap.from_time)
    eventually(lambda: running.database.run(lambda session: storage.find_served(session, AREA)) != began, 10)


def offline(controller: str, at: datetime) -> ConditionRaised:
    return ConditionRaised(
        area=AREA, trade="flood", asset="gauges", condition=f"offline:{controller}", priority=4, params={}, taken_at=at
    )


def marked(point: str, at: datetime) -> PointMarked:
    return PointMarked(
        area=AREA, trade="flood", asset="gauges", point=point, kind="substituted", value=7, by="li", reason="-",
        since=at, until=at + timedelta(days=9),
    )  # fmt: skip


def test_what_stood_is_neither_raised_twice_nor_forgotten_when_the_database_comes_back_later_than_we(
    running: Running,
) -> None:
    """Both controllers were offline, and one still is."""
    began = running.owner.clock.now() - timedelta(hours=1)
    for controller in ("bus-1", "bus-2"):
        event = offline(controller, began)
        running.database.run(lambda session, event=event: storage.fold(session, event, began))
    running.device.dead_units = frozenset({2})
    running.database.away = True
    running.start()
    eventually(lambda: not running.owner.engine.units["bus-2"].scanner.online, 20)
    refused = running.database.refused
    eventually(lambda: running.database.refused > refused + 5, 20)  # it has tried again, more than once
    assert [] == [*running.told(ConditionRaised), *running.told(ConditionsStanding)]
    running.database.away = False
    eventually(lambda: running.told(ConditionsStanding), 20)
    eventually(lambda: running.told(ConditionCleared), 10)
    assert ["offline:bus-1"] == [event.condition for event in running.told(ConditionCleared)]
    (standing,) = running.told(ConditionsStanding)[-1].conditions
    assert ("offline:bus-2", began, "active") == (standing.condition, standing.since, standing.state)
    assert [] == running.told(ConditionRaised)


def test_what_is_new_is_raised_when_the_database_is_back_with_the_time_it_was_seen_at(running: Running) -> None:
    running.device.dead_units = frozenset({2})
    running.database.away = True
    running.start()
    eventually(lambda: not running.owner.engine.units["bus-2"].scanner.online, 20)
    back_at = running.owner.clock.now()
    running.database.away = False
    eventually(lambda: running.told(ConditionRaised), 10)
    (raised,) = running.told(ConditionRaised)
    assert "offline:bus-2" == raised.condition
    assert raised.taken_at < back_at


def test_what_was_set_before_a_crash_and_waits_for_the_database_still_counts_at_the_next_start(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = running.owner.clock.now() - timedelta(hours=1)
    running.database.run(lambda session: storage.fold(session, marked("p0", began), began))
    ended = PointUnmarked(
        area=AREA, trade="flood", asset="gauges", point="p0", kind="substituted", by="li", cause="released"
    )
    running.owner.emitter.emit([ended, marked("p1", began), offline("bus-1", began)])
    running.said.clear()
    moving = threading.Event()
    move = running.owner.emitter._move_all
    monkeypatch.setattr(running.owner.emitter, "_move_all", lambda: moving.is_set() and move())
    running.start()
    image = running.owner.engine.units["bus-1"].image

    def shown() -> set[str]:
        return {image.names[at] for at in image.marks}

    eventually(lambda: {"p0"} == shown(), 10)  # believed, as long as nothing newer is known
    moving.set()
    eventually(lambda: {"p1"} == shown(), 20)
    eventually(lambda: running.told(ConditionCleared), 10)
    assert ["offline:bus-1"] == [event.condition for event in running.told(ConditionCleared)]


def test_what_came_after_its_deadline_is_refused_for_whoever_wished_it_was_told_so(running: Running) -> None:
    running.start()
    now = running.owner.clock.now()
    letter = Envelope(
        id="1",
        source="gateway/gateway-1/-",
        subject=AREA,
        type=TypeName.of("gateway", MarkPoint),
        time=now - timedelta(minutes=5),
        correlation_id="1",
        seq=0,
        deadline=now - timedelta(minutes=4),
    )
    of = {"area": AREA, "trade": "flood", "actor": ANYBODY}
    running.owner.marking.do_mark_point(
        MarkPoint(
            **of, asset="gauges", point="p0", kind="substituted", value=1, reason="-", until=now + timedelta(hours=1)
        ),
        letter,
    )
    running.owner.loop_tests.do_check_point(
        CheckPoint(**of, controller="bus-1", point="p0", expected="0", passed=True, remark=""), letter
    )
    running.owner.loop_tests.do_sign_loop_test(SignLoopTest(**of, controller="bus-1", remark=""), letter)
    told = [*running.told(PointMarkRefused), *running.told(LoopTestRefused)]
    assert ["wish_late"] * 3 == [refused.reason.code for refused in told]
    assert {} == running.owner.engine.units["bus-1"].image.marks
