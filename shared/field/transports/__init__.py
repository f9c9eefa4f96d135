"""How a line speaks. One small port; whatever a transport cannot do it says by one of the errors in `port.py`."""

from shared.field.transports.opening import open_line, open_transport
from shared.field.transports.port import (
    DeviceException,
    EagerTransport,
    Garbled,
    LinkDown,
    NoAnswer,
    Transport,
    TransportError,
    WriteFunction,
)
from shared.field.transports.tap import Tap, WireEvent

__all__ = [
    "DeviceException",
    "EagerTransport",
    "Garbled",
    "LinkDown",
    "NoAnswer",
    "Tap",
    "Transport",
    "TransportError",
    "WireEvent",
    "WriteFunction",
    "open_line",
    "open_transport",
]
