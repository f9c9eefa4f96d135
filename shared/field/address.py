"""The address of a line, as the site file writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from shared.errors import Malformed

Framing = Literal["tcp", "rtu", "rtu+tcp"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a line leads: host and port for TCP, device path and character format for serial."""

    framing: Framing
    host: str = ""
    port: int = 502
    device: str = ""
    baud: int = 9600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1


def parse_address(text: str) -> Address:
    """`tcp://host:502`, `rtu+tcp://host:8899`, `rtu:///dev/ttyS0?baud=9600&parity=N&stop_bits=1`. Raises Malformed."""
    parts = urlsplit(text)
    try:
        if parts.scheme in ("tcp", "rtu+tcp"):
            if not parts.hostname or parts.path.strip("/") or parts.query:
                raise ValueError
            framing: Framing = "tcp" if parts.scheme == "tcp" else "rtu+tcp"
            return Address(framing, host=parts.hostname, port=parts.port or 502)
        if parts.scheme == "rtu":
            return _serial(parts.netloc + parts.path, dict(parse_qsl(parts.query, strict_parsing=bool(parts.query))))
    except ValueError as error:
        raise Malformed("line_address_malformed", given=text) from error
    raise Malformed("line_address_malformed", given=text)


def _serial(device: str, options: dict[str, str]) -> Address:
    parity, stop_bits = options.pop("parity", "N"), int(options.pop("stop_bits", "1"))
    baud = int(options.pop("baud", "9600"))
    if (
        not device
        or options
        or parity not in ("N", "E", "O")
        or stop_bits not in (1, 2)
        or not 300 <= baud <= 4_000_000
    ):
        raise ValueError
    return Address(
        "rtu",
        device=device,
        baud=baud,
        parity="N" if parity == "N" else "E" if parity == "E" else "O",
        stop_bits=1 if stop_bits == 1 else 2,
    )
