"""What every command at a device shares: which device, which registers, and what to say when it fails."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn, cast, get_args

import typer

from shared.cli.profile.reading import refuse
from shared.errors import Malformed, PlatformError
from shared.field.address import Address, parse_address
from shared.field.expression import parse_duration
from shared.field.modbus_words import exception_advice, exception_name
from shared.field.profile import BIT_TABLES, Table
from shared.field.trace import Shown, Tracer
from shared.field.transports import (
    DeviceException,
    Garbled,
    LinkDown,
    Tap,
    Transport,
    TransportError,
    WireEvent,
    open_transport,
)

AddressArgument = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="As in the site file: tcp://10.0.0.7, rtu:///dev/ttyUSB0?baud=9600.")
]
UnitArgument = Annotated[int, typer.Argument(metavar="UNIT", min=0, max=255, help="Unit id.")]
ProfileOption = Annotated[Path | None, typer.Option("--profile", help="Profile file: points instead of registers.")]
TimeoutOption = Annotated[
    str, typer.Option("--timeout", help="How long to wait for an answer, beyond what its bytes need on a wire.")
]
WireOption = Annotated[bool, typer.Option("--wire", help="Show every frame as it goes over the wire.")]
_PLACE = re.compile(r"(coil|discrete|input|holding):(0x[0-9a-fA-F]+|\d+)(?::(\d+))?")
_COUNT_MAX = {"coil": 2000, "discrete": 2000, "input": 125, "holding": 125}


@dataclass(frozen=True, slots=True)
class Place:
    """Registers or bits of a table, addressed as on the wire, from 0."""

    table: Table
    address: int
    count: int


def parse_place(text: str, count: int = 1) -> Place:
    """`holding:100:4`, `input:0x10`, `coil:7`."""
    match = _PLACE.fullmatch(text)
    if match is None:
        raise typer.BadParameter(
            "TABLE:ADDRESS:COUNT was expected, like holding:100:4 or coil:0x1F; tables are coil, discrete, input and "
            f"holding, addresses count from 0, so that 40101 is holding:100 (given: {text})"
        )
    table = cast("Table", match[1])
    assert table in get_args(Table)
    address, count = int(match[2], 0), int(match[3] or count)
    if address > 0xFFFF or not 1 <= count <= _COUNT_MAX[table] or address + count > 0x10000:
        raise typer.BadParameter(f"at most {_COUNT_MAX[table]} from address 0-65535 were expected (given: {text})")
    return Place(table, address, count)


def parse_timeout(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except Malformed as error:
        raise typer.BadParameter(str(error), param_hint="--timeout") from error
    if not 0 < seconds <= 60:
        raise typer.BadParameter(f"more than 0 and at most 60 s (given: {text})", param_hint="--timeout")
    return seconds


def parse_address_or_exit(text: str) -> Address:
    try:
        return parse_address(text)
    except Malformed as error:
        refuse(error)


@contextmanager
def opened(address: Address, *, wire: bool = False) -> Iterator[Transport]:
    """The transport of an address; what goes wrong with it ends the command with a sentence and exit code 1."""
    tracer = Tracer(address.framing)
    transport = open_transport(address, printing(tracer) if wire else None)
    try:
        yield transport
    except TransportError as error:
        fail(describe(error, address))
    except PlatformError as error:
        refuse(error)
    finally:
        transport.close()


def printing(tracer: Tracer) -> Tap:
    def tap(event: WireEvent) -> None:
        for shown in tracer.note(event):
            typer.echo(frame_line(shown))
        sys.stdout.flush()

    return tap


_ARROWS = {"sent": "->", "received": "<-", "noise": "??"}


def frame_line(shown: Shown) -> str:
    """A frame as one line: when, which way, its bytes, what it says."""
    moment = datetime.fromtimestamp(shown.at_s).astimezone().strftime("%H:%M:%S.%f")[:-3]
    if shown.kind in ("opened", "closed"):
        return f"{moment} -- {shown.kind}"
    check = f"  checksum {shown.check}" if shown.check else ""
    after = "" if shown.after_s is None else f"  after {shown.after_s * 1000:.1f} ms"
    return f"{moment} {_ARROWS[shown.kind]} {shown.data.hex(' ').upper()}  {shown.meaning}{check}{after}"


def describe(error: TransportError, address: Address) -> str:
    """What happened, and what to look at."""
    if isinstance(error, DeviceException):
        return (
            f"{address} answered exception {error.code}, {exception_name(error.code)}: {exception_advice(error.code)}"
        )
    if isinstance(error, LinkDown):
        advice = (
            "is the device file there, may you use it (group dialout), has another program opened it?"
            if address.device
            else "is it switched on and on this network, is it the right port, does it let another master in?"
        )
        return f"No connection to {address} ({error}): {advice}"
    if isinstance(error, Garbled):
        advice = (
            "other baud rate, parity or framing, two devices with one unit id, or a disturbed line"
            if address.device
            else "other framing (tcp:// or rtu+tcp://?), or something that is not Modbus"
        )
        return f"What came from {address} is no answer ({error}): {advice}"
    advice = (
        "unit id, baud rate and parity, A and B exchanged, power of the device"
        if address.device
        else "unit id, and whether the device behind a gateway or converter is there"
    )
    return f"{address}: {error}: look at {advice}"


def fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1)


def is_bits(table: Table) -> bool:
    return table in BIT_TABLES
