"""`python -m tests.compose`: make the images, start docker-compose.yml, look at the city, stop it, leave nothing."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from infra.docker.make_secrets import make_secrets
from infra.local.processes import CannotRun, free_ports
from shared.bus.topology import PROCESSES
from tests.compose.engine import PrivateEngine, install_missing, run, say
from tests.system.city import Desk
from tests.waiting import eventually

READY_S_MAX = 240
STATION = "xinhua"
SERVICES = {process.service for process in PROCESSES}
OURS = {*SERVICES, "simulator"}


class Compose:
    """The city of docker-compose.yml on an engine."""

    def __init__(self, engine: PrivateEngine, variables: dict[str, str], secrets: Path) -> None:
        self._engine = engine
        self.port = free_ports(1)[0]
        self._environment = (
            engine.environment
            | variables
            | {
                "SECRETS_DIR": str(secrets),
                "HTTP_PORT": str(self.port),
                "COMPOSE_PROJECT_NAME": "urbanops-try",
            }
        )
        self.accounts = dict(line.split(maxsplit=1) for line in (secrets / "accounts").read_text().splitlines())

    def __call__(self, *arguments: str) -> str:
        return run(["docker-compose", *arguments], self._environment)

    def states(self) -> dict[str, dict[str, Any]]:
        """What the engine says of each container, by service."""
        ids = self("ps", "--all", "-q").split()
        found = json.loads(self._engine.docker("inspect", *ids))
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}

    def all_healthy(self) -> bool:
        health = {name: each["State"]["Health"]["Status"] for name, each in self.states().items()}
        assert set(health.values()) == {"healthy"}, health
        return True

    def select(self, query: str) -> list[list[str]]:
        """As the database's administrator."""
        psql = f'PGPASSWORD=$(cat /run/secrets/password) psql -U urbanops -d urbanops -At -c "{query}"'
        return [line.split("|") for line in self("exec", "-T", "database", "sh", "-c", psql).splitlines()]

    def simulate(self, *arguments: str) -> str:
        return self("exec", "-T", "simulator", "urbanops", "sim", *arguments)


def look(compose: Compose) -> None:
    """Everything that a person would look at first."""
    desk = Desk(f"http://127.0.0.1:{compose.port}", "dispatcher", compose.accounts["dispatcher"])
    try:
        _readings_live(desk)
        eventually(lambda: _obeys(compose), within_s=60)
        _command_is_verified(desk)
        alarm = _alarm_is_acknowledged(compose, desk)
        _all_is_in_postgresql(compose, alarm)
        _nothing_is_in_the_clear(compose)
        compose("restart", "alarms")
        eventually(compose.all_healthy, READY_S_MAX)
        found = desk.alarm(alarm["id"])
        assert found is not None, "the alarm outlives a restart"
        assert found["acknowledged"], "so does its acknowledgement"
    finally:
        desk.http.close()


def _readings_live(desk: Desk) -> None:
    def reading(asset: str, point: str) -> dict[str, Any]:
        found = desk.get(f"/api/assets/{asset}")["readings"]
        return next(each for each in found if each["point"] == point)

    def taken(asset: str, point: str) -> str:
        now = reading(asset, point)
        return str(now["taken_at"]) if now["quality"] == "good" else ""

    for asset, point in ((STATION, "level_wet_well"), ("douhe-gauge", "level"), ("fenghuang-rain", "rain_total")):
        first = eventually(lambda: taken(asset, point), within_s=60)  # noqa: B023 - called at once
        eventually(lambda: taken(asset, point) > first, within_s=90)  # noqa: B023
    say("readings are live, from TCP and from RTU over TCP")


def _obeys(compose: Compose) -> bool:
    """The platform has seen for long enough that nobody else is the station's master."""
    return bool(json.loads(compose.simulate("status"))["stations"][STATION]["mode"] == "remote")


def _command_is_verified(desk: Desk) -> None:
    row = desk.ended(desk.operate(f"{STATION}-underpass", "siren_on"))
    assert row["state"] == "verified", row
    say("a command was written, and verified by reading it back")


def _alarm_is_acknowledged(compose: Compose, desk: Desk) -> dict[str, Any]:
    known = {alarm["id"] for alarm in desk.get("/api/alarms")}
    compose.simulate("contact", STATION, "power_ok", "--off")

    def new() -> list[dict[str, Any]]:
        return [each for each in desk.get("/api/alarms") if each["asset"] == STATION and each["id"] not in known]

    alarm = eventually(new, within_s=30)[0]
    answer = desk.acknowledge(alarm)
    assert answer.status_code == 200, answer.text
    assert answer.json()["acknowledged"], answer.text
    say(f"an alarm came and was acknowledged: {alarm['text']['en'] or alarm['condition']}")
    found: dict[str, Any] = answer.json()
    return found


def _all_is_in_postgresql(compose: Compose, alarm: dict[str, Any]) -> None:
    def rows() -> dict[str, int]:
        tables = compose.select("SELECT schemaname, relname FROM pg_stat_user_tables")
        counts: dict[str, int] = dict.fromkeys(SERVICES, 0)
        for schema, table in tables:
            if table != "alembic_version":
                counts[schema] += int(compose.select(f"SELECT count(*) FROM {schema}.{table}")[0][0])
        return counts

    counts = rows()
    assert all(counts.values()), counts
    owners = compose.select("SELECT DISTINCT schemaname, tableowner FROM pg_tables WHERE tableowner <> 'urbanops'")
    assert {(name, name) for name in SERVICES} == {(schema, owner) for schema, owner in owners}
    say(f"rows in PostgreSQL, by service: {counts}")
    assert [str(alarm["asset"])] == compose.select(
        f"SELECT DISTINCT asset FROM alarms.alarm WHERE asset = '{alarm['asset']}'"
    )[0]


def _nothing_is_in_the_clear(compose: Compose) -> None:
    sessions = compose.select("SELECT a.usename, s.ssl FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid) "
                              "WHERE a.usename <> 'urbanops'")  # fmt: skip
    assert {(service, "t") for service in SERVICES} == {(user, ssl) for user, ssl in sessions}
    listed = compose(
        "exec", "-T", "broker", "rabbitmqctl", "-q", "list_connections", "user", "ssl", "--no-table-headers"
    )
    connections = {tuple(line.split()) for line in listed.splitlines() if line.strip()}
    assert {(service, "true") for service in SERVICES} == connections
    for name, container in compose.states().items():
        ports = container["HostConfig"]["PortBindings"] or {}
        assert bool(ports) == (name == "gateway"), f"{name} publishes {ports}"
    say("every connection to broker and database is encrypted, each service has its own user")


def stop(compose: Compose) -> float:
    """How long it took. Each process of ours ends by itself; the gateway's server says so as ended by the signal."""
    began = time.monotonic()
    compose("stop")
    took = time.monotonic() - began
    codes = {name: each["State"]["ExitCode"] for name, each in compose.states().items() if name in OURS}
    assert codes == dict.fromkeys(OURS, 0) | {"gateway": 128 + signal.SIGTERM}, codes
    return took


def figures(engine: PrivateEngine) -> str:
    lines = engine.docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}} {{.CPUPerc}}").splitlines()
    size = engine.docker("images", "--format", "{{.Repository}}:{{.Tag}} {{.Size}}").splitlines()
    return "\n".join([*sorted(lines), *sorted(line for line in size if "none" not in line)])


def main() -> int:
    work = Path(tempfile.mkdtemp(prefix="urbanops-compose-"))
    began = time.monotonic()
    try:
        install_missing()
        make_secrets(work / "secrets")
        with PrivateEngine() as engine:
            compose = Compose(engine, engine.make_images(), work / "secrets")
            say("building the image of the city")
            compose("build", "gateway")
            built = time.monotonic()
            try:
                play(compose, engine)
            except BaseException:
                sys.stderr.write(compose("logs", "--no-color", "--tail", "40")[-12_000:])
                raise
            finally:
                compose("down", "--volumes", "--timeout", "5")
        say(f"done: images made in {built - began:.0f} s, all in {time.monotonic() - began:.0f} s")
    except CannotRun as error:
        say(str(error))
        return 1
    finally:
        shutil.rmtree(work)
    return 0


def play(compose: Compose, engine: PrivateEngine) -> None:
    began = time.monotonic()
    compose("up", "-d")
    eventually(compose.all_healthy, READY_S_MAX)
    say(f"all containers are healthy after {time.monotonic() - began:.0f} s")
    look(compose)
    sys.stdout.write(figures(engine) + "\n")
    say(f"stopped in {stop(compose):.0f} s")


if __name__ == "__main__":
    sys.exit(main())
