"""A city whose processes are replaced by another version, one after the other, and back, while its pumps run."""

from __future__ import annotations

import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.local.city import ROOT
from infra.simulator.control import SimulatorClient
from tests.system.city import Command, Desk, city, is_ready
from tests.waiting import eventually

STATION = "xinhua"
UNDERPASS = f"{STATION}-underpass"
LEVEL_M_MAX = 6.5
START_M_MIN, STOP_M_MAX = 1.5, 1.1
"""The first pump starts at 1.6 m, the last one stops at 1.0 m or below."""
FOLDERS = ("services", "shared", "gateway", "infra")
ORDER = ("history", "gateway", "alarms", "flood")
"""Consumers first: whoever hears a new word must know it before it is said. Back again, in reverse."""
SOURCES = ("flood", "alarms")
LOOK_EVERY_S = 0.2


def copy_tree(target: Path, source: Path = ROOT) -> Path:
    """A version's code as it would be installed."""
    unwanted = shutil.ignore_patterns("__pycache__", "node_modules", "src", "tests")
    for folder in FOLDERS:
        shutil.copytree(source / folder, target / folder, ignore=unwanted)
    return target


@dataclass
class Watched:
    """What the field saw while versions changed, looked at several times a second."""

    simulator: SimulatorClient
    looks: int = 0
    level_m_max: float = 0.0
    started_at_m: list[float] = field(default_factory=list)
    stopped_at_m: list[float] = field(default_factory=list)
    running: set[int] | None = None

    def look(self) -> None:
        station = self.simulator.status()["stations"][STATION]
        level_m, running = station["level_m"], set(station["running"])
        before, self.running = self.running if self.running is not None else running, running
        self.looks += 1
        self.level_m_max = max(self.level_m_max, level_m)
        self.started_at_m += [level_m] * len(running - before)
        self.stopped_at_m += [level_m] * len(before - running)

    def require_levels(self) -> None:
        """Pumps started and stopped because of the water alone."""
        assert self.level_m_max < LEVEL_M_MAX
        assert all(level_m >= START_M_MIN for level_m in self.started_at_m), self
        assert all(level_m <= STOP_M_MAX for level_m in self.stopped_at_m), self

    @contextmanager
    def all_the_time(self) -> Iterator[None]:
        stopping = threading.Event()

        def run() -> None:
            while not stopping.wait(LOOK_EVERY_S):
                self.look()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()


@dataclass
class Rollout:
    """`link` leads to the code that a process runs when it is started the next time."""

    command: Command
    data: Path
    link: Path
    desk: Desk
    watched: Watched
    alarm_id: str = f"{STATION}~door_opened"

    def put(self, version: Path, modules: Sequence[str]) -> None:
        """Replace these processes, one when the one before is at work, and see that all is as it was."""
        beside = self.link.with_suffix(".new")
        beside.symlink_to(version)
        beside.replace(self.link)
        for name in modules:
            self._replace(name)
            self.check(name)

    def check(self, after: str) -> None:
        """A command is carried out, what was acknowledged is so still."""
        command = eventually(lambda: self._command("siren_on"), within_s=40)
        assert "verified" == command["state"], (after, command)
        assert "verified" == self._ended(self.desk.operate(UNDERPASS, "siren_off"))["state"], after
        alarm = self.desk.get(f"/api/alarms/{self.alarm_id}")
        assert (True, 1) == (alarm["acknowledged"], alarm["occurrence"]), (after, alarm)

    def services(self) -> dict[str, dict[str, Any]]:
        found: list[dict[str, Any]] = self.desk.get("/api/health")["services"]
        return {each["service"]: each for each in found}

    def checks(self) -> Checks:
        return {name: each["checks"] for name, each in self.services().items()}

    def kept(self, service: str, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(f"file:{self.data / service}.sqlite?mode=ro", uri=True, timeout=10) as connection:
            return connection.execute(query).fetchall()

    def missing_events(self) -> list[str]:
        """Of each source and area what the journal lacks, or has twice; nothing when all is well."""
        found = []
        for service in SOURCES:
            for subject, last in self.kept(service, "select subject, seq from outbox_sequence"):
                where = f"area = '{subject}' and source like '{service}/%' and seq <= {last}"
                told = self.kept("history", f"select count(*), count(distinct seq) from journal where {where}")
                if told != [(last, last)]:
                    found.append(f"{service} {subject}: {told} of {last}")
        return found

    def defects(self) -> list[str]:
        """Lines of logs that nobody should see."""
        return [
            f"{path.name}: {line[:300]}"
            for path in (self.data / "logs").glob("*.log")
            for line in path.read_text(errors="replace").splitlines()
            if re.search(r'Traceback|"level": "(error|critical)"', line)
        ]

    def _replace(self, name: str) -> None:
        module = "gateway" if name == "gateway" else f"services.{name}"
        before, restarts = self.command.part(module), self.services()[name]["restarts"]
        assert before is not None
        before.terminate()
        eventually(lambda: self.command.part(module) not in (None, before), within_s=20)
        eventually(lambda: is_ready(self.command.url), within_s=40)
        eventually(lambda: self._restarts(name) > restarts, within_s=20)
        if name == "flood":
            modes = self.watched.simulator.status
            eventually(lambda: all(each["mode"] == "remote" for each in modes()["stations"].values()), within_s=40)

    def _restarts(self, name: str) -> int:
        """As the process itself says; 0 while nothing was heard of it."""
        services = self.services()
        return int(services[name]["restarts"]) if name in services else 0

    def _command(self, command: str) -> dict[str, Any] | None:
        """None while it is refused: a new owner first sees that it is the only master."""
        ended = self._ended(self.desk.operate(UNDERPASS, command))
        return None if ended["state"] == "refused" else ended

    def _ended(self, command_id: str) -> dict[str, Any]:
        return self.desk.ended(command_id)


@contextmanager
def running_city(folder: Path, version: Path) -> Iterator[Rollout]:
    """It rains, a pump runs, and an alarm has been acknowledged."""
    link, data = folder / "current", folder / "var"
    link.symlink_to(version)
    # A process takes its code from where the link leads, not from where it is started. The site's files are those of
    # the first version: what only the second one can read is not written into them before it stays.
    site = version / "infra" / "sites" / "tangshan"
    environment = {"PYTHONPATH": str(link), "PYTHONSAFEPATH": "1", "SITE": str(site)}
    with city(data, **environment) as command:
        accounts = command.wait_until_ready()
        desk = Desk(command.url, "dispatcher", accounts["dispatcher"])
        simulator = SimulatorClient(data)
        rollout = Rollout(command, data, link, desk, Watched(simulator))
        eventually(lambda: all(s["mode"] == "remote" for s in simulator.status()["stations"].values()), within_s=40)
        simulator.contact(STATION, "door_open", on=True)
        alarm = eventually(lambda: desk.alarm(rollout.alarm_id), within_s=30)
        assert alarm is not None
        assert 200 == desk.acknowledge(alarm).status_code
        simulator.storm(3, at_minute=40)
        simulator.rate(15)
        eventually(lambda: simulator.status()["stations"][STATION]["running"], within_s=60)
        simulator.rate(1)
        rollout.check("before")
        yield rollout
        desk.http.close()


Checks = dict[str, dict[str, Any]]
"""By service, its checks."""


def upgrade_and_roll_back(
    folder: Path, old: Path, new: Path, settled: Callable[[Checks], bool] = bool
) -> dict[str, Any]:
    """Raises AssertionError with what went wrong; gives figures. `settled`: the checks once the old one is back."""
    began = time.monotonic()
    with running_city(folder, old) as rollout:
        with rollout.watched.all_the_time():
            rollout.put(new, ORDER)
            upgraded_s = time.monotonic() - began
            rollout.put(old, ORDER[::-1])
        watched = rollout.watched
        watched.require_levels()
        eventually(lambda: not rollout.missing_events(), within_s=30)
        eventually(lambda: settled(rollout.checks()), within_s=20)
        events = dict(rollout.kept("history", "select event, count(*) from journal group by event"))
        tables = {
            name: {row[0] for row in rollout.kept(name, "select name from sqlite_master where type = 'table'")}
            for name in ORDER
        }
        defects = rollout.defects()
        assert not defects, "\n".join(defects[:10])
    return {
        "seconds": round(time.monotonic() - began),
        "upgraded_after_s": round(upgraded_s),
        "looks": watched.looks,
        "level_m_max": round(watched.level_m_max, 2),
        "started_at_m": watched.started_at_m,
        "stopped_at_m": watched.stopped_at_m,
        "events": events,
        "tables": tables,
    }
