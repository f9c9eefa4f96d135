"""Every controller of the site with the device that answers for it and the water it looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from infra.simulator.basin import Basin
from infra.simulator.maps.gauges import RainGaugeDevice, RiverGaugeDevice
from infra.simulator.maps.pump_station import PumpStationDevice
from infra.simulator.rain import TippingBucket
from infra.simulator.river import River
from infra.simulator.rtu.gate import Gate
from infra.simulator.rtu.gauges import RainGauge, RiverGauge
from infra.simulator.rtu.pump import Pump
from infra.simulator.rtu.pump_station import PumpStation
from infra.simulator.rtu.setpoints import Setpoints
from infra.simulator.scenario import PumpStationEntry, RainGaugeEntry, Scenario, TelemetryStationEntry
from infra.simulator.telemetry.station import Kept, TelemetryStation
from shared.site import ControllerEntry, Site

_STATION: TypeAdapter[PumpStation] = TypeAdapter(PumpStation)
_RAIN: TypeAdapter[RainGauge] = TypeAdapter(RainGauge)
_RIVER: TypeAdapter[RiverGauge] = TypeAdapter(RiverGauge)


class Equipment(Protocol):
    """One controller."""

    asset: str

    def step(self, dt_s: float, river: River, *, own_control: bool = False) -> None: ...

    def dump(self) -> dict[str, Any]:
        """Counters and state, for the next start."""
        ...

    def load(self, saved: dict[str, Any]) -> None: ...


class StationDetails(BaseModel):
    """The part of a pump station's details in the site file that its RTU was commissioned with."""

    model_config = ConfigDict(extra="ignore")

    pumps: int = Field(ge=1, le=6)
    start_levels_m: tuple[float, ...]
    stop_levels_m: tuple[float, ...]
    high_float_level_m: float


@dataclass(slots=True)
class Station:
    asset: str
    device: PumpStationDevice
    basin: Basin

    @property
    def rtu(self) -> PumpStation:
        return self.device.rtu

    def step(self, dt_s: float, river: River, *, own_control: bool = False) -> None:
        self.rtu.step(dt_s, self.basin.surroundings(river), own_control=own_control)
        self.device.changed()

    def dump(self) -> dict[str, Any]:
        return {"rtu": _STATION.dump_python(self.rtu, mode="json"), "clock_offset_s": self.device.clock_offset_s}

    def load(self, saved: dict[str, Any]) -> None:
        """A station that was rebuilt with another number of pumps begins anew; plates and floats are the site's."""
        rtu, built = _STATION.validate_python(saved["rtu"]), self.rtu
        if len(rtu.pumps) != len(built.pumps) or (rtu.gate is None) != (built.gate is None):
            return
        for pump, new in zip(rtu.pumps, built.pumps, strict=True):
            pump.rating = new.rating
        rtu.float_hh_m, rtu.float_ll_m = built.float_hh_m, built.float_ll_m
        self.device.rtu, self.basin.rtu = rtu, rtu
        self.device.clock_offset_s = saved["clock_offset_s"]


@dataclass(slots=True)
class Rain:
    asset: str
    device: RainGaugeDevice
    basin: Basin
    caught_mm: float = 0.0
    """Of what fell on the basin since the simulator started."""

    def step(self, dt_s: float, _river: River, *, own_control: bool = False) -> None:  # noqa: ARG002
        fallen = self.basin.fallen_mm
        self.device.gauge.step(dt_s, fallen - self.caught_mm)
        self.caught_mm = fallen

    def dump(self) -> dict[str, Any]:
        return {"gauge": _RAIN.dump_python(self.device.gauge, mode="json")}

    def load(self, saved: dict[str, Any]) -> None:
        self.device.gauge = _RAIN.validate_python(saved["gauge"])


@dataclass(slots=True)
class RiverLevel:
    asset: str
    device: RiverGaugeDevice

    def step(self, dt_s: float, river: River, *, own_control: bool = False) -> None:  # noqa: ARG002
        self.device.gauge.step(dt_s, river.level_m, river.rate_m_per_h)

    def dump(self) -> dict[str, Any]:
        return {"gauge": _RIVER.dump_python(self.device.gauge, mode="json")}

    def load(self, saved: dict[str, Any]) -> None:
        self.device.gauge = _RIVER.validate_python(saved["gauge"])


@dataclass(slots=True)
class Telemetry:
    asset: str
    station: TelemetryStation
    basin: Basin
    caught_mm: float = 0.0
    """Of what fell on the basin since the simulator started."""

    def step(self, dt_s: float, river: River, *, own_control: bool = False) -> None:  # noqa: ARG002
        fallen = self.basin.fallen_mm
        self.station.step(dt_s, fallen - self.caught_mm, river.level_m, river.rate_m_per_h)
        self.caught_mm = fallen

    def dump(self) -> dict[str, Any]:
        station = self.station
        return {
            "rain": _RAIN.dump_python(station.rain, mode="json"),
            "serial": station.serial,
            "memory": [[kept.serial, kept.raw.hex()] for kept in station.memory],
        }

    def load(self, saved: dict[str, Any]) -> None:
        self.station.rain = _RAIN.validate_python(saved["rain"])
        self.station.serial = saved["serial"]
        self.station.memory.extend(Kept(serial, bytes.fromhex(raw)) for serial, raw in saved["memory"])


def build_equipment(
    site: Site, scenario: Scenario, basins: Mapping[str, Basin], clock: Callable[[], datetime]
) -> dict[str, Equipment]:
    """By controller id, in the order of the site file."""
    entries = {entry.controller: entry for entry in scenario.controllers}
    equipment: dict[str, Equipment] = {}
    for controller in site.controllers:
        entry = entries[controller.id]
        if isinstance(entry, TelemetryStationEntry):
            assert controller.station is not None
            bucket = RainGauge(TippingBucket(entry.tip_mm))
            station = TelemetryStation(controller.station, bucket, RiverGauge(), clock)
            equipment[controller.id] = Telemetry(controller.asset, station, basins[entry.catchment])
            continue
        code = int(controller.parameters["station_code"])
        if isinstance(entry, PumpStationEntry):
            rtu = _pump_station(site, controller, entry)
            device = PumpStationDevice(controller.unit, code, rtu, clock)
            basins[entry.catchment].rtu = rtu
            equipment[controller.id] = Station(controller.asset, device, basins[entry.catchment])
        elif isinstance(entry, RainGaugeEntry):
            gauge = RainGauge(TippingBucket(entry.tip_mm))
            rain = RainGaugeDevice(controller.unit, code, gauge)
            equipment[controller.id] = Rain(controller.asset, rain, basins[entry.catchment])
        else:
            equipment[controller.id] = RiverLevel(
                controller.asset, RiverGaugeDevice(controller.unit, code, RiverGauge())
            )
    return equipment


def _pump_station(site: Site, controller: ControllerEntry, entry: PumpStationEntry) -> PumpStation:
    details = StationDetails.model_validate(site.assets_by_id[controller.asset].details)
    setpoints = Setpoints(
        start_levels_m=details.start_levels_m,
        stop_levels_m=details.stop_levels_m,
        ll_dry_m=entry.ll_dry_m,
        hh_alarm_m=entry.hh_alarm_m,
        min_run_s=entry.min_run_s,
        min_off_s=entry.min_off_s,
        max_starts_h=entry.max_starts_h,
        alternation=entry.alternation,
        watchdog_limit_s=entry.watchdog_limit_s,
    )
    return PumpStation(
        setpoints=setpoints,
        pumps=[Pump(entry.rating) for _ in range(details.pumps)],
        gate=None if entry.gate_travel_s is None else Gate(entry.gate_travel_s),
        float_hh_m=details.high_float_level_m,
        float_ll_m=entry.float_ll_m,
    )
