"""`urbanops audit verify` as an operator sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from services.history.audit import app
from shared.database import postgres_engine, sqlite_engine
from tests.integration.history.rig import NOON, Kept, signed_in


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["verify", *arguments])


def filled(engine: sa.Engine) -> Kept:
    kept = Kept(engine)
    kept.hear([signed_in(number, "wang", NOON) for number in range(1, 6)])
    return kept


def head(kept: Kept) -> str:
    with kept.engine.begin() as connection:
        return str(connection.scalar(sa.text("select hash from audit_mark where name = 'head'")))


def test_a_chain_that_is_well(tmp_path: Path) -> None:
    kept = filled(sqlite_engine(tmp_path / "history.sqlite"))
    result = run("--data-dir", str(tmp_path), "--expect-head", head(kept).upper())  # while the service has it open
    assert (0, True) == (result.exit_code, f"5 rows are well, head 5 {head(kept)}." in result.output)
    assert "5 条完好" in result.output
    kept.database.close()
    assert 0 == run("--data-dir", str(tmp_path), "--from", "3").exit_code


def test_each_fault_is_named_in_both_languages(tmp_path: Path) -> None:
    kept = filled(sqlite_engine(tmp_path / "history.sqlite"))
    kept.execute("update journal set actor = 'li' where position = 2", guarded=False)
    kept.execute("delete from journal where position = 4")
    kept.database.close()
    result = run("--data-dir", str(tmp_path))
    assert 1 == result.exit_code
    assert "第 2 条被改动" in result.output
    assert "Row 2 was changed (2026-07-29T12:00:00Z, event gateway-2)." in result.output
    assert "Row 4 is missing (2026-07-29T12:00:00Z, event gateway-4)." in result.output
    assert "3 rows are well, 2 faults" in result.output


def test_in_postgresql(postgres: str) -> None:
    """The schema is that of the service."""
    kept = filled(postgres_engine(postgres, schema="history"))
    assert 0 == run("--database", postgres).exit_code
    kept.execute("delete from journal where position = 5", "delete from audit_chain where number = 5", guarded=False)
    result = run("--database", postgres)
    assert (1, True) == (result.exit_code, "Row 5 is missing" in result.output)
    kept.execute("drop schema history cascade")
    kept.database.close()


@pytest.mark.parametrize(
    "wish", [["--data-dir", "nowhere"], ["--database", "postgresql://u:p@127.0.0.1:1/x"], ["--database", "x"]]
)
def test_where_there_is_none_it_says_so(wish: list[str]) -> None:
    result = run(*wish)
    assert 1 == result.exit_code
    assert result.output.strip()


def test_an_unexpected_head_is_told(tmp_path: Path) -> None:
    filled(sqlite_engine(tmp_path / "history.sqlite")).database.close()
    result = run("--data-dir", str(tmp_path), "--expect-head", "ab" * 32)
    assert (1, True) == (result.exit_code, "no such head" in result.output)
