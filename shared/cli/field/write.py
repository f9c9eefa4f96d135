"""`urbanops field write`: one write, asked for, sent once and read back."""

from __future__ import annotations

import re
import struct
from typing import Annotated, Literal, cast

import typer

from shared.cli.field.command import carry_out
from shared.cli.field.device import (
    AddressArgument,
    Place,
    ProfileOption,
    TimeoutOption,
    UnitArgument,
    WireOption,
    describe,
    fail,
    is_bits,
    opened,
    parse_address_or_exit,
    parse_place,
    parse_timeout,
)
from shared.cli.field.read import show_raw
from shared.cli.profile.reading import Parameters, asked_or_exit
from shared.errors import Malformed
from shared.field.address import Address
from shared.field.registers import Codec, Order
from shared.field.transports import DeviceException, Transport, TransportError, WriteFunction

What = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PLACE VALUE...]", help="holding:20 345, coil:3 on; negative values behind --."),
]
NumberType = Literal["u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "bcd16"]
Type = Annotated[NumberType, typer.Option("--type", help="How each value is laid into registers.")]
WordOrder = Annotated[Order, typer.Option("--word-order")]
Function = Annotated[Literal["auto", "5", "6", "15", "16"], typer.Option("--function", help="Function code to use.")]
Command = Annotated[str | None, typer.Option("--command", help="With --profile: which of its commands.")]
Param = Annotated[float | None, typer.Option("--param", help="The command's parameter.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_BITS = {"1": 1, "on": 1, "true": 1, "0": 0, "off": 0, "false": 0}


def write(
    address: AddressArgument,
    unit: UnitArgument,
    what: What = None,
    type_: Type = "u16",
    word_order: WordOrder = "big",
    function: Function = "auto",
    profile: ProfileOption = None,
    command: Command = None,
    param: Param = None,
    parameter: Parameters = None,
    timeout: TimeoutOption = "1s",
    yes: Yes = False,
    wire: WireOption = False,
) -> None:
    """Write coils or registers, or carry out a profile's command with its interlocks and its proof.

    It is shown and asked for first, sent once whatever happens, and read back. Exit code 1 unless that agrees.
    """
    line = parse_address_or_exit(address)
    if profile is not None:
        known = asked_or_exit(profile, parameter).profile
        if command not in known.commands:
            raise typer.BadParameter(f"a command of the profile: {', '.join(known.commands)}", param_hint="--command")
        with opened(line, wire=wire) as transport:
            carry_out(transport, line, unit, known, command, param, yes=yes)
        return
    if not what or len(what) < 2:
        raise typer.BadParameter("a place and its values were expected: holding:20 345, or --profile and --command")
    place, data = _encoded(what[0], what[1:], type_, word_order)
    code = _function(function, place)
    with opened(line, wire=wire) as transport:
        _write_raw(transport, line, unit, place, code, data, parse_timeout(timeout), yes)


def _encoded(where: str, values: list[str], type_: NumberType, word_order: Order) -> tuple[Place, bytes]:
    """The place that the values cover, and what goes over the wire: a byte a coil, two a register."""
    place = parse_place(where)
    if place.table == "coil":
        if any(value.lower() not in _BITS for value in values):
            raise typer.BadParameter(f"on or off, 1 or 0, for each coil (given: {' '.join(values)})")
        data = bytes(_BITS[value.lower()] for value in values)
        place = parse_place(f"{place.table}:{place.address}:{len(values)}")
    elif place.table == "holding":
        codec = Codec(type_, word_order=word_order)
        try:
            data = b"".join(codec.encode(_number(value)) for value in values)
        except Malformed as error:
            raise typer.BadParameter(str(error)) from error
        place = parse_place(f"{place.table}:{place.address}:{len(data) // 2}")
    else:
        raise typer.BadParameter(f"coil or holding: nothing else can be written (given: {where})")
    if where.count(":") == 2 and parse_place(where) != place:
        raise typer.BadParameter(f"as many values as {where} says ({place.count} given)")
    return place, data


def _number(text: str) -> float | int:
    try:
        return int(text, 0) if re.fullmatch(r"[+-]?(\d+|0x[0-9a-f]+|0b[01]+)", text, re.IGNORECASE) else float(text)
    except ValueError as error:
        raise typer.BadParameter(f"a number like 345, 0x159 or 3.45 (given: {text})") from error


def _function(given: str, place: Place) -> WriteFunction:
    one, many = (5, 15) if is_bits(place.table) else (6, 16)
    code = (one if place.count == 1 else many) if given == "auto" else int(given)
    if code not in (one, many) or (code == one and place.count > 1):
        expected = f"{one} or {many}" if place.count == 1 else str(many)
        raise typer.BadParameter(f"{expected} for {place.count} of {place.table} (given: {given})")
    return cast("WriteFunction", code)


def _write_raw(
    transport: Transport,
    line: Address,
    unit: int,
    place: Place,
    code: WriteFunction,
    data: bytes,
    timeout_s: float,
    yes: bool,
) -> None:
    typer.echo("Before:")
    show_raw(place, transport.read(unit, place.table, place.address, place.count, timeout_s))
    where = f"{place.table} {place.address} of unit {unit} on {line}"
    typer.echo(f"Write {_words(place, data)} to {where} by function {code}, once.")
    if not yes:
        typer.confirm("Is nobody in danger, and nothing else writes there?", abort=True)
    try:
        transport.write(unit, code, place.address, data, timeout_s)
    except DeviceException as error:
        fail(f"Nothing was written. {describe(error, line)}")
    except TransportError as error:
        typer.echo(
            f"Nobody knows whether the device took it, and it is not sent again. {describe(error, line)}", err=True
        )
        _read_back(transport, unit, place, data, timeout_s)
        raise typer.Exit(1) from None
    if not _read_back(transport, unit, place, data, timeout_s):
        fail("It does not read back as written: the device may limit it, need a while, or keep it elsewhere")
    typer.echo("It reads back as written.")


def _read_back(transport: Transport, unit: int, place: Place, data: bytes, timeout_s: float) -> bool:
    raw = transport.read(unit, place.table, place.address, place.count, timeout_s)
    typer.echo("After:")
    show_raw(place, raw)
    if is_bits(place.table):
        return [bool(bit) for bit in data] == [bool(raw[at >> 3] >> (at & 7) & 1) for at in range(place.count)]
    return raw == data


def _words(place: Place, data: bytes) -> str:
    if is_bits(place.table):
        return " ".join("on" if bit else "off" for bit in data)
    return " ".join(f"{word:04X}" for (word,) in struct.iter_unpack(">H", data))
