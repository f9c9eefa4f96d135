"""`urbanops audit`: proves that the audit is as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from services.history.domain.chain import Finding
from services.history.journal import chain
from services.history.journal.chain import Verification
from services.history.journal.reading import reading
from shared.cli.doctor.servers import check_settings
from shared.contracts.decoding import format_time
from shared.contracts.message import Params
from shared.errors import PlatformError
from shared.messages import sentence

SHOWN_MAX = 100
"""Findings that are told one by one; the rest is counted."""

app = typer.Typer(name="audit", help="Prove that the audit is as it was written.", no_args_is_help=True)

Database = Annotated[str | None, typer.Option("--database", help="PostgreSQL; else DATABASE_URL.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where history.sqlite stands; else DATA_DIR.")]
From = Annotated[int, typer.Option("--from", min=1, help="The number of the first row to look at.")]
Head = Annotated[str | None, typer.Option("--expect-head", metavar="HASH", help="A head that was noted down before.")]


@app.callback()
def commands() -> None:
    """Prove that the audit is as it was written."""


@app.command()
def verify(
    database: Database = None, data_dir: DataDir = None, number_from: From = 1, expect_head: Head = None
) -> None:
    """Walk over the chain of the audit and tell every row that was changed, removed, put in or moved; exit code 1 when
    there is one. Needs no broker, and locks nothing. A head that was noted down elsewhere also proves that nobody wrote
    the whole chain anew.
    """
    given = check_settings().given
    if database is None and data_dir is None and given is not None:
        database, data_dir = given.database_url, given.data_dir
    try:
        with reading(database, data_dir or Path("var")) as session:
            faults = _tell(chain.verify(session, number_from, None if expect_head is None else expect_head.lower()))
    except PlatformError as error:
        _say(error.code, error.params)
        raise typer.Exit(1) from error
    raise typer.Exit(int(faults > 0))


def _tell(found: Iterator[Finding | Verification]) -> int:
    """How many faults there are."""
    faults = 0
    for each in found:
        if isinstance(each, Finding):
            faults += 1
            if faults <= SHOWN_MAX:
                _say(f"audit.{each.fault}", _params(each))
            continue
        if faults > SHOWN_MAX:
            _say("audit.more", {"faults": faults - SHOWN_MAX})
        if each.anchor.number:
            _say("audit.anchor", {"number": each.anchor.number, "hash": each.anchor.hash})
        if each.waiting:
            _say("audit.waiting", {"rows": each.waiting})
        head: Params = {"number": each.head.number, "hash": each.head.hash} if each.head else {}
        _say("audit.well" if not faults else "audit.unwell", {"rows": each.well, "faults": faults, **head})
    return faults


def _params(finding: Finding) -> Params:
    number = "-" if finding.number is None else str(finding.number)
    return {
        "number": number if finding.last is None else f"{number}-{finding.last}",
        "time": "?" if finding.time is None else format_time(finding.time, "time"),
        "event_id": finding.event_id or "?",
    }


def _say(code: str, params: Params) -> None:
    text = sentence(code, params)
    typer.echo(f"{text['zh']} {text['en']}")
