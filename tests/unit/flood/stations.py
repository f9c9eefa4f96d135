"""Stations for tests: three pumps in a small well, played second by second."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from services.flood.domain import pump_group
from services.flood.domain.pump_group import Action
from services.flood.domain.station import PumpSeen, Station, StationRules, StationSeen, new_station, observe

RULES = StationRules(
    pumps=3,
    pump_capacity_m3_per_s=0.75,
    wet_well_area_m2=60.0,
    overflow_level_m=7.0,
    start_levels_m=(1.5, 2.0, 2.4),
    stop_levels_m=(0.9, 1.0, 1.1),
    dry_run_level_m=0.6,
    high_float_level_m=5.5,
    no_load_current_a=20.0,
)

STOPPED = PumpSeen(running=False, fault=False, remote=True, ready=True, current_a=0.0)
RUNNING = PumpSeen(running=True, fault=False, remote=True, ready=True, current_a=280.0)
TRIPPED = PumpSeen(running=False, fault=True, remote=True, ready=False, current_a=0.0)


def seen(level_m: float | None, *pumps: PumpSeen, **more: object) -> StationSeen:
    told = StationSeen(
        level_m=level_m,
        high_float=False,
        low_water=False,
        road_depth_m=0.0,
        flow_m3_per_s=0.0,
        key_remote=True,
        rtu_remote=True,
        pumps=pumps or (STOPPED,) * RULES.pumps,
    )
    return replace(told, **more)  # type: ignore[arg-type]


@dataclass
class Play:
    """A station whose pumps obey at once; `step` plays one second and tells what the group did."""

    station: Station = field(default_factory=lambda: new_station(RULES))
    now_s: float = 0.0
    pumps: list[PumpSeen] = field(default_factory=lambda: [STOPPED] * RULES.pumps)
    more: dict[str, object] = field(default_factory=dict)
    obeys: bool = True

    def step(self, level_m: float | None) -> list[str]:
        self.now_s += 1.0
        self.station = observe(self.station, seen(level_m, *self.pumps, **self.more), self.now_s)
        self.station = pump_group.settle(self.station, self.now_s)
        actions = pump_group.decide(self.station, self.now_s)
        for action in actions:
            self.station = pump_group.evolve(self.station, action, self.now_s)
            if self.obeys:
                self._obey(action)
        return [action.command for action in actions]

    def run(self, level_m: float | None, seconds: int) -> list[str]:
        return [command for _ in range(seconds) for command in self.step(level_m)]

    def wobble(self, level_m: float, seconds: int) -> list[str]:
        """As `run`, with a level that lives."""
        return [command for at in range(seconds) for command in self.step(level_m + 0.01 * (at % 2))]

    @property
    def running(self) -> list[int]:
        return [at + 1 for at, pump in enumerate(self.pumps) if pump.running]

    def trip(self, pump: int) -> None:
        self.pumps[pump - 1] = TRIPPED

    def _obey(self, action: Action) -> None:
        if action.pump:
            self.pumps[action.pump - 1] = RUNNING if action.command.endswith("_start") else STOPPED
            self.station = pump_group.ended(self.station, action.pump, _direction(action), "proven", self.now_s)


def _direction(action: Action) -> Literal["start", "stop"]:
    return "start" if action.command.endswith("_start") else "stop"
