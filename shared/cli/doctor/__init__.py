"""`urbanops doctor`: what a laptop or a server needs, a line a check, with what to do. It changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shared.cli.doctor.check import Check
from shared.cli.doctor.machine import check_machine, check_port
from shared.cli.doctor.of_site import check_site
from shared.cli.doctor.servers import check_broker, check_database, check_settings

app = typer.Typer(name="doctor", help="Check this machine, and a site from here.", invoke_without_command=True)

SiteFolder = Annotated[Path | None, typer.Argument(metavar="[SITE]", help="Folder that holds site.yaml.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Where spools and databases stand; else DATA_DIR.")]
Amqp = Annotated[str | None, typer.Option("--amqp", help="The broker; else AMQP_URI. Not needed.")]
Database = Annotated[str | None, typer.Option("--database", help="PostgreSQL; else DATABASE_URL. Not needed.")]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="The gateway's.")]


@app.callback()
def doctor(
    site: SiteFolder = None,
    data_dir: DataDir = None,
    amqp: Amqp = None,
    database: Database = None,
    port: Port = 8000,
) -> None:
    """Check Python, packages, serial devices, ports, clock, disk and settings; the broker and the database where they
    are given; the site's files, and whether its lines can be reached (connected to only). Exit code 1 when something is
    wrong.
    """
    settings = check_settings()
    given = settings.given
    folder = data_dir or (given.data_dir if given else Path("var"))
    checks = [*check_machine(folder), check_port(port), *settings.checks]
    checks.append(check_broker(amqp or (given.amqp_uri if given else "")))
    checks.append(check_database(database or (given.database_url if given else None)))
    if site is not None:
        checks += check_site(site, given.site_variables if given else {})
    for check in checks:
        typer.echo(str(check))
    raise typer.Exit(int(any(check.verdict == "wrong" for check in checks)))


__all__ = ["Check", "app"]
