"""`urbanops profile decode`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from shared.cli.profile.reading import refuse
from shared.errors import Malformed
from shared.field.decipher import Candidate, Notation, Observation, find_candidates, parse_registers, parse_shown

Raw = Annotated[
    str,
    typer.Argument(help="Registers: '4048 F5C3', '16456 62915', '40 48 F5 C3', or a whole TCP or RTU answer frame."),
]
Shows = Annotated[str, typer.Option("--shows", help="What the device's display shows, with all its digits.")]
Also = Annotated[
    list[str] | None, typer.Option("--also", help="RAW=SHOWN, another moment: what explains both is left.")
]
At = Annotated[int, typer.Option("--at", min=0, help="In which of the given registers the value should begin.")]
Address = Annotated[
    int | None, typer.Option("--address", min=0, max=65536, help="Address of that register, for the YAML.")
]
Table = Annotated[Literal["holding", "input"], typer.Option("--table")]
In = Annotated[Notation, typer.Option("--in", help="How plain digits are meant.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many candidates to list.")]
_ROW = "{:>3}  {:<10} {:<6} {:<6} {:>9} {:>9} {:>6}  {}"


def decode(
    raw: Raw,
    shows: Shows,
    also: Also = None,
    at: At = 0,
    address: Address = None,
    table: Table = "holding",
    notation: In = "auto",
    limit: Limit = 12,
) -> None:
    """List the types, orders, scales and address shifts that explain the shown value, the simplest first."""
    try:
        observations = [Observation(parse_registers(raw, notation), parse_shown(shows), at)]
        for pair in also or []:
            registers, _, value = pair.rpartition("=")
            observations.append(Observation(parse_registers(registers, notation), parse_shown(value), at))
        candidates = find_candidates(observations)
    except Malformed as error:
        refuse(error)
    if not candidates:
        typer.echo("Nothing explains it. Read a register more on each side (--at), or look at the display again.")
        raise typer.Exit(1)
    typer.echo(_ROW.format("", "type", "bytes", "words", "scale", "offset", "shift", "value"))
    for number, candidate in enumerate(candidates[:limit], 1):
        typer.echo(_row(number, candidate).rstrip())
    if len(candidates) > limit:
        typer.echo(f"… and {len(candidates) - limit} more (--limit)")
    if len(candidates) > 1:
        typer.echo("Read it again at another value (--also RAW=SHOWN) to leave only one.")
    typer.echo("\npoints:")
    for candidate in candidates[: min(3, limit)]:
        typer.echo(f"  {as_yaml(candidate, table, address)}")


def as_yaml(candidate: Candidate, table: str, address: int | None) -> str:
    """The point as it would stand in a profile; what is as usual is left out."""
    encoding = candidate.encoding
    place = "ADDRESS" if address is None else str(address + encoding.shift)
    if address is None and encoding.shift:
        place += f"{encoding.shift:+d}"
    fields = [f"table: {table}", f"address: {place}", f"type: {encoding.type}"]
    if encoding.length:
        fields.append(f"length: {encoding.length}")
    fields += [f"{name}: little" for name in ("byte_order", "word_order") if getattr(encoding, name) == "little"]
    fields += [f"scale: {encoding.scale:.9g}"] if encoding.scale != 1 else []
    fields += [f"offset: {encoding.offset:.9g}"] if encoding.offset else []
    return f"NAME: {{{', '.join(fields)}, poll: GROUP}}"


def _row(number: int, candidate: Candidate) -> str:
    encoding = candidate.encoding
    shift = f"{encoding.shift:+d}" if encoding.shift else ""
    type_ = f"string({encoding.length})" if encoding.length else encoding.type
    return _ROW.format(
        number,
        type_,
        encoding.byte_order,
        encoding.word_order,
        f"{encoding.scale:.9g}",
        f"{encoding.offset:.9g}",
        shift,
        candidate.value,
    )
