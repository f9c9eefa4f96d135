"""`urbanops`: every command that an installed part of the house offers, under one name.

An entry point named `profile` is a group of commands (a typer application), one named `backup` a single command (a
function); one named `profile.simulate` is a single command that joins the group of another folder. It is needed because
what is shared must not import the infrastructure, yet an integrator looks for the simulator of a profile beside the
other commands about profiles.
"""

from __future__ import annotations

import sys
from copy import copy
from importlib.metadata import EntryPoint, entry_points

import typer

from shared.logs import set_up_logs

GROUP = "urbanops.commands"


def build(group: str | None = None) -> typer.Typer:
    """The command with all its parts, as pyproject.toml names them; with this group alone where there is one."""
    entries = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    return assemble([entry for entry in entries if entry.name.partition(".")[0] == group] or entries)


def assemble(entries: list[EntryPoint]) -> typer.Typer:
    """Groups first, each copied, so that the module of a group never sees who joins it."""
    app = typer.Typer(name="urbanops", help="Operate and build a city of urbanops.", no_args_is_help=True)
    app.callback()(_nothing)  # without it, a command that is alone would lose its name
    groups: dict[str, typer.Typer] = {}
    for entry in entries:
        if "." not in entry.name:
            own = entry.load()
            if not isinstance(own, typer.Typer):
                app.command(entry.name)(own)
                continue
            groups[entry.name] = group = copy(own)
            group.registered_commands = list(own.registered_commands)
            app.add_typer(group, name=entry.name)
    for entry in entries:
        name, _, command = entry.name.partition(".")
        if command:
            groups[name].command(command)(entry.load())
    return app


def _nothing() -> None:
    """Operate and build a city of urbanops."""


def run() -> None:
    """What another group needs is not loaded: a command at a device should not wait for a database's library."""
    set_up_logs("urbanops", "ERROR")
    build(next(iter(sys.argv[1:]), None))()
