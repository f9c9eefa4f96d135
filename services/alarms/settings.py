"""What can be set for the alarms; the names of the environment are these in capitals."""

from __future__ import annotations

from pathlib import Path

from shared.settings import CommonSettings


class Settings(CommonSettings):
    rationalisation: Path = Path(__file__).parent / "rationalisation.yaml"
    parked_look_every_s: float = 10.0
    """How often the queue of parked messages is looked at, wall time."""
