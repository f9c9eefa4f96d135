"""What can be set for flood control; the names of the environment are these in capitals."""

from __future__ import annotations

from shared.field.owner import OwnerSettings


class Settings(OwnerSettings):
    """Nothing beside what every owner of controllers has."""
