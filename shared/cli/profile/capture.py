"""`urbanops profile capture`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from shared.cli.profile.reading import File, Parameters, asked_or_exit, refuse
from shared.errors import PlatformError
from shared.field.address import parse_address
from shared.field.capture import capture as read_case
from shared.field.golden import Golden, as_yaml
from shared.field.profile import Profile
from shared.field.transports import open_transport

GOLDENS = Path("tests/golden")

Address = Annotated[str, typer.Option("--address", help="The line, as the site file writes it: tcp://10.0.0.7:502.")]
Unit = Annotated[int, typer.Option("--unit", min=0, max=255, help="Unit id.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write; else tests/golden/<profile>/<time>.yaml.")
]
Source = Annotated[str, typer.Option("--source", help="Which device it was: maker, serial number, place.")]
Checked = Annotated[str, typer.Option("--checked-against", help="What the readings were compared with already.")]


def capture(
    file: File,
    address: Address,
    unit: Unit = 1,
    output: Output = None,
    source: Source = "",
    checked_against: Checked = "",
    parameter: Parameters = None,
) -> None:
    """Read a live device once and record a golden case: raw blocks and readings. Nothing is written to the device."""
    read = asked_or_exit(file, parameter)
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        transport = open_transport(parse_address(address))
        try:
            golden = read_case(
                transport,
                unit,
                read.profile,
                read.parameters,
                now,
                source=source or "a device on a line",
                checked_against=checked_against,
            )
        finally:
            transport.close()
    except PlatformError as error:
        refuse(error)
    path = output or GOLDENS / golden.profile / f"{now:%Y%m%dT%H%M%SZ}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_yaml(golden), encoding="utf-8")
    _tell(read.profile, golden)
    typer.echo(f"\n{path}")
    if not checked_against:
        typer.echo("Compare every reading with the device's display, then say with what under checked_against.")


def _tell(profile: Profile, golden: Golden) -> None:
    for name, reading in golden.readings.items():
        point = profile.points[name]
        title = "" if point.title is None else f"{point.title.zh} {point.title.en}"
        quality = "" if reading.quality == "good" else reading.quality
        typer.echo(f"{name:<28} {reading.value!s:>14} {point.unit:<8} {quality:<24} {title}".rstrip())
