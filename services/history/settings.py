"""What can be set for the history; the names of the environment are these in capitals."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from shared.settings import CommonSettings


class Settings(CommonSettings):
    """How long what is kept, in days of city time."""

    retention: Path = Field(
        default=Path(__file__).parent / "retention.yaml", description="entries of the journal, by kind"
    )
    readings_days: int = Field(default=90, ge=2, description="readings as they were told")
    rollup_1m_days: int = Field(default=400, ge=2, description="rollups by the minute")
    rollup_10m_days: int = Field(default=1500, ge=2, description="rollups by ten minutes")
    rollup_1h_days: int = Field(default=7300, ge=2, description="rollups by the hour")

    @property
    def days(self) -> dict[str, int]:
        """By table of the archive."""
        return {
            "reading": self.readings_days,
            "rollup_1m": self.rollup_1m_days,
            "rollup_10m": self.rollup_10m_days,
            "rollup_1h": self.rollup_1h_days,
        }

    @model_validator(mode="after")
    def _coarser_longer(self) -> Settings:
        days = list(self.days.values())
        if days != sorted(days):
            raise ValueError(
                "READINGS_DAYS <= ROLLUP_1M_DAYS <= ROLLUP_10M_DAYS <= ROLLUP_1H_DAYS: the coarser, the longer"
            )
        return self
