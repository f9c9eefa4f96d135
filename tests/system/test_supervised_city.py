"""`python -m infra.local`, whole: from the command to the URL, through deaths and a second run, to nothing left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.local.accounts import ACCOUNTS
from infra.local.city import services
from infra.local.processes import free_ports
from tests.waiting import eventually

READY_S_MAX = 60
STOP_S_MAX = 10
PSS_BYTES_MAX = 1_500_000_000


@dataclass
class Command:
    """The supervisor as a person starts it."""

    process: subprocess.Popen[str]
    output: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def accounts(self) -> dict[str, str]:
        """What was printed below the URL; empty while the city is not ready."""
        lines = self.output.read_text().splitlines()
        if self.url not in lines:
            return {}
        below = lines[lines.index(self.url) + 1 :]
        return dict(line.split(maxsplit=1) for line in below[: len(ACCOUNTS)])

    def wait_until_ready(self) -> dict[str, str]:
        def ready() -> dict[str, str]:
            assert self.process.poll() is None, self.output.read_text()
            return self.accounts()

        return eventually(ready, within_s=READY_S_MAX)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def part(self, module: str) -> psutil.Process | None:
        """The process of a module; None while it is not there."""
        for each in psutil.process_iter(["ppid", "cmdline"]):
            if each.info["ppid"] == self.process.pid and module in (each.info["cmdline"] or []):
                return each
        return None

    def stop(self, number: signal.Signals) -> float:
        """Returns how long it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(timeout=STOP_S_MAX + 5) == 0
        return time.monotonic() - began


@contextmanager
def city(data: Path, **environment: str) -> Iterator[Command]:
    port = free_ports(1)[0]
    output = data.parent / f"output-{port}"
    with output.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local"],
            env=os.environ | {"DATA_DIR": str(data), "PORT": str(port)} | environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
    command = Command(process, output, port)
    try:
        yield command
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=STOP_S_MAX + 5)


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def sign_in(url: str, account: str, password: str) -> dict[str, object]:
    body = json.dumps({"username": account, "password": password}).encode()
    request = urllib.request.Request(f"{url}/api/session", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def still_there(processes: list[psutil.Process]) -> list[str]:
    return [
        " ".join(each.cmdline()) for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE
    ]


def test_the_city_starts_restarts_what_dies_stops_and_goes_on(tmp_path: Path) -> None:
    data = tmp_path / "var"
    with city(data) as command:
        began = time.monotonic()
        accounts = command.wait_until_ready()
        assert time.monotonic() - began < READY_S_MAX
        assert tuple(accounts) == ACCOUNTS
        for account, password in accounts.items():
            assert sign_in(command.url, account, password)["role"] == account
        assert sum(each.memory_full_info().pss for each in command.family()) < PSS_BYTES_MAX

        with city(data) as second:
            assert second.process.wait(timeout=30) == 1
            assert "A city already runs with the data" in second.output.read_text()

        for module in (f"services.{services()[0]}", "gateway"):
            died = command.part(module)
            assert died is not None
            died.kill()
            eventually(lambda: command.part(module) not in (None, died), within_s=20)  # noqa: B023 - called at once
        eventually(lambda: is_ready(command.url), within_s=30)
        family = command.family()
        assert command.stop(signal.SIGTERM) < STOP_S_MAX
        eventually(lambda: not still_there(family), within_s=1)

    with city(data) as command:
        assert command.wait_until_ready() == accounts
        family = command.family()
        assert command.stop(signal.SIGINT) < STOP_S_MAX
        eventually(lambda: not still_there(family), within_s=1)


def test_told_to_stop_while_it_starts_it_leaves_nothing(tmp_path: Path) -> None:
    with city(tmp_path / "var") as command:
        eventually(lambda: any("beam" in each.name() for each in command.family()), within_s=20)
        family = command.family()
        assert command.stop(signal.SIGTERM) < STOP_S_MAX
        eventually(lambda: not still_there(family), within_s=1)


def test_what_makes_a_start_impossible_is_one_clear_sentence(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "site.yaml").write_text("site: site/v1\nid: Nowhere At All\n")
    dead_port = free_ports(1)[0]
    for number, (environment, sentence) in enumerate(
        (
            ({"SITE": str(site)}, "site.yaml:2: id"),
            ({"AMQP_URI": f"amqp://guest:secret@127.0.0.1:{dead_port}//"}, "AMQP_URI names no broker that lets us in"),
            ({"PORT": "99999"}, "PORT: "),
        )
    ):
        with city(tmp_path / f"var{number}", **environment) as command:
            assert command.process.wait(timeout=30) != 0
            said = command.output.read_text()
            assert sentence in said
            assert "Traceback" not in said
            assert "secret" not in said
