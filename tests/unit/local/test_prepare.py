"""The set-up script's decisions."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.local import prepare


@pytest.mark.parametrize(
    ("version", "recent"),
    [
        ((18, 19, 0), False),
        ((20, 18, 3), False),
        ((20, 19, 0), True),
        ((21, 7, 0), False),
        ((22, 11, 0), False),
        ((22, 12, 0), True),
        ((24, 1, 0), True),
        ((0,), False),
    ],
)
def test_which_node_is_recent_enough(version: tuple[int, ...], recent: bool) -> None:
    assert prepare.is_recent(version) is recent


def missing(*packages: str) -> tuple[prepare.Needed, ...]:
    return tuple(
        prepare.Needed(each.package, ("/nowhere/at-all",), each.for_tests_only, each.instead)
        for each in prepare.NEEDED
        if each.package in packages
    )


def test_nobody_but_root_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prepare, "NEEDED", missing("rabbitmq-server", "chromium"))
    monkeypatch.setattr(prepare.os, "geteuid", lambda: 1000)
    monkeypatch.delenv("AMQP_URI", raising=False)
    with pytest.raises(SystemExit):
        prepare.install_packages("run")
    said = capsys.readouterr().err
    assert "Not installed: rabbitmq-server. Install it first (or set AMQP_URI" in said
    assert "chromium" not in said


def test_a_named_broker_makes_rabbitmq_unnecessary_for_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "NEEDED", missing("rabbitmq-server", "chromium"))
    monkeypatch.setattr(prepare.os, "geteuid", lambda: 1000)
    monkeypatch.setenv("AMQP_URI", "amqp://somewhere")
    prepare.install_packages("run")


def test_a_failing_step_shows_what_it_said_and_ends_the_set_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prepare, "ROOT", tmp_path)
    monkeypatch.setattr(prepare, "LOG", tmp_path / "log")
    prepare.step("saying hello", ["echo", "hello"], cwd=tmp_path)
    with pytest.raises(SystemExit):
        prepare.step("failing", ["sh", "-c", "echo the reason; exit 3"], cwd=tmp_path)
    said = capsys.readouterr().err
    assert "hello" not in said.replace("saying hello", "")
    assert "the reason" in said
    assert "This step failed: failing" in said


def test_a_digest_changes_with_content_and_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(prepare, "ROOT", tmp_path)
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("x")
    two.write_text("x")
    first = prepare.digest([one])
    assert first == prepare.digest([one]) != prepare.digest([two])
    one.write_text("y")
    assert prepare.digest([one]) != first
