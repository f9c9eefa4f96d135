"""Settings of the simulator."""

from __future__ import annotations

from pathlib import Path

from shared.settings import CommonSettings


class SimulatorSettings(CommonSettings):
    """It needs no broker and no database."""

    amqp_uri: str = ""
    save_every_s: float = 10.0

    @property
    def work(self) -> Path:
        """Where the simulated city keeps its state between two runs."""
        return self.data_dir / "simulator"
