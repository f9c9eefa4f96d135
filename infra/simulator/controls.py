"""What can be done to the running city: weather, faults of equipment and lines, the rate of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from infra.simulator.basin import Basin
from infra.simulator.city import City
from infra.simulator.city_time import RateRefused
from infra.simulator.equipment import Equipment, RiverLevel, Station, Telemetry
from infra.simulator.lines import Line, LineBusy
from infra.simulator.rtu.pump import Fault
from infra.simulator.rtu.pump_station import Contacts
from infra.simulator.storm import DesignStorm
from infra.simulator.telemetry.line import StationLine

T = TypeVar("T")

AT_MINUTE_MAX = 180.0
EVERYTHING = "everything"
RUNNING = "running"


class ControlRefused(Exception):
    """One sentence: why this cannot be done."""


class Controls:
    """Each public method is a command of the control socket; its arguments and its answer are JSON.

    `station` is the id of an asset or of its controller; pumps count from 1.
    """

    def __init__(self, city: City) -> None:
        self._city = city

    async def storm(
        self, *, return_period: float, at_minute: float = 0.0, catchment: str | None = None
    ) -> dict[str, Any]:
        """Let the design storm of `return_period` years begin, or go on from `at_minute`."""
        if not 0 <= at_minute <= AT_MINUTE_MAX:
            raise ControlRefused(f"A storm can be {AT_MINUTE_MAX:.0f} minutes old at most (given: {at_minute:g}).")
        try:
            storm = DesignStorm(self._city.formula, float(return_period))
        except ValueError as error:
            raise ControlRefused(f"{str(error).capitalize()} (given: {return_period:g}).") from None
        await self._city.begin_storm(storm, self._basins(catchment), at_minute)
        return {"depth_mm": round(storm.depth_mm(), 1), "minutes_left": storm.formula.duration_min - at_minute}

    async def stop_storm(self, *, catchment: str | None = None) -> dict[str, Any]:
        for basin in self._basins(catchment):
            basin.passing = None
        return {}

    async def trip_pump(self, *, station: str, pump: str | int, fault: str = "overload") -> dict[str, Any]:
        """The pump's protection opens; `running` means the running duty pump."""
        found = self._station(station)
        try:
            code = Fault[fault.upper().replace("-", "_")]
        except KeyError:
            known = ", ".join(each.name.lower() for each in Fault if each)
            raise ControlRefused(f"There is no fault {fault}; known: {known}.") from None
        number = self._pump_number(found, station, str(pump))
        found.rtu.pumps[number - 1].trip(code)
        found.device.changed()
        return {"pump": number}

    async def freeze_sensor(self, *, station: str, broken: bool = False) -> dict[str, Any]:
        """The level meter keeps its value; `broken`: it says that it is broken."""
        equipment = self._equipment(station)
        if isinstance(equipment, Station):
            equipment.rtu.meter_broken, equipment.rtu.meter_frozen = broken, not broken
            return {"level_m": equipment.rtu.meter_m}
        if isinstance(equipment, RiverLevel | Telemetry):
            gauge = equipment.station.river if isinstance(equipment, Telemetry) else equipment.device.gauge
            gauge.broken, gauge.frozen = broken, not broken
            return {"level_m": gauge.level_m}
        raise ControlRefused(f"{station} has no level meter.")

    async def cut_line(self, *, line: str) -> dict[str, Any]:
        await self._line(line).cut_off()
        return {}

    async def slow_line(self, *, line: str, delay_s: float = 2.0) -> dict[str, Any]:
        """Every answer comes `delay_s` wall seconds later."""
        if not 0 <= delay_s <= 60:
            raise ControlRefused(f"A line can be at most 60 s slow (given: {delay_s:g}).")
        self._line(line).delay_s = delay_s
        return {}

    async def key_to_local(self, *, station: str) -> dict[str, Any]:
        return self._turn_key(station, remote=False)

    async def key_to_remote(self, *, station: str) -> dict[str, Any]:
        return self._turn_key(station, remote=True)

    async def contact(self, *, station: str, name: str, on: bool) -> dict[str, Any]:
        """Set a contact of the station: power_ok, door_open, flood_in_room, smoke."""
        found = self._station(station)
        if name not in Contacts.__slots__:
            raise ControlRefused(f"There is no contact {name}; known: {', '.join(Contacts.__slots__)}.")
        setattr(found.rtu.contacts, name, on)
        found.device.changed()
        return {}

    async def restore(self, *, thing: str = EVERYTHING) -> dict[str, Any]:
        """Mend a line or a station, or everything: faults, sensors, keys, contacts, lines. Not weather, not time."""
        city = self._city
        if thing == EVERYTHING:
            lines: list[Line | StationLine] = list(city.lines.values())
            equipment: list[Equipment] = list(city.equipment.values())
        else:
            lines = [line for key, line in city.lines.items() if key == thing]
            equipment = [each for key, each in city.equipment.items() if thing in (key, each.asset)]
            if not lines and not equipment:
                raise ControlRefused(f"There is no line, station or gauge {thing}.")
        for line in lines:
            try:
                await line.mend()
            except LineBusy as error:
                raise ControlRefused(f"{str(error).capitalize()}.") from None
        for each in equipment:
            _mend(each)
        return {}

    async def rate(self, *, rate: float) -> dict[str, Any]:
        """City seconds per wall second."""
        try:
            self._city.time.set_rate(float(rate))
        except RateRefused as error:
            raise ControlRefused(str(error)) from None
        return {"rate": self._city.time.rate}

    async def status(self) -> dict[str, Any]:
        city = self._city
        return {
            "city_time": city.time.now().isoformat(timespec="seconds"),
            "rate": city.time.rate,
            "river_m": round(city.river.level_m, 3),
            "catchments": {key: _catchment(basin) for key, basin in city.basins.items()},
            "stations": {each.asset: _station(each) for each in city.equipment.values() if isinstance(each, Station)},
            "waiting_reports": {
                each.asset: len(each.station.memory) for each in city.equipment.values() if isinstance(each, Telemetry)
            },
            "lines": {key: {"cut": line.cut, "delay_s": line.delay_s} for key, line in city.lines.items()},
        }

    # --- finding ----------------------------------------------------------------------------------------------
    def _basins(self, catchment: str | None) -> list[Basin]:
        if catchment is None:
            return list(self._city.basins.values())
        return [_find(self._city.basins, catchment, "catchment")]

    def _line(self, line: str) -> Line | StationLine:
        return _find(self._city.lines, line, "line")

    def _equipment(self, name: str) -> Equipment:
        by_name = {each.asset: each for each in self._city.equipment.values()} | self._city.equipment
        return _find(by_name, name, "station")

    def _station(self, name: str) -> Station:
        equipment = self._equipment(name)
        if not isinstance(equipment, Station):
            raise ControlRefused(f"{name} is no pump station.")
        return equipment

    def _pump_number(self, station: Station, name: str, pump: str) -> int:
        count = len(station.rtu.pumps)
        if pump == RUNNING:
            index = station.rtu.running_duty_pump()
            if index is None:
                raise ControlRefused(f"No pump of {name} is running.")
            return index + 1
        if not pump.isdecimal() or not 1 <= int(pump) <= count:
            raise ControlRefused(f"{name} has pumps 1 to {count}; the running one is `{RUNNING}` (given: {pump}).")
        return int(pump)

    def _turn_key(self, name: str, *, remote: bool) -> dict[str, Any]:
        station = self._station(name)
        station.rtu.key_at_remote = remote
        station.device.changed()
        return {}


def _find(things: Mapping[str, T], name: str, kind: str) -> T:
    if name not in things:
        raise ControlRefused(f"There is no {kind} {name}; known: {', '.join(things)}.")
    return things[name]


def _mend(equipment: Equipment) -> None:
    if isinstance(equipment, Station):
        rtu = equipment.rtu
        rtu.meter_frozen = rtu.meter_broken = False
        rtu.key_at_remote, rtu.contacts = True, Contacts()
        for pump in rtu.pumps:
            pump.fault = Fault.NONE
        equipment.device.changed()
    elif isinstance(equipment, RiverLevel):
        equipment.device.gauge.frozen = equipment.device.gauge.broken = False
    elif isinstance(equipment, Telemetry):
        equipment.station.river.frozen = equipment.station.river.broken = False


def _catchment(basin: Basin) -> dict[str, Any]:
    storm = basin.passing
    return {
        "storm": None
        if storm is None
        else {"return_period": storm.storm.return_period_years, "minute": round(storm.age_s / 60, 1)},
        "fallen_mm": round(basin.fallen_mm, 1),
        "flooded_m3": round(basin.flooded_m3, 1),
        "road_m": round(basin.road.depth_m, 3),
    }


def _station(station: Station) -> dict[str, Any]:
    rtu = station.rtu
    return {
        "level_m": round(rtu.seen.level_m, 3),
        "meter_m": None if rtu.meter_m is None else round(rtu.meter_m, 3),
        "mode": rtu.mode.name.lower(),
        "key": "remote" if rtu.key_at_remote else "local",
        "running": [number for number, pump in enumerate(rtu.pumps, 1) if pump.running],
        "faults": {number: pump.fault.name.lower() for number, pump in enumerate(rtu.pumps, 1) if pump.fault},
        "starts_last_hour": [pump.starts_last_hour() for pump in rtu.pumps],
        "watchdog_age_s": round(rtu.watchdog_age_s, 1),
        "flow_m3_per_s": round(rtu.seen.flow_m3_per_s, 3),
    }
