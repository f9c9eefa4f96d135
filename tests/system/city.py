"""The whole city as a person starts it, and a person in front of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from infra.local.accounts import ACCOUNTS
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


class Desk:
    """A person signed in at the command centre, over HTTP."""

    def __init__(self, url: str, account: str, password: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=15)
        signed_in = self.http.post("/api/session", json={"username": account, "password": password})
        if signed_in.status_code != 200:
            self.http.close()
        assert signed_in.status_code == 200, signed_in.text
        self.http.headers["X-CSRF-Token"] = self.http.cookies["csrf_token"]

    def get(self, path: str, **params: Any) -> Any:
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def operate(self, asset: str, command: str) -> str:
        """The id of a command that was taken."""
        wish = {"asset": asset, "command": command, "params": {}, "reason": ""}
        answer = self.http.post("/api/commands", json=wish, headers={"Idempotency-Key": uuid.uuid4().hex})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def ended(self, command_id: str, within_s: float = 30) -> dict[str, Any]:
        def row() -> dict[str, Any] | None:
            found: dict[str, Any] = self.get(f"/api/commands/{command_id}")
            return None if found["state"] in ("requested", "sending") else found

        found = eventually(row, within_s)
        assert found is not None
        return found

    def alarm(self, alarm_id: str) -> dict[str, Any] | None:
        return next((alarm for alarm in self.get("/api/alarms") if alarm["id"] == alarm_id), None)

    def acknowledge(self, alarm: dict[str, Any]) -> httpx.Response:
        return self.http.post(f"/api/alarms/{alarm['id']}/acknowledge", json={"expected_seq": alarm["seq"]})

    def journal(self, **filters: Any) -> list[dict[str, Any]]:
        """Every event, the newest first, over all pages."""
        found: list[dict[str, Any]] = []
        page = self.get("/api/journal", limit=500, **filters)
        while True:
            found += page["items"]
            if page["next"] is None:
                return found
            page = self.get("/api/journal", limit=500, after=page["next"], **filters)
