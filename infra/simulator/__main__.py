"""`python -m infra.simulator`: the simulated city of SITE, until it is told to stop."""

from __future__ import annotations

import asyncio
import fcntl
import signal
import sys
from pathlib import Path
from typing import IO

from infra.simulator.city import City
from infra.simulator.city_time import CityTime
from infra.simulator.control import ControlServer
from infra.simulator.controls import Controls
from infra.simulator.hydraulics import HydraulicsStopped
from infra.simulator.lines import LineBusy
from infra.simulator.scenario import load_scenario
from infra.simulator.settings import SimulatorSettings
from shared.errors import PlatformError
from shared.logs import set_up_logs
from shared.site import load_site


class AlreadyRunning(Exception):
    """Two simulators must not share one folder."""


async def simulate(settings: SimulatorSettings) -> None:
    """Returns after SIGTERM or SIGINT; raises what made it impossible to go on."""
    site = load_site(settings.site, settings.site_variables)
    scenario = load_scenario(settings.site, site)
    city_time = CityTime(settings.clock_file if site.demonstration else None)
    city = City(site, scenario, city_time, settings.work, settings.save_every_s)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await city.start()
        async with ControlServer(settings.work, Controls(city)):
            running, stopping = asyncio.ensure_future(city.run()), asyncio.ensure_future(stop.wait())
            await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await city.stop()
    finally:
        await city.end_processes()


def _lock(folder: Path) -> IO[str]:
    folder.mkdir(parents=True, exist_ok=True)
    held = (folder / "lock").open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyRunning(f"Another simulator runs with the folder {folder}.") from None
    return held


def main() -> int:
    settings = SimulatorSettings.read()
    set_up_logs("simulator", settings.log_level)
    try:
        with _lock(settings.work):
            asyncio.run(simulate(settings))
    except (PlatformError, LineBusy, HydraulicsStopped, AlreadyRunning) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
