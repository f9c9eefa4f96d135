"""`urbanops field`: what an integrator does at the device and on its line, without broker or database."""

from __future__ import annotations

import typer

from shared.cli.field.plan import plan

app = typer.Typer(
    name="field", help="Look at devices on their lines, and plan what a line carries.", no_args_is_help=True
)
for command in (plan,):
    app.command()(command)


@app.callback()
def commands() -> None:
    """Look at devices on their lines, and plan what a line carries."""
