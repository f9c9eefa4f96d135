"""A device's points as a laptop at the device reads them: without an engine, and without ever writing."""

from __future__ import annotations

from shared.clock import WallClock
from shared.contracts.message import Scalar
from shared.field.image import ControllerImage
from shared.field.plan import NETWORK
from shared.field.profile import Point, Profile
from shared.field.scanner import Scanner
from shared.field.transports import Transport


def lone_scanner(profile: Profile, unit: int, transport: Transport, controller: str = "device") -> Scanner:
    """A scanner that only reads: the master's counter is left to the service that owns the device."""
    silent = profile.model_copy(update={"watchdog": None})
    image = ControllerImage(controller, silent, dict.fromkeys(profile.names, controller))
    return Scanner(image, unit, transport, WallClock(), 0.0, expected=NETWORK)


def shown_value(value: Scalar, point: Point | None = None) -> str:
    """A value for a table: rounded where it must be, with its label where the profile has one."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        text = "1" if value else "0"
    elif isinstance(value, float):
        text = f"{value:.7g}"
    else:
        text = str(value)
    labels = point.labels if point is not None else None
    if labels and not isinstance(value, str) and int(value) in labels:
        text += f" {labels[int(value)].en}"
    return text
