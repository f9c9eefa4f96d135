"""`urbanops field watch` polls like the services, shows qualities and rates, and writes nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from infra.local.processes import LOOPBACK, free_ports
from shared.cli import field
from tests.faults.rig import rig
from tests.integration.cli.simulating import PROGRAM
from tests.integration.field.gauges import write_site
from tests.waiting import eventually

RUN = CliRunner()


def test_a_site_is_read_once_with_the_dead_among_the_living(tmp_path: Path) -> None:
    nobody = f"tcp://{LOOPBACK}:{free_ports(1)[0]}"
    with rig("tcp") as (device, _):
        write_site(tmp_path, {"good": device.address, "dead": nobody}, [("good", 1), ("good", 2), ("dead", 1)])
        done = RUN.invoke(field.app, ["watch", str(tmp_path), "--once", "--point", "p3"])
    assert 0 == done.exit_code, done.output
    rows = {cells[0]: cells for line in done.output.splitlines() if (cells := _cells(line)) and len(cells) == 7}
    assert {"good-1", "good-2", "dead-1"} == set(rows) - {"controller"}
    assert ["good", "good", "bad.not_connected"] == [rows[each][4] for each in ("good-1", "good-2", "dead-1")]
    assert "-" == rows["dead-1"][2]
    assert [] == device.writes


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().removeprefix("│").removesuffix("│").split("│")]


def test_a_profile_is_watched_for_some_seconds(tmp_path: Path) -> None:
    with rig("rtu") as (device, _):
        write_site(tmp_path, {"bus": device.address}, [("bus", 1)])
        profile = str(tmp_path / "profiles" / "gauge.yaml")
        done = RUN.invoke(field.app, ["watch", profile, "--address", device.address, "--unit", "1", "--seconds", "1.6"])
        assert 0 == done.exit_code, done.output
        assert "+0" in done.output  # the rate of a value that stands
        assert 3 <= len(device.heard)


def test_nothing_that_answers_is_exit_code_1(tmp_path: Path) -> None:
    write_site(tmp_path, {"dead": f"tcp://{LOOPBACK}:{free_ports(1)[0]}"}, [("dead", 1)])
    done = RUN.invoke(field.app, ["watch", str(tmp_path), "--once"])
    assert 1 == done.exit_code
    assert "Nothing could be read" in done.stderr
    assert 2 == RUN.invoke(field.app, ["watch", str(tmp_path), "--line", "nowhere"]).exit_code


def test_an_interrupt_ends_it_cleanly(tmp_path: Path) -> None:
    with rig("tcp") as (device, _):
        write_site(tmp_path, {"bus": device.address}, [("bus", 1)])
        command = [sys.executable, "-c", PROGRAM, "field", "watch", str(tmp_path)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"COLUMNS": "120"}
        )
        try:
            eventually(lambda: len(device.heard) >= 2, 15)
            process.send_signal(signal.SIGINT)
            told, errors = process.communicate(timeout=10)
        finally:
            process.kill()
            process.wait()
    assert 0 == process.returncode
    assert "" == errors
    assert "bus-1" in told
