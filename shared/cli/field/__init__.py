"""`urbanops field`: what an integrator does at the device and on its line, without broker or database."""

from __future__ import annotations

import typer

from shared.cli.field.plan import plan
from shared.cli.field.read import read
from shared.cli.field.scan import scan
from shared.cli.field.trace import trace
from shared.cli.field.watch import watch
from shared.cli.field.write import write

app = typer.Typer(
    name="field", help="Look at devices on their lines, and plan what a line carries.", no_args_is_help=True
)
for command in (scan, read, write, watch, trace, plan):
    app.command()(command)


@app.callback()
def commands() -> None:
    """Look at devices on their lines, and plan what a line carries."""
