"""The conformance kit: what the house ships withstands every fault, and each flaw is found by the fault made for it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest
from typer.testing import CliRunner

from infra.local.processes import free_ports
from shared.cli.main import build
from shared.field.conformance import polling_cases, pushing_cases, run
from tests.integration.field.small_adapters import LineAdapter, PlainAdapter
from tests.unit.field.test_sl651 import TIMED, TIMED_TAKEN
from tests.waiting import eventually

CLI = CliRunner()


@pytest.mark.parametrize("name", ["modbus", "sl651"])
def test_adapter_of_the_house_withstands_every_fault(name: str) -> None:
    done = CLI.invoke(build(), ["adapter", "check", name])
    assert f"{name}: 12 of 12 faults withstood" == done.output.splitlines()[-1]
    assert (0, 12) == (done.exit_code, done.output.count("ok "))


def test_adapters_are_found_by_their_entry_points() -> None:
    done = CLI.invoke(build(), ["adapter", "list"])
    assert ["modbus", "sl651"] == [line.split()[0] for line in done.output.splitlines()]
    unknown = CLI.invoke(build(), ["adapter", "check", "iec104"])
    assert (1, "There is no adapter iec104; installed: modbus, sl651\n") == (unknown.exit_code, unknown.stderr)


def test_broken_adapter_is_told_by_line_and_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.cli.adapter.load_adapter", lambda _name: LineAdapter("raises"))
    done = CLI.invoke(build(), ["adapter", "check", "line"])
    assert 1 == done.exit_code
    assert "FAILED  any byte changed" in done.output
    assert "it raised ValueError" in done.output


def test_sound_adapters_of_other_protocols_withstand_every_fault() -> None:
    cases = [*pushing_cases(LineAdapter()), *polling_cases(PlainAdapter())]
    assert [] == [(found.name, found.broken) for found in map(run, cases) if found.broken is not None]


@pytest.mark.parametrize(
    ("flaw", "fault"),
    [
        ("keeps nothing", "a byte at a time"),
        ("takes the first alone", "several reports at once"),
        ("believes all", "any byte changed"),
        ("raises", "any byte changed"),
        ("knows one station", "two stations on one connection"),
        ("counts by itself", "a report sent again, and another with the same values"),
        ("mixes connections", "two connections, each with a half"),
        ("holds all", "endless beginnings of a report"),
    ],
)
def test_flaw_of_a_pushing_adapter_is_found(flaw: str, fault: str) -> None:
    (case,) = [case for case in pushing_cases(LineAdapter(flaw)) if case.name == fault]
    assert run(case).broken


@pytest.mark.parametrize(
    ("flaw", "fault"),
    [
        ("takes late answers", "answers that come too late"),
        ("takes late answers", "an answer twice"),
        ("takes any unit", "an answer in another unit's name"),
        ("writes again", "a write without an answer"),
        ("waits too long", "no answer"),
        ("raises its own", "nobody there"),
    ],
)
def test_flaw_of_a_polling_adapter_is_found(flaw: str, fault: str) -> None:
    (case,) = [case for case in polling_cases(PlainAdapter(flaw)) if case.name == fault]
    assert run(case).broken


def test_what_a_device_sent_is_read_from_its_bytes() -> None:
    done = CLI.invoke(build(), ["adapter", "decode", "sl651", TIMED])
    lines = done.output.splitlines()
    assert 0 == done.exit_code
    assert lines[0].endswith("station 0011223344, report 32 52 2017-07-18T03:00:16, sent at 2017-07-18 11:00:16")
    assert ["39", "10.49", "good", "2017-07-18", "11:00:00"] == lines[3].split()
    assert lines[-1].split()[-1] == TIMED_TAKEN.replace(" ", "")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(TIMED[:-2], "0 bytes belong to nothing, 59 to something cut off"), ("0102", "2 bytes belong to nothing")],
)
def test_bytes_without_a_report_are_told_as_such(raw: str, expected: str) -> None:
    done = CLI.invoke(build(), ["adapter", "decode", "sl651", raw])
    assert 1 == done.exit_code
    assert expected in done.stderr


@pytest.mark.parametrize(("acknowledge", "answered"), [([], False), (["--acknowledge"], True)])
def test_reports_are_shown_and_answered_only_when_that_is_wished(acknowledge: list[str], answered: bool) -> None:
    port = free_ports(1)[0]
    heard: list[bytes] = []

    def station() -> None:
        with eventually(lambda: connected(port), 5) as connection:
            connection.sendall(bytes.fromhex(TIMED.replace(" ", "")))
            connection.settimeout(0.5)
            with suppress(TimeoutError):
                heard.append(connection.recv(100))

    calling = threading.Thread(target=station)
    calling.start()
    done = CLI.invoke(build(), ["adapter", "listen", f"sl651://127.0.0.1:{port}", "--for", "1s", *acknowledge])
    calling.join()
    assert 0 == done.exit_code
    assert "station 0011223344, report 32 52" in done.output
    assert answered == bool(heard)


def connected(port: int) -> socket.socket | None:
    try:
        return socket.create_connection(("127.0.0.1", port), 1)
    except OSError:
        return None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["listen", "tcp://127.0.0.1:5651"], "no address at which devices report"),
        (["decode", "modbus", "00"], "do not report by themselves"),
        (["decode", "sl651", "zz"], "bytes in hexadecimal"),
        (["decode", "sl651", "00", "--zone", "Moon"], "a zone such as"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(arguments: list[str], expected: str) -> None:
    done = CLI.invoke(build(), ["adapter", *arguments])
    assert done.exit_code in (1, 2)
    assert expected in " ".join(done.stderr.split())
