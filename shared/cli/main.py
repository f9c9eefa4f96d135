"""`urbanops`: every command that an installed part of the house offers, under one name."""

from __future__ import annotations

from importlib.metadata import entry_points

import typer

GROUP = "urbanops.commands"


def build() -> typer.Typer:
    """The command with all its parts; each part is a typer application named in pyproject.toml."""
    app = typer.Typer(name="urbanops", help="Operate and build a city of urbanops.", no_args_is_help=True)
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        app.add_typer(entry.load(), name=entry.name)
    return app


def run() -> None:
    build()()
