"""The RTU of a drainage pump station: inputs and protections, its own automatic, the key switch, the watchdog."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from infra.simulator.rtu.gate import Gate
from infra.simulator.rtu.pump import Fault, Pump
from infra.simulator.rtu.setpoints import Setpoints

PULSE_S = 1.0
"""A start or stop pulse resets itself after this time."""
_STAGE_S = 5.0
"""The own automatic starts or stops one pump at a time, this far apart."""
_DRY_RESET_M = 0.3


class Mode(IntEnum):
    REMOTE = 1
    AUTOMATIC = 2


@dataclass(slots=True)
class Surroundings:
    """What the physics hands to the RTU's inputs."""

    level_m: float = 1.0
    river_m: float | None = None
    road_depth_m: float = 0.0
    flow_m3_per_s: float = 0.0
    rain_5min_mm: float = 0.0
    rain_total_mm: float = 0.0


@dataclass(slots=True)
class Contacts:
    """Dry contacts and supply, set by hand in the simulator."""

    power_ok: bool = True
    door_open: bool = False
    flood_in_room: bool = False
    smoke: bool = False


@dataclass(slots=True)
class PumpStation:
    """Everything is an age or a counter, no point in time, so that it can be moved ahead at any speed."""

    setpoints: Setpoints
    pumps: list[Pump]
    gate: Gate | None
    float_hh_m: float
    float_ll_m: float
    mode: Mode = Mode.AUTOMATIC
    key_at_remote: bool = True
    seen: Surroundings = field(default_factory=Surroundings)
    contacts: Contacts = field(default_factory=Contacts)
    watchdog: int = 0
    watchdog_age_s: float = 0.0
    heartbeat_s: float = 0.0
    energy_kwh: float = 0.0
    siren: bool = False
    barrier: bool = False
    pulses_s: dict[int, float] = field(default_factory=dict)
    """Coil address -> age of the pulse that stands on it."""
    meter_m: float | None = 1.0
    """What the level meter reads; None when it is broken."""
    meter_frozen: bool = False
    meter_broken: bool = False
    since_stage_s: float = _STAGE_S

    # --- inputs -----------------------------------------------------------------------------------------------
    @property
    def float_hh(self) -> bool:
        return self.seen.level_m >= self.float_hh_m

    @property
    def float_ll(self) -> bool:
        return self.seen.level_m <= self.float_ll_m

    def is_dry(self) -> bool:
        """The level meter says dry; an upright high float says that the meter is wrong."""
        low = self.meter_m is not None and self.meter_m <= self.setpoints.ll_dry_m
        return self.float_ll or (low and not self.float_hh)

    def can_start(self, pump: Pump) -> bool:
        """The starter would close: supply, no fault, rested, starts left. A high float overrides the starts limit."""
        starts_left = pump.starts_last_hour() < self.setpoints.max_starts_h or self.float_hh
        rested = pump.off_for_s >= self.setpoints.min_off_s
        return self._is_sound(pump) and not pump.running and rested and starts_left and not self.is_dry()

    def is_ready(self, pump: Pump) -> bool:
        """Runs, or would start."""
        return self._is_sound(pump) and (pump.running or self.can_start(pump))

    def is_remote(self) -> bool:
        return self.key_at_remote and self.mode is Mode.REMOTE

    def _is_sound(self, pump: Pump) -> bool:
        return self.contacts.power_ok and pump.fault is Fault.NONE

    # --- commands ---------------------------------------------------------------------------------------------
    def start_remotely(self, index: int) -> None:
        """A start pulse. In the RTU's own automatic, or when the starter would not close, nothing happens."""
        pump = self.pumps[index]
        if self.is_remote() and self.can_start(pump):
            pump.start()

    def stop_remotely(self, index: int) -> None:
        pump = self.pumps[index]
        if self.is_remote() and pump.running:
            pump.stop()

    def hear_master(self, counter: int) -> None:
        """The master writes its watchdog counter; writing the same number again is no sign of life."""
        if counter != self.watchdog:
            self.watchdog, self.watchdog_age_s = counter, 0.0

    # --- time -------------------------------------------------------------------------------------------------
    def step(self, dt_s: float, seen: Surroundings, *, own_control: bool = False) -> None:
        """Move on. `own_control`: a stretch in which the RTU alone rules, and nobody is missed (a hot start)."""
        self.seen = seen
        self.heartbeat_s += dt_s
        self.since_stage_s += dt_s
        self.pulses_s = {coil: age + dt_s for coil, age in self.pulses_s.items() if age + dt_s < PULSE_S}
        self._read_meter()
        if not own_control:
            self._watch_master(dt_s)
        ambient_c = 24.0
        for pump in self.pumps:
            pump.step(dt_s, seen.level_m, ambient_c)
            self.energy_kwh += pump.power_kw * dt_s / 3600
        if self.gate is not None:
            self.gate.step(dt_s if self.contacts.power_ok else 0.0)
        self._protect()
        if own_control or (self.mode is Mode.AUTOMATIC and self.key_at_remote):
            self._control()

    def _read_meter(self) -> None:
        if self.meter_broken:
            self.meter_m = None
        elif not self.meter_frozen:
            self.meter_m = self.seen.level_m

    def _watch_master(self, dt_s: float) -> None:
        self.watchdog_age_s += dt_s
        if self.watchdog_age_s >= self.setpoints.watchdog_limit_s:
            self.mode = Mode.AUTOMATIC

    def _protect(self) -> None:
        dry = self.is_dry()
        for pump in self.pumps:
            if pump.running and not self.contacts.power_ok:
                pump.stop()
            elif pump.running and dry:
                pump.trip(Fault.DRY)
            elif pump.fault is Fault.DRY and not dry and self._is_wet_again():
                pump.fault = Fault.NONE

    def _is_wet_again(self) -> bool:
        return self.meter_m is None or self.meter_m >= self.setpoints.ll_dry_m + _DRY_RESET_M

    # --- the RTU's own automatic ------------------------------------------------------------------------------
    def _control(self) -> None:
        """One pump more at the next start level, one fewer at the stop level; floats rule when the meter is broken."""
        if self.since_stage_s < _STAGE_S:
            return
        running = [pump for pump in self.pumps if pump.running]
        if self._wants_more(len(running)):
            candidates = [pump for pump in self.pumps if self.can_start(pump)]
            if candidates:
                self._next_to_start(candidates).start()
                self.since_stage_s = 0.0
        elif self._wants_fewer(len(running)):
            candidates = [pump for pump in running if pump.run_for_s >= self.setpoints.min_run_s]
            if candidates:
                self._next_to_stop(candidates).stop()
                self.since_stage_s = 0.0

    def _wants_more(self, running: int) -> bool:
        if running == len(self.pumps):
            return False
        return self.float_hh or (self.meter_m is not None and self.meter_m >= self.setpoints.start_levels_m[running])

    def _wants_fewer(self, running: int) -> bool:
        if running == 0 or self.float_hh:
            return False
        if self.meter_m is None:
            return self.float_ll
        return self.meter_m <= self.setpoints.stop_levels_m[running - 1]

    def _next_to_start(self, candidates: list[Pump]) -> Pump:
        match self.setpoints.alternation:
            case 1:
                return max(candidates, key=lambda pump: pump.off_for_s)
            case 2:
                return min(candidates, key=lambda pump: pump.run_s)
            case _:
                return candidates[0]

    def _next_to_stop(self, candidates: list[Pump]) -> Pump:
        match self.setpoints.alternation:
            case 1:
                return max(candidates, key=lambda pump: pump.run_for_s)
            case 2:
                return max(candidates, key=lambda pump: pump.run_s)
            case _:
                return candidates[-1]

    def running_duty_pump(self) -> int | None:
        """The pump that has been running longest, counted from 0; None while all stand."""
        running = [index for index, pump in enumerate(self.pumps) if pump.running]
        return max(running, key=lambda index: self.pumps[index].run_for_s, default=None)
