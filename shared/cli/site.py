"""`urbanops site`: check a site file, and that its controllers fit their profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shared.documents import MalformedDocument
from shared.errors import Malformed
from shared.field.address import parse_address
from shared.field.budget import line_load
from shared.field.profile import Profile
from shared.field.profile_lint import Finding, without_accepted
from shared.field.profile_lint import lint as find
from shared.field.profile_load import profiles_for, unroll
from shared.site import ALL_TRADES, ControllerEntry, Site, load_site

app = typer.Typer(name="site", help="Check site files.", no_args_is_help=True)


@app.callback()
def commands() -> None:
    """Check site files."""


@app.command()
def lint(folder: Annotated[Path, typer.Argument(help="Folder that holds site.yaml.")]) -> None:
    """Tell every mistake with its file and line, and what lint finds in the profiles of its controllers with the
    parameters they have here; exit code 1 when there is an error.
    """
    findings: list[Finding] = []
    try:
        site = load_site(folder, keys_of=ALL_TRADES)
        mistakes, findings = examine(folder, site)
    except MalformedDocument as error:
        mistakes = [str(mistake) for mistake in error.mistakes]
    for mistake in (*mistakes, *findings):
        typer.echo(str(mistake), err=True)
    if mistakes or any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)
    typer.echo(
        f"{folder}: {len(site.areas)} areas, {len(site.assets)} assets, {len(site.controllers)} controllers "
        f"on {len(site.lines)} lines"
    )


def examine(folder: Path, site: Site) -> tuple[list[str], list[Finding]]:
    """Controllers whose profile does not know their parameters or points, and serial lines that are asked too much;
    and what lint finds in their profiles, once each.
    """
    found: list[str] = []
    findings: list[Finding] = []
    by_line: dict[str, list[tuple[ControllerEntry, Profile]]] = {}
    for entry in site.controllers:
        library = profiles_for(site.assets_by_id[entry.asset].trade, folder)
        try:
            written = library.document(entry.profile)
            unrolled, profile = unroll(written, entry.parameters)
        except Malformed as error:
            found.append(f"controller {entry.id}: {error}")
            continue
        by_line.setdefault(entry.line, []).append((entry, profile))
        unknown = set(entry.points) - {*profile.names}
        if unknown:
            found.append(f"controller {entry.id}: points of its profile (given: {', '.join(sorted(unknown))})")
        text = Path(written.file).read_text(encoding="utf-8")
        for finding in without_accepted(find(written, unrolled, profile), text):
            if finding not in findings:
                findings.append(finding)
    asking = {line.id: line for line in site.lines if not parse_address(line.address).listens}
    loads = (line_load(asking[line], controllers) for line, controllers in by_line.items() if line in asking)
    found += [sentence for load in loads if (sentence := load.overload) is not None]
    return found, findings
