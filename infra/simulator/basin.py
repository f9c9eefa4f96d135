"""A catchment with everything that hangs on its water: storm, road, well; no Modbus here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from infra.simulator.drive import Drive, Outcome
from infra.simulator.hydraulics import Hydraulics
from infra.simulator.rain import TippingBucket
from infra.simulator.river import River
from infra.simulator.road import Road
from infra.simulator.rtu.pump_station import PumpStation, Surroundings
from infra.simulator.storm import DesignStorm, StormFormula

BUCKET = TypeAdapter(TippingBucket)


@dataclass(slots=True)
class Passing:
    """A storm that is going on."""

    storm: DesignStorm
    age_s: float = 0.0


@dataclass(slots=True)
class Basin:
    """Moved in stretches of whole seconds; the RTU between them sees the state at the end of the last stretch."""

    hydraulics: Hydraulics
    road: Road
    rtu: PumpStation | None = None
    bucket: TippingBucket = field(default_factory=TippingBucket)
    """The station's own rain gauge."""
    passing: Passing | None = None
    returning_m3_per_s: float = 0.0
    outcome: Outcome | None = None
    flooded_m3: float = 0.0
    """Over the rim of the wet well since the beginning."""
    fallen_mm: float = 0.0
    """Rain since the simulator started."""

    @property
    def id(self) -> str:
        return self.hydraulics.entry.id

    async def advance(self, seconds: int, river: River, *, save: bool = False) -> None:
        """Move the water on; `save` writes the model's hot-start file at the end of the stretch."""
        rain_mm_per_h = self._rain_mm_per_h()
        rtu, entry = self.rtu, self.hydraulics.entry
        gate = rtu.gate.position if rtu is not None and rtu.gate is not None else 0.0
        drive = Drive(
            seconds=seconds,
            rain_mm_per_h=rain_mm_per_h,
            pumps=[pump.running for pump in rtu.pumps] if rtu is not None else [False] * len(entry.pumps),
            inflow_m3_per_s=entry.seepage_m3_per_s + self.returning_m3_per_s,
            gate=gate,
            stage_m=river.level_m if entry.outfalls else None,
            save_to=str(self.hydraulics.hot_start) if save else None,
        )
        outcome = self.outcome = await self.hydraulics.advance(drive)
        self.flooded_m3 += outcome.flooded_m3
        free_m = outcome.full_depth_m - outcome.level_m
        self.returning_m3_per_s = self.road.step(seconds, outcome.flooded_m3, free_m)
        if self.passing is not None:
            self.passing.age_s += seconds
            if self.passing.age_s >= self.passing.storm.duration_s:
                self.passing = None
        rain_mm = rain_mm_per_h * seconds / 3600
        self.fallen_mm += rain_mm
        self.bucket.step(seconds, rain_mm)

    def surroundings(self, river: River) -> Surroundings:
        """What the RTU's inputs see now."""
        assert self.outcome is not None
        return Surroundings(
            level_m=self.outcome.level_m,
            river_m=river.level_m if self.hydraulics.entry.outfalls else None,
            road_depth_m=self.road.depth_m,
            flow_m3_per_s=max(0.0, self.outcome.discharge_m3_per_s),
            rain_5min_mm=self.bucket.five_minutes_mm,
            rain_total_mm=self.bucket.total_mm,
        )

    def dump(self) -> dict[str, object]:
        """What a restart must know, beside the hot-start file."""
        storm = None if self.passing is None else [self.passing.storm.return_period_years, self.passing.age_s]
        return {
            "bucket": BUCKET.dump_python(self.bucket, mode="json"),
            "standing_m3": self.road.volume_m3,
            "flooded_m3": self.flooded_m3,
            "storm": storm,
        }

    def load(self, saved: dict[str, Any], formula: StormFormula) -> None:
        self.bucket = BUCKET.validate_python(saved["bucket"])
        self.road.volume_m3, self.flooded_m3 = saved["standing_m3"], saved["flooded_m3"]
        if saved["storm"] is not None:
            years, age_s = saved["storm"]
            self.passing = Passing(DesignStorm(formula, years), age_s)

    def _rain_mm_per_h(self) -> float:
        if self.passing is None:
            return 0.0
        return self.passing.storm.intensity_mm_per_h(self.passing.age_s) * self.hydraulics.entry.rain_factor
