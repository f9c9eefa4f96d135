"""The simulated city: hydraulics, controllers and their lines, moved by city time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from infra.simulator.basin import Basin, Passing
from infra.simulator.city_time import CityTime
from infra.simulator.equipment import Rain, RiverLevel, Station, Telemetry, build_equipment
from infra.simulator.hydraulics import Hydraulics
from infra.simulator.lines import Line
from infra.simulator.river import River
from infra.simulator.road import Road
from infra.simulator.scenario import Scenario
from infra.simulator.state import find_state, write_state
from infra.simulator.storm import DesignStorm, load_formula
from infra.simulator.telemetry.line import StationLine
from shared.field.address import parse_address
from shared.site import LineEntry, Site

log = structlog.get_logger()

TICK_WALL_S = 0.2
TICK_CITY_S_MAX = 1.0
_FINE_RATE_MAX = 15.0
_STRETCH_S, _COARSE_STRETCH_S = 1, 5
_BEHIND_S_MAX = 60.0
_HURRY_STRETCH_S = 5


class City:
    """Built from a site file and the simulation.yaml beside it; `run` keeps it going until it is cancelled."""

    def __init__(self, site: Site, scenario: Scenario, city_time: CityTime, work: Path, save_every_s: float) -> None:
        self.site = site
        self.time = city_time
        self.formula = load_formula()
        self._work = work
        self._save_every_s = save_every_s
        self.river = River(scenario.river)
        self.basins = {
            entry.id: Basin(Hydraulics(entry, work / entry.id), Road(entry.road)) for entry in scenario.catchments
        }
        zone = ZoneInfo(site.time_zone)
        self.equipment = build_equipment(site, scenario, self.basins, lambda: city_time.now().astimezone(zone))
        self.lines = {line.id: self._line(line) for line in site.lines}
        self._turn = asyncio.Lock()
        """Held while the city moves, so that a hot start or a save never meets a half-made step."""
        self._due_s = 0.0

    async def start(self) -> None:
        """Take up the saved state, fill the pipes and begin to answer. Raises LineBusy, HydraulicsStopped."""
        saved = find_state(self._work)
        if saved is not None:
            self._load(saved)
        await asyncio.gather(*(basin.hydraulics.start() for basin in self.basins.values()))
        await self._advance(1)
        for line in self.lines.values():
            await line.open()
        log.info("city_started", controllers=len(self.equipment), resumed=saved is not None, rate=self.time.rate)

    async def stop(self) -> None:
        """Answer no more, and save."""
        for line in self.lines.values():
            await line.close()
        await self.save()
        await self.end_processes()
        self.time.set_rate(1.0)
        log.info("city_stopped")

    async def end_processes(self) -> None:
        await asyncio.gather(*(basin.hydraulics.stop() for basin in self.basins.values()))

    async def run(self) -> None:
        """Move with city time. A lag of the machine is caught up to a minute, and dropped beyond."""
        loop = asyncio.get_running_loop()
        seen_s, saved_at = self.time.now_s(), loop.time()
        while True:
            await asyncio.sleep(min(TICK_WALL_S, TICK_CITY_S_MAX / self.time.rate))
            now_s = self.time.now_s()
            save = loop.time() - saved_at >= self._save_every_s
            async with self._turn:
                saved = await self._tick(now_s - seen_s, save=save)
            seen_s = now_s
            if saved:
                saved_at = loop.time()

    async def save(self) -> None:
        """Write counters and state, and the hot-start files of the hydraulics."""
        async with self._turn:
            await self._advance(1, save=True)
            write_state(self._work, self._dump())

    async def begin_storm(self, storm: DesignStorm, basins: list[Basin], at_minute: float) -> None:
        """Let it rain, as if it had begun `at_minute` minutes ago: those are run through at full speed first.

        During them the RTUs control by themselves, for no master could.
        """
        async with self._turn:
            for basin in basins:
                basin.passing = Passing(storm)
            for _ in range(round(at_minute * 60 / _HURRY_STRETCH_S)):
                await self._advance(_HURRY_STRETCH_S, own_control=True)
                await asyncio.sleep(0)  # the lines go on answering

    # --- moving -----------------------------------------------------------------------------------------------
    async def _tick(self, dt_s: float, *, save: bool) -> bool:
        """Move by what has passed. Returns whether it was saved, which needs a stretch of water to have moved."""
        self._due_s += dt_s
        if self._due_s > _BEHIND_S_MAX:
            log.warning("city_fell_behind", behind_s=round(self._due_s))
            self._due_s = _BEHIND_S_MAX
        stretch = _STRETCH_S if self.time.rate <= _FINE_RATE_MAX else _COARSE_STRETCH_S
        moved = self._due_s >= stretch
        while self._due_s >= stretch:
            self._due_s -= stretch
            await self._move_water(stretch, save=save and self._due_s < stretch)
        for equipment in self.equipment.values():
            equipment.step(dt_s, self.river)
        if save and moved:
            write_state(self._work, self._dump())
        return save and moved

    async def _advance(self, seconds: int, *, save: bool = False, own_control: bool = False) -> None:
        """Move everything by the same stretch."""
        await self._move_water(seconds, save=save)
        for equipment in self.equipment.values():
            for _ in range(seconds):
                equipment.step(1.0, self.river, own_control=own_control)

    async def _move_water(self, seconds: int, *, save: bool = False) -> None:
        basins = self.basins.values()
        before_mm = sum(basin.fallen_mm for basin in basins)
        await asyncio.gather(*(basin.advance(seconds, self.river, save=save) for basin in basins))
        self.river.step(seconds, (sum(basin.fallen_mm for basin in basins) - before_mm) / len(self.basins))

    def _line(self, line: LineEntry) -> Line | StationLine:
        behind = [self.equipment[each.id] for each in self.site.controllers if each.line == line.id]
        if parse_address(line.address).listens:
            stations = [each.station for each in behind if isinstance(each, Telemetry)]
            return StationLine(line.id, line.address, stations)
        devices = [each.device for each in behind if isinstance(each, Station | Rain | RiverLevel)]
        return Line(line.id, line.address, devices)

    # --- state ------------------------------------------------------------------------------------------------
    def _dump(self) -> dict[str, Any]:
        return {
            "equipment": {key: equipment.dump() for key, equipment in self.equipment.items()},
            "basins": {key: basin.dump() for key, basin in self.basins.items()},
            "river": [self.river.coming_m, self.river.risen_m],
        }

    def _load(self, saved: dict[str, Any]) -> None:
        """What is no longer in the site is left out; what is new begins anew."""
        for key, equipment in self.equipment.items():
            if key in saved["equipment"]:
                equipment.load(saved["equipment"][key])
        for key, basin in self.basins.items():
            if key in saved["basins"]:
                basin.load(saved["basins"][key], self.formula)
        self.river.coming_m, self.river.risen_m = saved["river"]
