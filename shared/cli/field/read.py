"""`urbanops field read`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.cli.field.device import (
    AddressArgument,
    Place,
    ProfileOption,
    TimeoutOption,
    UnitArgument,
    WireOption,
    fail,
    is_bits,
    opened,
    parse_address_or_exit,
    parse_place,
    parse_timeout,
)
from shared.cli.field.points import lone_scanner, shown_value
from shared.cli.profile.reading import Parameters, asked_or_exit
from shared.field.profile import Profile
from shared.field.raw_view import HEADINGS, bit_values, register_views
from shared.field.scanner import Scanner

Places = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PLACE]...", help="holding:100:4, input:0x10, coil:7; with --profile: points, else all."),
]
_WIDTH = 132


def read(
    address: AddressArgument,
    unit: UnitArgument,
    places: Places = None,
    profile: ProfileOption = None,
    parameter: Parameters = None,
    timeout: TimeoutOption = "1s",
    wire: WireOption = False,
) -> None:
    """Read registers raw, as every type they could be, or a profile's points with their quality. Writes nothing."""
    line = parse_address_or_exit(address)
    if profile is None:
        if not places:
            raise typer.BadParameter("what to read was expected: holding:100:4, or --profile")
        chosen, timeout_s = [parse_place(text) for text in places], parse_timeout(timeout)
        with opened(line, wire=wire) as transport:
            for place in chosen:
                show_raw(place, transport.read(unit, place.table, place.address, place.count, timeout_s))
        return
    known = asked_or_exit(profile, parameter).profile
    names = check_points(known, places)
    with opened(line, wire=wire) as transport:
        scanner = lone_scanner(known, unit, transport)
        for group in dict.fromkeys(known.points[name].poll for name in names):
            scanner.poll(group)
    show_points(scanner, names)
    if all(scanner.image.taken_s(scanner.image.index[name]) is None for name in names):
        fail(f"Nothing could be read of unit {unit} on {line}: see the qualities, and `urbanops field trace`")


def check_points(profile: Profile, given: list[str] | None) -> list[str]:
    """The chosen points, or all that have registers."""
    for name in given or ():
        if name not in profile.points:
            raise typer.BadParameter(f"a point of the profile (given: {name}; it has {', '.join(profile.points)})")
    return given or list(profile.points)


def show_raw(place: Place, raw: bytes) -> None:
    console = Console(width=None if Console().is_terminal else _WIDTH)
    table = Table(title=f"{place.table} {place.address}-{place.address + place.count - 1}", title_justify="left")
    if is_bits(place.table):
        table.add_column("address", justify="right")
        table.add_column("value")
        for at, bit in enumerate(bit_values(raw, place.count)):
            table.add_row(str(place.address + at), "1" if bit else "0")
    else:
        for heading in ("address", "hex", *HEADINGS):
            table.add_column(heading, justify="right")
        table.add_column("text")
        for view in register_views(place.address, raw):
            values = ["-" if value is None else shown_value(value) for value in view.values]
            table.add_row(str(view.address), view.hex, *values, view.text)
    console.print(table, markup=False)


def show_points(scanner: Scanner, names: list[str]) -> None:
    image, profile = scanner.image, scanner.image.profile
    table = Table()
    for heading in ("point", "value", "unit", "quality", "title"):
        table.add_column(heading, justify="right" if heading == "value" else "left")
    for name in names:
        point, at = profile.points[name], image.index[name]
        title = "" if point.title is None else f"{point.title.zh} {point.title.en}"
        table.add_row(name, shown_value(image.value(at), point), point.unit, image.quality(at), title)
    Console(width=None if Console().is_terminal else _WIDTH).print(table, markup=False)
    if scanner.learned.illegal:
        base = profile.modbus.address_base
        places = ", ".join(f"{table} {at + base}" for table, at in sorted(scanner.learned.illegal))
        typer.echo(f"The device refuses {places}: propose them under modbus.forbidden")
    if scanner.wrong_device:
        expected = ", ".join(f"{each.point} = {each.equals}" for each in profile.identity)
        typer.echo(f"It is another device than the profile expects ({expected})")
