"""`urbanops backup` and `urbanops restore`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from infra.backup.restore import restore as restore_from
from infra.backup.save import save
from infra.backup.settings import BackupSettings
from infra.local.processes import CannotRun
from shared.contracts.decoding import format_time
from shared.contracts.message import Params
from shared.errors import PlatformError
from shared.messages import sentence

File = Annotated[Path, typer.Argument(metavar="FILE", help="The archive. It holds secrets: keep it closed.")]
Replace = Annotated[bool, typer.Option("--replace", help="Put what is there aside, under a name that is told.")]


def backup(file: File) -> None:
    """Save the whole platform (DATA_DIR, DATABASE_URL, SITE, SECRETS_DIR) in one file, while it runs. Without the
    broker's queues and stream."""
    with _told():
        manifest = save(BackupSettings.read(), file)
        _say("backup_written", {"file": str(file), "members": len(manifest.members), "bytes": file.stat().st_size})


def restore(file: File, replace: Replace = False) -> None:
    """Put a saved platform into DATA_DIR, DATABASE_URL, SITE and SECRETS_DIR, while no city runs there."""
    with _told():
        manifest, named = restore_from(BackupSettings.read(), file, replace=replace)
        taken_at = format_time(manifest.taken_at, "taken_at")
        _say("backup_restored", {"site": manifest.site, "taken_at": taken_at, "version": manifest.version})
        for name in named:
            _say("restore_put_aside", {"name": name})


@contextmanager
def _told() -> Iterator[None]:
    """Every expected failure is one sentence in both languages and exit code 1."""
    try:
        yield
    except PlatformError as error:
        _say(error.code, error.params)
        raise typer.Exit(1) from error
    except (OSError, CannotRun) as error:
        _say("backup_failed", {"detail": str(error)})
        raise typer.Exit(1) from error


def _say(code: str, params: Params) -> None:
    text = sentence(code, params)
    typer.echo(f"{text['zh']} {text['en']}")
