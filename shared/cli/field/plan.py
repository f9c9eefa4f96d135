"""`urbanops field plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.cli.profile.reading import refuse
from shared.errors import Malformed
from shared.field.budget import LineLoad, line_loads
from shared.field.forecast import Ages, worst_ages
from shared.field.plan import ReadCost
from shared.field.profile import Profile
from shared.field.profile_load import profiles_for
from shared.site import ControllerEntry, load_site

SiteFolder = Annotated[Path, typer.Argument(help="Folder that holds site.yaml.")]
Dead = Annotated[int, typer.Option("--dead", min=0, help="So many controllers of each line do not answer.")]
Only = Annotated[list[str] | None, typer.Option("--line", help="Only this line; may be given again.")]
Measured = Annotated[
    list[str] | None,
    typer.Option("--measured", help="LINE=MS: so long a small read really takes there (`field scan` tells it)."),
]
_REGISTER_S_UNKNOWN = 0.2e-6
"""A measured round trip tells nothing about a register; on what is not a serial line it costs next to nothing."""


def plan(folder: SiteFolder, dead: Dead = 0, only: Only = None, measured: Measured = None) -> None:
    """Tell for each line how busy its polls will keep it and how old a point may become, before anything is installed.

    Exit code 1 when a serial line would be busy for more than 80 % of its time.
    """
    try:
        site = load_site(folder)
        cache: dict[str, Profile] = {}

        def profile_of(entry: ControllerEntry) -> Profile:
            key = f"{entry.profile} {sorted(entry.parameters.items())}"
            if key not in cache:
                library = profiles_for(site.assets_by_id[entry.asset].trade, folder)
                cache[key] = library.get(entry.profile, entry.parameters)
            return cache[key]

        loads = line_loads(site, profile_of, _costs(measured or [], set(site.lines_by_id)))
    except Malformed as error:
        refuse(error)
    for name in only or ():
        if name not in site.lines_by_id:
            raise typer.BadParameter(f"a line of the site (given: {name})", param_hint="--line")
    chosen = [load for load in loads if not only or load.id in only]
    console = Console(width=None if Console().is_terminal else 110)
    for load in chosen:
        _show(console, load, worst_ages(load), worst_ages(load, dead) if dead else None)
    refused = [sentence for load in chosen if (sentence := load.overload) is not None]
    for sentence in refused:
        typer.echo(sentence, err=True)
    raise typer.Exit(int(bool(refused)))


def _costs(given: list[str], known: set[str]) -> dict[str, ReadCost]:
    costs = {}
    for pair in given:
        line, _, text = pair.partition("=")
        try:
            milliseconds = float(text)
        except ValueError:
            milliseconds = 0.0
        if line not in known or not 0 < milliseconds < 60_000:
            raise typer.BadParameter(f"a line of the site and milliseconds (given: {pair})", param_hint="--measured")
        costs[line] = ReadCost(milliseconds / 1000, _REGISTER_S_UNKNOWN)
    return costs


def _show(console: Console, load: LineLoad, healthy: Ages, with_dead: Ages | None) -> None:
    table = Table(title=f"{load.id}  {load.address}  {load.utilisation:.1%} busy", title_justify="left")
    table.add_column("controller")
    table.add_column("group")
    for heading in ("every s", "reads", "registers", "ms a poll", "busy %", "oldest s"):
        table.add_column(heading, justify="right")
    if with_dead is not None:
        table.add_column(f"oldest s, {len(with_dead.dead)} dead", justify="right")
    for controller in load.controllers:
        for group in controller.groups:
            key, stale_s = (controller.id, group.group), group.stale_after_s
            row = [controller.id, group.group, f"{group.every_s:g}", str(len(group.blocks))]
            row += [str(sum(block.count for block in group.blocks)), f"{group.poll_s * 1000:.1f}"]
            row += [f"{group.utilisation * 100:.2f}", _age(healthy.by_group.get(key), stale_s)]
            if with_dead is not None:
                row.append(_age(with_dead.by_group.get(key), stale_s))
            table.add_row(*row)
    console.print(table)
    if with_dead is not None:
        console.print(f"dead: {', '.join(with_dead.dead)}", highlight=False)


def _age(age_s: float | None, stale_after_s: float) -> str:
    """A point that becomes older than its `stale_after` is marked: it would be unknown between two polls."""
    if age_s is None:
        return "-"
    return f"{age_s:.2f} stale" if age_s > stale_after_s else f"{age_s:.2f}"
