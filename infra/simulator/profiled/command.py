"""`urbanops profile simulate`."""

from __future__ import annotations

import asyncio
import signal
import sys
import termios
import threading
import time
from contextlib import suppress
from typing import Annotated

import typer

from infra.simulator.lines import Line, LineBusy
from infra.simulator.profiled.console import Console, Quit, Refusal, hold
from infra.simulator.profiled.device import ProfileDevice
from shared.cli.profile.reading import File, Parameters, asked_or_exit, refuse
from shared.errors import Malformed
from shared.logs import set_up_logs

Address = Annotated[
    str,
    typer.Option(
        "--address", help="tcp://host:port, rtu+tcp://host:port, ascii+tcp://…, or rtu:///path of a link to make."
    ),
]
Unit = Annotated[int, typer.Option("--unit", min=0, max=255, help="Unit id.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="point=value, held from the start.")]


def simulate(
    file: File,
    address: Address = "tcp://127.0.0.1:1502",
    unit: Unit = 1,
    given: Set = None,
    parameter: Parameters = None,
) -> None:
    """Serve a profile as a Modbus device, with a console on standard input (type help), until quit or a signal."""
    profile = asked_or_exit(file, parameter).profile
    set_up_logs("simulator", "WARNING")
    device = ProfileDevice(unit, profile, time.monotonic)
    try:
        for pair in given or []:
            name, equals, value = pair.partition("=")
            if not equals:
                raise Refusal(f"--set takes point=value (given: {pair}).")
            hold(device, name, value)
        line = Line(profile.id, address, [device])
        asyncio.run(_serve(device, line, address))
    except Malformed as error:
        refuse(error)
    except (OSError, termios.error) as error:
        typer.echo(f"{address} cannot be opened: {error}", err=True)
        raise typer.Exit(1) from None
    except (Refusal, LineBusy) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


async def _serve(device: ProfileDevice, line: Line, address: str) -> None:
    loop = asyncio.get_running_loop()
    typed: asyncio.Queue[str | None] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, typed.put_nowait, None)
    console = Console(device, line)
    try:
        await line.open()
        typer.echo(f"{device.profile.id} {device.profile.version}, unit {device.unit}, on {address}")
        threading.Thread(target=_read_lines, args=(loop, typed), name="console", daemon=True).start()
        with suppress(Quit):  # typed at the console: the ordinary end
            while (text := await typed.get()) is not None:
                if text.strip():
                    typer.echo(await _answer(console, text))
    finally:
        await line.close()


async def _answer(console: Console, text: str) -> str:
    try:
        return await console.do(text)
    except Refusal as refusal:
        return str(refusal)


def _read_lines(loop: asyncio.AbstractEventLoop, typed: asyncio.Queue[str | None]) -> None:
    """A thread, for a console may be a terminal, a pipe or a file. At its end the device goes on, until a signal."""
    for text in sys.stdin:
        loop.call_soon_threadsafe(typed.put_nowait, text)
