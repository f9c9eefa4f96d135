"""`urbanops field scan`."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Annotated

import typer

from shared.cli.field.device import (
    AddressArgument,
    TimeoutOption,
    fail,
    opened,
    parse_address_or_exit,
    parse_timeout,
)
from shared.field.address import Address
from shared.field.modbus_words import exception_name
from shared.field.sweep import Found, Noise, Sweep
from shared.field.transports import LinkDown, open_transport

Units = Annotated[
    str | None,
    typer.Option("--units", help="Like 1-16,247. Else 1-247 on serial frames, 0, 1 and 255 on tcp://, 1 in a network."),
]
At = Annotated[int, typer.Option("--at", min=0, max=65535, help="Address that is read, from 0.")]
Pause = Annotated[int, typer.Option("--pause", min=0, max=10_000, help="Milliseconds between two requests.")]
HOSTS_MAX = 1024
"""A bigger network is not scanned at once: /22 at most."""
HOSTS_AT_ONCE = 16
_NETWORK = re.compile(
    r"(?P<scheme>[a-z+]+)://(?P<net>\d+\.\d+\.\d+\.\d+)(?::(?P<port>\d+))?/(?P<bits>\d+)(?P<rest>\?.*)?"
)


def scan(
    address: AddressArgument,
    units: Units = None,
    at: At = 0,
    timeout: TimeoutOption = "300ms",
    pause: Pause = 20,
) -> None:
    """Find out which units answer on a line, or in a network (tcp://10.0.0.0/28), and how quickly. Writes nothing.

    Whoever else is master of a serial line must be stopped first. Exit code 1 when nobody answers.
    """
    sweep = Sweep(at, parse_timeout(timeout), pause / 1000)
    network = _NETWORK.fullmatch(address)
    if network is not None:
        found = _scan_network(_hosts(address, network), parse_units(units or "1"), sweep)
    else:
        line = parse_address_or_exit(address)
        asked = parse_units(units or ("0,1,255" if line.framing in ("tcp", "tls") else "1-247"))
        typer.echo(f"{line}: {len(asked)} units, at most {_longest_s(line, asked, sweep):.0f} s")
        with opened(line) as transport:
            found = sum(_tell(result) for result in sweep.of(transport, asked))
    if not found:
        fail("Nobody answered: look at power, wiring, unit ids, baud rate, parity, framing; or wait longer (--timeout)")
    typer.echo(f"{found} answered")


def parse_units(text: str) -> list[int]:
    """`1-16,247` as a list, each unit once."""
    found: dict[int, None] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,3})(?:-(\d{1,3}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not 0 <= first <= last <= 255:
            raise typer.BadParameter(f"units 0-255 like 1-16,247 were expected (given: {text})", param_hint="--units")
        found.update(dict.fromkeys(range(first, last + 1)))
    return list(found)


def _hosts(text: str, match: re.Match[str]) -> list[Address]:
    try:
        network = IPv4Network(f"{match['net']}/{match['bits']}", strict=False)
    except ValueError as error:
        raise typer.BadParameter(f"a network like tcp://10.0.0.0/28 was expected ({error})") from error
    if network.num_addresses > HOSTS_MAX:
        raise typer.BadParameter(f"at most {HOSTS_MAX} addresses at once: /22 or smaller (given: {text})")
    port = f":{match['port']}" if match["port"] else ""
    first = parse_address_or_exit(f"{match['scheme']}://{network.network_address}{port}{match['rest'] or ''}")
    hosts = list(network.hosts()) or [network.network_address]
    return [replace(first, host=str(host)) for host in hosts]


def _scan_network(hosts: list[Address], units: list[int], sweep: Sweep) -> int:
    typer.echo(f"{len(hosts)} addresses, {len(units)} units each, {HOSTS_AT_ONCE} at once")
    answered = 0
    with ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
        for host, results in zip(hosts, pool.map(lambda host: _scan_host(host, units, sweep), hosts), strict=True):
            if results is None:
                continue
            typer.echo(f"{host}: connected{'' if results else ', no unit answered'}")
            answered += sum(_tell(result, "  ") for result in results)
    return answered


def _scan_host(host: Address, units: list[int], sweep: Sweep) -> list[Found | Noise] | None:
    """None: there is no connection."""
    transport, results = open_transport(host), []
    try:
        for result in sweep.of(transport, units):
            results.append(result)  # noqa: PERF402 - what was found before the link broke counts
    except LinkDown:
        return results or None
    finally:
        transport.close()
    return results


def _tell(result: Found | Noise, indent: str = "") -> int:
    """1 for a unit that answered."""
    if isinstance(result, Noise):
        typer.echo(
            f"{indent}unit {result.unit:>3}  something that is no answer: baud rate, parity, or two units with this id"
        )
        return 0
    trips = [seconds * 1000 for seconds in result.round_trips_s]
    times = f"{statistics.median(trips):.1f} ms ({min(trips):.1f}-{max(trips):.1f})"
    if result.exception is not None:
        said = f"{result.table}: exception {result.exception}, {exception_name(result.exception)}"
    else:
        said = f"{result.table}: {result.raw.hex().upper()}"
    typer.echo(f"{indent}unit {result.unit:>3}  {said}  {times}")
    return 1


def _longest_s(line: Address, units: Sequence[int], sweep: Sweep) -> float:
    return len(units) * (sweep.timeout_s + sweep.pause_s + 16 * line.character_s + 2 * line.frame_gap_s)
