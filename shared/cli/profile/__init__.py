"""`urbanops profile`: everything an integrator does with a device profile, without broker or database."""

from __future__ import annotations

import json

import typer

from shared.cli.profile.capture import capture
from shared.cli.profile.decode import decode
from shared.cli.profile.doc import doc
from shared.cli.profile.import_table import import_table
from shared.cli.profile.lint import lint
from shared.field.profile import Profile

app = typer.Typer(name="profile", help="Check, describe and try device profiles.", no_args_is_help=True)
for command in (lint, doc, decode, capture):
    app.command()(command)
app.command("import")(import_table)


@app.command()
def schema() -> None:
    """Print the JSON Schema of profile/v1, for an editor."""
    typer.echo(json.dumps(Profile.model_json_schema(), indent=2, ensure_ascii=False))
