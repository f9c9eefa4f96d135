"""`urbanops adapter`: the protocols that are installed, put to the test, and what devices say by them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from shared.cli.field.device import fail
from shared.cli.profile.reading import refuse
from shared.contracts.field import Report
from shared.errors import Malformed, Refused
from shared.field.adapters.port import Unread
from shared.field.adapters.registry import adapter_names, load_adapter, pushing_adapter
from shared.field.address import Address, parse_address
from shared.field.conformance import polling_cases, pushing_cases, run
from shared.field.expression import parse_duration
from shared.field.listener import Listener, Take

app = typer.Typer(name="adapter", help="Protocols of field devices.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of its entry point, as `urbanops adapter list` shows it.")]
Zone = Annotated[str, typer.Option("--zone", help="Time zone of the devices' clocks.")]
_ZONE = "Asia/Shanghai"


@app.command("list")
def list_adapters() -> None:
    """The adapters that are installed."""
    for name in adapter_names():
        kind = load_adapter(name).kind
        typer.echo(f"{name:<16} {'devices are asked' if kind == 'polling' else 'devices report by themselves'}")


@app.command()
def check(name: Name) -> None:
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


@app.command()
def decode(
    name: Name,
    raw: Annotated[str, typer.Argument(help="What a device sent, in hexadecimal; spaces do not count.")],
    zone: Zone = _ZONE,
) -> None:
    """Read what a device sent, as a wire trace or a log shows it; exit code 1 when there is no report in it."""
    try:
        session, data = pushing_adapter(name).session(_zone(zone)), bytes.fromhex(raw)
    except Malformed as error:
        refuse(error)
    except ValueError:
        raise typer.BadParameter("bytes in hexadecimal were expected", param_hint="RAW") from None
    found = session.feed(data)
    for arrival in found:
        if isinstance(arrival, Unread):
            typer.echo(f"station {arrival.station}: {arrival.error}", err=True)
            continue
        _tell(arrival.report, _zone(zone))
        typer.echo(f"  answer {arrival.answer.hex().upper() or 'none'}")
    if session.waiting or session.dropped:
        typer.echo(f"{session.dropped} bytes belong to nothing, {session.waiting} to something cut off", err=True)
    raise typer.Exit(int(not any(not isinstance(arrival, Unread) for arrival in found)))


@app.command()
def listen(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="As in the site file: sl651://0.0.0.0:5651.")],
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="Say that reports were taken: stations then forget them.")
    ] = False,
    seconds: Annotated[str | None, typer.Option("--for", help="How long: 10m; else until Ctrl-C.")] = None,
    zone: Zone = _ZONE,
) -> None:
    """Show what devices report, in the place of the service. Without --acknowledge they send it all again."""
    try:
        where = parse_address(address)
        if not where.listens:
            fail(f"{where} is no address at which devices report")
    except Malformed as error:
        refuse(error)

    def take(report: Report) -> None:
        _tell(report, _zone(zone))
        if not acknowledge:
            raise Refused("report_only_shown")

    with _listening(where, _zone(zone), take) as listener:
        if not listener.wait_port(1.0):
            fail(f"Nobody can call {where}: {listener.refusal}")
        typer.echo(f"{where}: devices may call", err=True)
        try:
            threading.Event().wait(None if seconds is None else parse_duration(seconds))
        except KeyboardInterrupt:
            raise typer.Exit(0) from None


@contextmanager
def _listening(address: Address, zone: tzinfo, take: Take) -> Iterator[Listener]:
    listener = Listener(str(address), address, pushing_adapter(address.adapter), zone, take)
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise typer.BadParameter(f"a zone such as {_ZONE} was expected", param_hint="--zone") from None


def _tell(report: Report, zone: tzinfo) -> None:
    sent = "" if report.sent_at is None else f", sent at {_moment(report.sent_at, zone)}"
    typer.echo(f"{datetime.now(zone):%H:%M:%S} station {report.station}, report {report.identity}{sent}")
    for value in report.values:
        shown = "-" if value.value is None else str(value.value)
        typer.echo(f"  {value.element:<6} {shown:>12}  {value.quality:<18} {_moment(value.taken_at, zone)}")


def _moment(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
