"""What can be set for the history; the names of the environment are these in capitals."""

from __future__ import annotations

from shared.settings import CommonSettings


class Settings(CommonSettings):
    """Nothing beside what every service has."""
