"""What a station sends and what it hears, byte by byte.

Written from the published frames and not with the product's codec, so that one mistake cannot hide in two places.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

CENTRE, PASSWORD = "01", "1234"
RIVER_STATION = "48"
LINK_KEEP, TIMED, HOURLY = "2f", "32", "34"
TAKEN = ("04", "06", "1b")
"""EOT, ACK and ESC end what says that a report was taken; NAK (15) asks for it again."""
ANSWER_BYTES = 25
"""Head 14, serial number 2, time 6, end 1, checksum 2."""


def report(
    station: str, kind: str, serial: int, sent_at: datetime, observed_at: datetime, elements: Sequence[str]
) -> bytes:
    text = f"{serial:04x}{sent_at:%y%m%d%H%M%S}f1f1{station}{RIVER_STATION}f0f0{observed_at:%y%m%d%H%M}"
    return _frame(station, kind, text + "".join(elements))


def link_keep(station: str, serial: int, sent_at: datetime) -> bytes:
    return _frame(station, LINK_KEEP, f"{serial:04x}{sent_at:%y%m%d%H%M%S}")


def number(element: str, value: float | None, digits: int, decimals: int) -> str:
    """An element in BCD; all F where the sensor says nothing, a leading FF below zero."""
    head = f"{element}{digits // 2 << 3 | decimals:02x}"
    if value is None:
        return head + "f" * digits
    shown = f"{abs(round(value * 10**decimals)):0{digits}d}"[-digits:]
    return head + (f"ff{shown[2:]}" if value < 0 else shown)


def rains_of_hour(rains_mm: Sequence[float | None]) -> str:
    """Twelve times five minutes, a byte of 0.1 mm each."""
    return "f460" + "".join("ff" if mm is None else f"{min(round(mm * 10), 254):02x}" for mm in rains_mm)


def levels_of_hour(levels_m: Sequence[float | None]) -> str:
    """Twelve levels, two bytes of 1 cm each."""
    return "f5c0" + "".join("ffff" if m is None else f"{min(max(round(m * 100), 0), 0xFFFE):04x}" for m in levels_m)


def taken_serial(station: str, heard: bytes) -> int | None:
    """The serial number of the report that `heard` says was taken; None for anything else."""
    raw = heard.hex()
    if not raw.startswith(f"7e7e{station}{CENTRE}{PASSWORD}") or len(heard) != ANSWER_BYTES:
        return None
    if checksum(heard[:-2]) != heard[-2:] or raw[-6:-4] not in TAKEN:
        return None
    return int(raw[28:32], 16)


def checksum(content: bytes) -> bytes:
    """CRC-16 with the polynomial 8005 reflected, high byte first."""
    register = 0xFFFF
    for byte in content:
        register ^= byte
        for _ in range(8):
            carry, register = register & 1, register >> 1
            if carry:
                register ^= 0xA001
    return bytes([register >> 8, register & 0xFF])


def _frame(station: str, kind: str, text: str) -> bytes:
    body = bytes.fromhex(f"7e7e{CENTRE}{station}{PASSWORD}{kind}{len(text) // 2:04x}02{text}03")
    return body + checksum(body)
