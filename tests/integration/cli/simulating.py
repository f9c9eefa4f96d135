"""`urbanops profile simulate` in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

BOOSTER = "tests/unit/field/register_map/booster.yaml"
PROGRAM = "from shared.cli.main import run; run()"


@contextmanager
def simulated(address: str, *held: str, profile: str = BOOSTER) -> Iterator[subprocess.Popen[str]]:
    """`urbanops profile simulate`, ready to answer; ended by its console."""
    command = [sys.executable, "-c", PROGRAM, "profile", "simulate", profile, "--address", address, "--unit", "7"]
    command += [part for pair in held for part in ("--set", pair)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    )
    assert process.stdin is not None
    try:
        assert f"booster 2.1.0, unit 7, on {address}\n" == told(process)
        yield process
        process.stdin.write("quit\n")
        process.stdin.flush()
        assert 0 == process.wait(timeout=10)
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        assert process.stdout is not None
        process.stdout.close()


def told(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def typed(process: subprocess.Popen[str], line: str) -> str:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    return told(process)
