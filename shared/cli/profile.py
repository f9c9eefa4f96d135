"""`urbanops profile`: check a device profile before it meets a device."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
import yaml

from shared.contracts.message import Scalar
from shared.documents import MalformedDocument
from shared.field.plan import plan_reads
from shared.field.profile import Profile
from shared.field.profile_load import load_profile

app = typer.Typer(name="profile", help="Check and describe device profiles.", no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(help="Profile files, YAML.")]
Parameters = Annotated[list[str] | None, typer.Option("--parameter", help="name=value, as the site file would set it.")]


@app.command()
def lint(files: Files, parameter: Parameters = None) -> None:
    """Tell every mistake with its file and line; exit code 1 when there is one."""
    given: dict[str, Scalar] = {}
    for pair in parameter or []:
        name, _, value = pair.partition("=")
        given[name] = yaml.safe_load(value)
    broken = False
    for path in files:
        try:
            profile = load_profile(path, given)
        except MalformedDocument as error:
            broken = True
            for mistake in error.mistakes:
                typer.echo(str(mistake), err=True)
            continue
        reads = sum(len(plan_reads(profile, group)) for group in profile.poll_groups)
        typer.echo(
            f"{path}: {len(profile.points)} points in {reads} reads, "
            f"{len(profile.conditions)} conditions, {len(profile.commands)} commands"
        )
    raise typer.Exit(int(broken))


@app.command()
def schema() -> None:
    """Print the JSON Schema of profile/v1, for an editor."""
    typer.echo(json.dumps(Profile.model_json_schema(), indent=2, ensure_ascii=False))
