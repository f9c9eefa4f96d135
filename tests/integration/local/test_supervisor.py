"""The supervisor with small parts of its own: restarts, giving up, stopping."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.local.city import Part
from infra.local.processes import CannotRun, free_ports
from infra.local.supervisor import Supervisor, hold_lock
from tests.waiting import eventually

READY = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
NOTES_RESTARTS = "import os, time; print('restarts', os.environ['RESTARTS'], flush=True); time.sleep(600)"


def part(name: str, code: str, *arguments: str) -> Part:
    return Part(name, [sys.executable, "-c", code, *arguments], lambda: dict(os.environ))


@contextmanager
def supervised(folder: Path, *parts: Part) -> Iterator[tuple[Supervisor, list[str]]]:
    said: list[str] = []
    supervisor = Supervisor(parts, None, folder, said.append)
    supervisor.start()
    try:
        yield supervisor, said
    finally:
        supervisor.stop()


def test_it_is_ready_when_readyz_says_so(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    with supervised(tmp_path, part("gateway", READY, str(port))) as (supervisor, said):
        supervisor.wait_until_ready(f"http://127.0.0.1:{port}", within_s=20)
        assert said == []


def test_a_part_that_dies_is_started_again_and_told_how_often(tmp_path: Path) -> None:
    log = tmp_path / "flood.log"
    with supervised(tmp_path, part("flood", NOTES_RESTARTS)) as (supervisor, said):
        eventually(lambda: "restarts 0" in log.read_text(), within_s=10)
        os.kill(supervisor.pids()["flood"], signal.SIGKILL)

        def looked() -> bool:
            supervisor.look()
            return "restarts 1" in log.read_text()

        eventually(looked, within_s=10)
        assert said == [f"flood ended (signal 9); it is started again in 0.5 s, see {log}"]


def test_restarts_come_slower_each_time(tmp_path: Path) -> None:
    with supervised(tmp_path, part("broken", "raise SystemExit(4)")) as (supervisor, said):

        def looked() -> bool:
            supervisor.look()
            return len(said) >= 3

        began = time.monotonic()
        eventually(looked, within_s=20)
        assert time.monotonic() - began >= 1.5
        assert [text.split(" in ")[1].split(",")[0] for text in said] == ["0.5 s", "1 s", "2 s"]


def test_a_part_that_cannot_start_ends_the_start_with_its_last_words(tmp_path: Path) -> None:
    broken = part("alarms", "raise SystemExit('AMQP_URI is not set')")
    with supervised(tmp_path, broken) as (supervisor, _), pytest.raises(CannotRun, match="AMQP_URI is not set"):
        supervisor.wait_until_ready("http://127.0.0.1:9", within_s=60)


def test_a_city_that_is_never_ready_says_why(tmp_path: Path) -> None:
    with supervised(tmp_path) as (supervisor, _), pytest.raises(CannotRun, match="not ready within 1 s"):
        supervisor.wait_until_ready(f"http://127.0.0.1:{free_ports(1)[0]}", within_s=1)


def test_two_cities_do_not_share_their_data(tmp_path: Path) -> None:
    with hold_lock(tmp_path), pytest.raises(CannotRun, match="A city already runs with the data"):
        hold_lock(tmp_path)
    hold_lock(tmp_path).close()


def test_keeping_ends_with_the_exception_that_stops_it(tmp_path: Path) -> None:
    with supervised(tmp_path, part("flood", NOTES_RESTARTS)) as (supervisor, _):
        stopper = threading.Timer(0.3, signal.raise_signal, [signal.SIGUSR1])
        previous = signal.signal(signal.SIGUSR1, _stop)
        try:
            stopper.start()
            with pytest.raises(InterruptedError):
                supervisor.keep()
        finally:
            stopper.join()
            signal.signal(signal.SIGUSR1, previous)


def _stop(*_arguments: object) -> None:
    raise InterruptedError
