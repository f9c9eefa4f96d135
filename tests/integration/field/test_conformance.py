"""The conformance kit: what the house ships withstands every fault, and each flaw is found by the fault made for it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from shared.cli.main import build
from shared.field.conformance import polling_cases, pushing_cases, run
from tests.integration.field.small_adapters import LineAdapter, PlainAdapter

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
