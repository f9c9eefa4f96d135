"""`urbanops field watch`: what the devices of a site say, live, without service, broker or database."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from shared.cli.field.device import fail, parse_address_or_exit
from shared.cli.field.points import lone_scanner, shown_value
from shared.cli.profile.reading import Parameters, asked_or_exit, refuse
from shared.clock import WallClock
from shared.errors import Malformed
from shared.field.address import parse_address
from shared.field.line import Line
from shared.field.pacer import Pacer
from shared.field.profile import Profile
from shared.field.profile_load import profiles_for
from shared.field.scanner import Scan, Scanner
from shared.field.transports import open_line
from shared.field.trend import Trend
from shared.site import ControllerEntry, LineEntry, load_site

Subject = Annotated[Path, typer.Argument(help="Folder of a site, or a profile file (with --address and --unit).")]
AddressOption = Annotated[str | None, typer.Option("--address", help="The line, for a profile: tcp://10.0.0.7:502.")]
Unit = Annotated[int, typer.Option("--unit", min=0, max=255, help="Unit id, for a profile.")]
Controllers = Annotated[list[str] | None, typer.Option("--controller", help="Only this one; may be given again.")]
Lines = Annotated[list[str] | None, typer.Option("--line", help="Only this line; may be given again.")]
Points = Annotated[list[str] | None, typer.Option("--point", help="Only this point; may be given again.")]
Once = Annotated[bool, typer.Option("--once", help="Read everything once, print it, end.")]
Seconds = Annotated[float | None, typer.Option("--seconds", min=0.1, help="End after this, printing the last state.")]
_ONCE_S_MAX = 60.0
_WIDTH = 132


@dataclass
class _Watch:
    """Everything that is watched, and which poll groups have been tried."""

    scanners: dict[str, Scanner] = field(default_factory=dict)
    points: frozenset[str] | None = None
    tried: set[tuple[str, str]] = field(default_factory=set)
    all_tried: threading.Event = field(default_factory=threading.Event)
    trends: dict[tuple[str, str], Trend] = field(default_factory=dict)

    def on_scan(self, scan: Scan) -> None:
        image = scan.image
        for at, name in enumerate(image.names):
            point, taken_at_s = image.profile.points.get(name), image.taken_s(at)
            if point is not None and point.poll == scan.group and taken_at_s is not None:
                self.trends.setdefault((image.controller, name), Trend()).note(image.value(at), taken_at_s)
        self.tried.add((image.controller, scan.group))
        if len(self.tried) == sum(len(each.image.profile.poll_groups) for each in self.scanners.values()):
            self.all_tried.set()

    def any_read(self) -> bool:
        return any(each.image.is_read() for each in self.scanners.values())

    def table(self) -> Table:
        table = Table()
        for heading in ("controller", "point", "value", "unit", "quality", "age s", "per s"):
            right = heading in ("value", "age s", "per s")
            table.add_column(heading, justify="right" if right else "left", no_wrap=True)
        for controller, scanner in list(self.scanners.items()):
            image, now_s = scanner.image, time.time()
            for name, point in image.profile.points.items():
                if self.points is not None and name not in self.points:
                    continue
                at = image.index[name]
                taken_at_s, quality = image.taken_s(at), image.quality(at)
                age_s = None if taken_at_s is None else max(0.0, now_s - taken_at_s)
                if age_s is not None and age_s > image.profile.poll_groups[point.poll].stale_after:
                    quality = f"{quality}, stale"
                trend = self.trends.get((controller, name))
                per_s = trend.per_s() if trend is not None and point.kind in ("measure", "counter") else None
                table.add_row(
                    controller,
                    name,
                    shown_value(image.value(at), point),
                    point.unit,
                    quality,
                    "-" if age_s is None else f"{age_s:.1f}",
                    "" if per_s is None else f"{per_s:+.3g}",
                    style=None if quality == "good" else "red" if quality.startswith("bad") else "yellow",
                )
        return table


def watch(
    subject: Subject,
    address: AddressOption = None,
    unit: Unit = 1,
    line: Lines = None,
    controller: Controllers = None,
    point: Points = None,
    parameter: Parameters = None,
    once: Once = False,
    seconds: Seconds = None,
) -> None:
    """Show point, value, quality, age and rate of change, live until Ctrl-C. Writes nothing.

    Polls as the services do; a serial line must not be in use by one. Exit code 1 when nothing could be read.
    """
    try:
        if subject.is_dir():
            chosen = _of_site(subject, line, controller)
        else:
            if address is None:
                raise typer.BadParameter("the device's line was expected", param_hint="--address")
            parse_address_or_exit(address)
            profile = asked_or_exit(subject, parameter).profile
            entry = ControllerEntry(id=profile.id, line="device", unit=unit, profile=profile.id, asset=profile.id)
            chosen = [(LineEntry(id="device", address=address), [(entry, profile)])]
    except Malformed as error:
        refuse(error)
    watched = _Watch(points=frozenset(point) if point else None)
    console = Console(width=None if Console().is_terminal else _WIDTH)
    with _polling(chosen, watched):
        _show(console, watched, once, seconds)
    if not watched.any_read():
        fail("Nothing could be read: see the qualities; `urbanops field trace` shows the wire")


_Chosen = list[tuple[LineEntry, list[tuple[ControllerEntry, Profile]]]]


def _of_site(folder: Path, lines: Sequence[str] | None, controllers: Sequence[str] | None) -> _Chosen:
    site = load_site(folder)
    chosen: dict[str, list[tuple[ControllerEntry, Profile]]] = {}
    for entry in site.controllers:
        if (lines and entry.line not in lines) or (controllers and entry.id not in controllers):
            continue
        if parse_address(site.lines_by_id[entry.line].address).listens:  # its devices report to the service
            continue
        library = profiles_for(site.assets_by_id[entry.asset].trade, folder)
        chosen.setdefault(entry.line, []).append((entry, library.get(entry.profile, entry.parameters)))
    if not chosen:
        known = ", ".join(entry.id for entry in site.controllers)
        raise typer.BadParameter(f"lines or controllers of the site ({known})")
    return [(site.lines_by_id[name], entries) for name, entries in chosen.items()]


@contextmanager
def _polling(chosen: _Chosen, watched: _Watch) -> Iterator[None]:
    clock = WallClock()
    pacer = Pacer(clock)
    lines = []
    for entry, controllers in chosen:
        transport = open_line(entry)
        scanners = [lone_scanner(profile, each.unit, transport, each.id) for each, profile in controllers]
        watched.scanners.update({each.image.controller: each for each in scanners})
        lines.append(Line(entry.id, transport, scanners, clock, watched, pacer))
    pacer.start()
    for line in lines:
        line.start()
    try:
        yield
    finally:
        for line in lines:
            line.stop()
        pacer.stop()


def _show(console: Console, watched: _Watch, once: bool, seconds: float | None) -> None:
    """Live on a terminal; elsewhere the last state."""
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        if once:
            _wait(ended, watched.all_tried, _ONCE_S_MAX)
        elif not console.is_terminal:
            ended.wait(seconds)
        else:
            ends_at = None if seconds is None else time.monotonic() + seconds
            with Live(watched.table(), console=console, auto_refresh=False, screen=True) as live:
                while not ended.wait(0.5) and (ends_at is None or time.monotonic() < ends_at):
                    live.update(watched.table(), refresh=True)
        console.print(watched.table(), markup=False)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(ended: threading.Event, done: threading.Event, within_s: float) -> None:
    ends_at = time.monotonic() + within_s
    while not done.wait(0.05) and not ended.is_set() and time.monotonic() < ends_at:
        pass
