"""`urbanops field trace`."""

from __future__ import annotations

import itertools
import time
from typing import Annotated

import typer

from shared.cli.field.device import (
    AddressArgument,
    Place,
    ProfileOption,
    TimeoutOption,
    UnitArgument,
    describe,
    opened,
    parse_address_or_exit,
    parse_place,
    parse_timeout,
)
from shared.cli.field.read import Places, check_points
from shared.cli.profile.reading import Parameters, asked_or_exit
from shared.field.plan import plan_reads
from shared.field.transports import TransportError

Times = Annotated[int, typer.Option("--times", min=0, help="So many rounds; 0: until Ctrl-C.")]
Every = Annotated[float, typer.Option("--every", min=0.0, max=3600, help="Seconds between the rounds.")]


def trace(
    address: AddressArgument,
    unit: UnitArgument,
    places: Places = None,
    profile: ProfileOption = None,
    parameter: Parameters = None,
    timeout: TimeoutOption = "1s",
    times: Times = 0,
    every: Every = 1.0,
) -> None:
    """Read again and again and show every frame: time, direction, bytes, meaning, checksum. Writes nothing.

    Exit code 1 when any read failed.
    """
    line = parse_address_or_exit(address)
    if profile is not None:
        known = asked_or_exit(profile, parameter).profile
        groups = dict.fromkeys(known.points[name].poll for name in check_points(known, places))
        blocks = [block for group in groups for block in plan_reads(known, group)]
        chosen = [Place(block.table, block.address, block.count) for block in blocks]
        timeout_s = known.modbus.timeout
    else:
        if not places:
            raise typer.BadParameter("what to read was expected: holding:100:4, or --profile")
        chosen, timeout_s = [parse_place(text) for text in places], parse_timeout(timeout)
    failed = 0
    with opened(line, wire=True) as transport:
        try:
            for round_ in range(times) if times else itertools.count():
                if round_:
                    time.sleep(every)
                for place in chosen:
                    try:
                        transport.read(unit, place.table, place.address, place.count, timeout_s)
                    except TransportError as error:
                        failed += 1
                        typer.echo(f"             {describe(error, line)}")
        except KeyboardInterrupt:
            typer.echo("")
    raise typer.Exit(int(failed > 0))
