"""The design storm: how hard it rains, minute by minute (Chicago hyetograph, Keifer and Chu 1957)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from shared.documents import read_document, validate

FORMULA = Path(__file__).parent / "storm_formula.yaml"
_L_PER_S_HA_IN_MM_PER_H = 60 / 167
"""167 L/(s ha) are 1 mm/min, the round number that the handbooks of urban drainage use."""


class StormFormula(BaseModel):
    """Coefficients of a city's storm intensity formula q = a (1 + c lg P) / (t + b)^n, with q in L/(s ha)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    city: str
    verified: bool
    source: str
    a: float = Field(gt=0)
    c: float = Field(ge=0)
    b_min: float = Field(ge=0)
    n: float = Field(gt=0, lt=1)
    peak_bound_min: float = Field(gt=0, description="added to t, so that the intensity of the peak minute is finite")
    peak_at: float = Field(gt=0, lt=1, description="r: share of the storm before its peak")
    duration_min: int = Field(gt=0)


def load_formula(path: Path = FORMULA) -> StormFormula:
    return validate(read_document(path), StormFormula)


@dataclass(frozen=True, slots=True)
class DesignStorm:
    """One storm of a return period of `return_period_years`; its intensity is constant within each minute."""

    formula: StormFormula
    return_period_years: float

    def __post_init__(self) -> None:
        if not 0.5 <= self.return_period_years <= 200:
            raise ValueError("the return period must lie between 0.5 and 200 years")

    @property
    def duration_s(self) -> float:
        return (self.formula.duration_min + 1) * 60.0

    def intensity_mm_per_h(self, age_s: float) -> float:
        """Rain at `age_s` seconds after the storm began; 0 before and after it."""
        if not 0 <= age_s < self.duration_s:
            return 0.0
        from_peak = int(age_s // 60) - self.formula.peak_at * self.formula.duration_min
        share = 1 - self.formula.peak_at if from_peak >= 0 else self.formula.peak_at
        t, n = abs(from_peak) / share, self.formula.n
        b = self.formula.b_min + self.formula.peak_bound_min
        strength = self.formula.a * (1 + self.formula.c * math.log10(self.return_period_years))
        rain: float = strength * _L_PER_S_HA_IN_MM_PER_H * ((1 - n) * t + b) / (t + b) ** (n + 1)
        return rain

    def depth_mm(self) -> float:
        """Rain of the whole storm."""
        return sum(self.intensity_mm_per_h(minute * 60.0) for minute in range(self.formula.duration_min + 1)) / 60
