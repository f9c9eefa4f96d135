"""`urbanops doctor`: a line a check, what to do, and an exit code."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.local.processes import LOOPBACK, free_ports
from shared.cli import doctor
from shared.cli.doctor.machine import (
    check_clock,
    check_descriptors,
    check_device,
    check_packages,
    check_port,
    check_python,
    check_zones,
)
from shared.cli.doctor.servers import check_broker, check_database
from shared.cli.main import build
from tests.faults.rig import rig
from tests.integration.field.gauges import write_site

RUN = CliRunner()
NOTHING: dict[str, str | None] = dict.fromkeys(("AMQP_URI", "DATABASE_URL", "AMQP_URI_FILE", "DATABASE_URL_FILE"))


def examined(folder: Path, *words: str) -> tuple[int, list[str]]:
    words = ("--data-dir", str(folder), "--port", str(free_ports(1)[0]), *words)
    done = RUN.invoke(doctor.app, [*words, str(folder)], env=NOTHING)
    return done.exit_code, done.output.splitlines()


def test_lines_are_connected_to_and_nothing_is_sent(tmp_path: Path) -> None:
    with rig("tcp") as (device, _):
        write_site(tmp_path, {"bus": device.address}, [("bus", 1)])
        code, told = examined(tmp_path)
        assert [] == [line for line in told if line.startswith("wrong")]
        assert 0 == code
        assert any(line.startswith("ok       line bus: ") for line in told)
        assert 0 == len(device.heard)


def test_a_line_without_anybody_is_wrong_with_what_to_do(tmp_path: Path) -> None:
    nobody = f"tcp://{LOOPBACK}:{free_ports(1)[0]}"
    write_site(tmp_path, {"dead": nobody, "bus": "rtu:///dev/there-is-none"}, [("dead", 1), ("bus", 1)])
    code, told = examined(tmp_path)
    assert 1 == code
    assert any(line.startswith("wrong    line dead: ") and "Look at power" in line for line in told)
    assert any(line.startswith("wrong    line bus: /dev/there-is-none is not there") for line in told)


def test_a_broken_site_file_is_told_by_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("site: site/v1\nid: [\n", encoding="utf-8")
    code, told = examined(tmp_path)
    assert 1 == code
    assert any(line.startswith("wrong    site: ") and "site.yaml:" in line for line in told)


def test_it_is_a_command_of_urbanops(tmp_path: Path) -> None:
    words = ["doctor", "--data-dir", str(tmp_path), "--port", str(free_ports(1)[0])]
    done = RUN.invoke(build(), words, env=NOTHING)
    assert "ok       broker: none given, none needed" in done.output


def test_a_broker_and_a_database_are_signed_in_to_and_no_password_is_told(amqp_uri: str, postgres: str) -> None:
    assert "ok" == check_broker(amqp_uri).verdict
    assert "ok" == check_database(postgres).verdict
    nobody = free_ports(1)[0]
    for check in (
        check_broker(amqp_uri.replace("://urbanops:", "://urbanops:secret")),
        check_broker(f"amqp://me:secret@{LOOPBACK}:{nobody}//"),
        check_broker("secret"),
        check_database(f"postgresql+psycopg://me:secret@{LOOPBACK}:{nobody}/city"),
        check_database("secret"),
    ):
        assert "wrong" == check.verdict
        assert "secret" not in str(check)


def test_a_variable_that_a_service_would_refuse_is_named(tmp_path: Path) -> None:
    words = ["doctor", "--data-dir", str(tmp_path), "--port", str(free_ports(1)[0])]
    done = RUN.invoke(build(), words, env={**NOTHING, "TAKEOVER_QUIET_S": "soon"})
    assert 1 == done.exit_code
    assert "wrong    settings: TAKEOVER_QUIET_S: " in done.output


def test_a_port_in_use_is_a_warning() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        assert "warning" == check_port(listener.getsockname()[1]).verdict


@pytest.mark.parametrize(
    ("verdict", "check"),
    [
        ("ok", check_python((3, 11))),
        ("wrong", check_python((3, 10))),
        ("ok", check_packages()),
        ("wrong", check_packages("there-is-no-such-distribution")),
        ("wrong", check_clock(datetime(1970, 1, 1, tzinfo=UTC))),
        ("wrong", check_zones("Nowhere/Atlantis")),
        ("warning", check_descriptors(1024)),
        ("ok", check_descriptors(-1)),
        ("wrong", check_device(Path("/dev/there-is-none"))),
    ],
)
def test_what_is_not_right_says_what_to_do(verdict: str, check: doctor.Check) -> None:
    assert verdict == check.verdict
    assert (verdict == "ok") == (check.todo == "")
