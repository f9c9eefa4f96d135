"""`urbanops sim` against a running city."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from infra.simulator.cli import app
from tests.integration.simulator.city import RunningCity
from tests.waiting import eventually


def sim(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--data-dir", str(folder)])


def test_a_demonstration_from_the_command_line(city: RunningCity) -> None:
    folder = city.folder
    assert (
        "56.2 mm in all, 90 minutes to go" in sim(folder, "storm", "--return-period", "3", "--at-minute", "30").output
    )
    assert sim(folder, "rate", "15").exit_code == 0
    eventually(lambda: json.loads(sim(folder, "status").output)["stations"]["xinhua"]["running"], within_s=20)
    tripped = sim(folder, "trip-pump", "xinhua", "running")
    assert tripped.exit_code == 0
    assert "of xinhua has tripped" in tripped.output
    for words in (
        ("freeze-sensor", "jianshe"),
        ("cut-line", "river"),
        ("slow-line", "rain", "--delay", "0.1"),
        ("key-to-local", "kaiping"),
        ("contact", "kaiping", "door_open", "--on"),
    ):
        assert sim(folder, *words).exit_code == 0
    assert json.loads(sim(folder, "status").output)["lines"]["river"]["cut"]
    for words in (("key-to-remote", "kaiping"), ("restore", "everything"), ("stop-storm",), ("rate", "1")):
        assert sim(folder, *words).exit_code == 0
    status = json.loads(sim(folder, "status").output)
    assert not status["lines"]["river"]["cut"]
    assert status["stations"]["xinhua"]["faults"] == {}
    assert status["catchments"]["xinhua"]["storm"] is None


def test_a_refusal_is_one_sentence_and_exit_code_1(city: RunningCity) -> None:
    refused = sim(city.folder, "rate", "100")
    assert refused.exit_code == 1
    assert refused.stderr == "City time runs at 1 to 60 times the wall's (given: 100).\n"


def test_without_a_city_it_says_so(tmp_path: Path) -> None:
    away = sim(tmp_path, "status")
    assert away.exit_code == 1
    assert away.stderr == f"No simulator runs with the folder {tmp_path}.\n"
