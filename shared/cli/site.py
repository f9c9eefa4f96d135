"""`urbanops site`: check a site file, and that its controllers fit their profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shared.documents import MalformedDocument
from shared.errors import Malformed
from shared.field.engine import profile_folder
from shared.field.profile_load import ProfileLibrary
from shared.site import Site, load_site

app = typer.Typer(name="site", help="Check site files.", no_args_is_help=True)


@app.callback()
def commands() -> None:
    """Check site files."""


@app.command()
def lint(folder: Annotated[Path, typer.Argument(help="Folder that holds site.yaml.")]) -> None:
    """Tell every mistake with its file and line; exit code 1 when there is one."""
    try:
        site = load_site(folder)
        mistakes = list(_misfits(site))
    except MalformedDocument as error:
        mistakes = [str(mistake) for mistake in error.mistakes]
    for mistake in mistakes:
        typer.echo(mistake, err=True)
    if mistakes:
        raise typer.Exit(1)
    typer.echo(
        f"{folder}: {len(site.areas)} areas, {len(site.assets)} assets, {len(site.controllers)} controllers "
        f"on {len(site.lines)} lines"
    )


def _misfits(site: Site) -> list[str]:
    """Controllers whose profile does not know their parameters or points, or may be written to unwatched."""
    found = []
    for entry in site.controllers:
        trade = site.assets_by_id[entry.asset].trade
        try:
            profile = ProfileLibrary(profile_folder(trade)).get(entry.profile, entry.parameters)
        except Malformed as error:
            found.append(f"controller {entry.id}: {error}")
            continue
        unknown = set(entry.points) - {*profile.points, *profile.computed}
        if unknown:
            found.append(f"controller {entry.id}: points of its profile (given: {', '.join(sorted(unknown))})")
        if profile.commands and profile.watchdog is None:
            found.append(f"controller {entry.id}: a profile with a watchdog, for it has commands")
    return found
