"""Child processes end when they are told to, when they are not listening, and when we die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from infra.local.processes import CannotRun, Child, free_block, free_ports, is_free, program, stop_all
from tests.waiting import eventually

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
WITH_CHILD = "import subprocess, time; subprocess.Popen(['sleep', '600']); print('up', flush=True); time.sleep(600)"


def python(name: str, code: str, folder: Path) -> Child:
    log = folder / f"{name}.log"
    child = Child(name, [sys.executable, "-c", code], log=log)
    eventually(lambda: "up" in log.read_text(), within_s=10)
    return child


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_child_that_does_not_listen_is_killed_in_time(tmp_path: Path) -> None:
    child = python("stubborn", STUBBORN, tmp_path)
    child.stop(within_s=0.3)
    assert child.exit_code() == -signal.SIGKILL


def test_what_a_child_started_ends_with_it(tmp_path: Path) -> None:
    child = python("parent", WITH_CHILD, tmp_path)
    (grandchild,) = psutil.Process(child.pid).children()
    child.stop(within_s=5)
    eventually(lambda: is_gone(grandchild.pid), within_s=2)


def test_several_children_are_stopped_together(tmp_path: Path) -> None:
    children = [python(f"stubborn{n}", STUBBORN, tmp_path) for n in range(3)]
    stop_all(children, within_s=0.3)
    assert [child.exit_code() for child in children] == [-signal.SIGKILL] * 3


def test_children_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from infra.local.processes import Child;"
        f"child = Child('sleeper', ['sleep', '600'], log=Path({str(tmp_path / 'sleeper.log')!r}));"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        sleeper = int(supervisor.stdout.readline())
        eventually(lambda: psutil.Process(sleeper).name() == "sleep", within_s=5)
        os.kill(supervisor.pid, signal.SIGKILL)
    eventually(lambda: is_gone(sleeper), within_s=5)


def test_free_ports_are_different_and_free() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    assert all(is_free(port) for port in ports)
    first = free_block(8)
    assert all(is_free(port) for port in range(first, first + 8))


def test_a_program_that_is_missing_is_named_with_its_package() -> None:
    with pytest.raises(CannotRun, match=r"flying-pig is not installed: install the Debian package pigs, or walk\."):
        program("flying-pig", package="pigs", instead=", or walk")
