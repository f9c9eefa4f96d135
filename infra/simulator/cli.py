"""`urbanops sim`: act on the running simulated city."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.simulator.control import SimulatorAway, SimulatorClient, SimulatorRefused

app = typer.Typer(name="sim", help="Act on the simulated city that is running.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--data-dir", envvar="DATA_DIR", help="Folder of the running city.")]
Station = Annotated[str, typer.Argument(help="Id of the station (asset or controller).")]
LineId = Annotated[str, typer.Argument(help="Id of the line in the site file.")]
Catchment = Annotated[str | None, typer.Option(help="One catchment only; without it, the whole city.")]
_VAR = Path("var")


def _act(folder: Path, act: Callable[[SimulatorClient], Any]) -> Any:
    """Do it; a refusal is one sentence on standard error and exit code 1."""
    try:
        return act(SimulatorClient(folder))
    except (SimulatorRefused, SimulatorAway) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@app.command()
def storm(
    return_period: Annotated[float, typer.Option(help="Years.")],
    at_minute: Annotated[float, typer.Option(help="As if the storm had begun so many minutes ago.")] = 0.0,
    catchment: Catchment = None,
    data_dir: Folder = _VAR,
) -> None:
    """Let the design storm of a return period begin."""
    done = _act(data_dir, lambda city: city.storm(return_period, at_minute=at_minute, catchment=catchment))
    typer.echo(f"Rain: {done['depth_mm']} mm in all, {done['minutes_left']:g} minutes to go.")


@app.command()
def stop_storm(catchment: Catchment = None, data_dir: Folder = _VAR) -> None:
    """Let it stop raining."""
    _act(data_dir, lambda city: city.stop_storm(catchment))


@app.command()
def trip_pump(
    station: Station,
    pump: Annotated[str, typer.Argument(help="Number from 1, or `running`: the running duty pump.")] = "running",
    fault: Annotated[
        str, typer.Option(help="overload, leak, temperature, phase, dry, no-flow, communication")
    ] = "overload",
    data_dir: Folder = _VAR,
) -> None:
    """Trip a pump; it stays tripped until `restore`."""
    typer.echo(f"Pump {_act(data_dir, lambda city: city.trip_pump(station, pump, fault))} of {station} has tripped.")


@app.command()
def freeze_sensor(
    station: Station,
    broken: Annotated[bool, typer.Option("--broken", help="It reports that it is broken instead.")] = False,
    data_dir: Folder = _VAR,
) -> None:
    """Freeze the level meter of a station or gauge at its present value."""
    _act(data_dir, lambda city: city.freeze_sensor(station, broken=broken))


@app.command()
def cut_line(line: LineId, data_dir: Folder = _VAR) -> None:
    """Cut a line: nothing on it answers any more."""
    _act(data_dir, lambda city: city.cut_line(line))


@app.command()
def slow_line(
    line: LineId,
    delay: Annotated[float, typer.Option(help="Seconds that every answer comes later.")] = 2.0,
    data_dir: Folder = _VAR,
) -> None:
    """Make the answers on a line slow."""
    _act(data_dir, lambda city: city.slow_line(line, delay))


@app.command()
def key_to_local(station: Station, data_dir: Folder = _VAR) -> None:
    """Turn the key switch on site to local: the RTU refuses every write."""
    _act(data_dir, lambda city: city.key_to_local(station))


@app.command()
def key_to_remote(station: Station, data_dir: Folder = _VAR) -> None:
    """Turn the key switch on site to remote."""
    _act(data_dir, lambda city: city.key_to_remote(station))


@app.command()
def contact(
    station: Station,
    name: Annotated[str, typer.Argument(help="power_ok, door_open, flood_in_room or smoke")],
    state: Annotated[bool, typer.Option("--on/--off")],
    data_dir: Folder = _VAR,
) -> None:
    """Set a contact of a station, such as `power_ok --off`."""
    _act(data_dir, lambda city: city.contact(station, name, on=state))


@app.command()
def restore(
    thing: Annotated[str, typer.Argument(help="A station, a gauge, a line, or `everything`.")] = "everything",
    data_dir: Folder = _VAR,
) -> None:
    """Mend what was broken. The weather and the rate of time stay as they are."""
    _act(data_dir, lambda city: city.restore(thing))


@app.command()
def rate(
    rate: Annotated[float, typer.Argument(help="City seconds per second, 1 to 60.")], data_dir: Folder = _VAR
) -> None:
    """Let city time run faster."""
    _act(data_dir, lambda city: city.rate(rate))


@app.command()
def status(data_dir: Folder = _VAR) -> None:
    """Tell how the city stands, as JSON."""
    typer.echo(json.dumps(_act(data_dir, lambda city: city.status()), indent=2))
