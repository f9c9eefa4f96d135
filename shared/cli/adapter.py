"""`urbanops adapter`: which protocols are installed, and whether one holds what the port promises."""

from __future__ import annotations

from typing import Annotated

import typer

from shared.cli.profile.reading import refuse
from shared.errors import Malformed
from shared.field.adapters.registry import adapter_names, load_adapter
from shared.field.conformance import polling_cases, pushing_cases, run

app = typer.Typer(name="adapter", help="Protocols of field devices.", no_args_is_help=True)


@app.command("list")
def list_adapters() -> None:
    """The adapters that are installed."""
    for name in adapter_names():
        kind = load_adapter(name).kind
        typer.echo(f"{name:<16} {'devices are asked' if kind == 'polling' else 'devices report by themselves'}")


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="Name of its entry point, as `urbanops adapter list` shows it.")],
) -> None:
    """Put an adapter through faults, a line each; exit code 1 when one is not withstood."""
    try:
        adapter = load_adapter(name)
    except Malformed as error:
        refuse(error)
    failed = 0
    cases = polling_cases(adapter) if adapter.kind == "polling" else pushing_cases(adapter)
    for case in cases:
        result = run(case)
        failed += result.broken is not None
        typer.echo(f"{'ok' if result.broken is None else 'FAILED':<7} {result.name} ({result.seconds:.1f} s)")
        if result.broken is not None:
            typer.echo(f"        {result.broken}")
    typer.echo(f"{name}: {len(cases) - failed} of {len(cases)} faults withstood")
    raise typer.Exit(int(failed > 0))
