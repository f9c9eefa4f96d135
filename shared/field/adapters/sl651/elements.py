"""Elements of SL 651-2014: an identifier, a byte of (length << 3 | decimals), and so many bytes.

Values are BCD, but for the twelve of an hour (F4 to FC), which are binary, and the alarm bits (45).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shared.contracts.message import Scalar
from shared.errors import Malformed

GOOD = "good"
SENSOR_FAULT = "bad.sensor_fault"
UNDECODABLE = "bad.decode"

EXTENDED = 0xFF
"""The identifier goes on with a second byte."""
UNREADABLE = ("F2", "F3")
"""A text put in by hand, and a picture: they have no length of their own."""
BITS = ("45",)
SERIES_RAIN, SERIES_LEVELS = "F4", ("F5", "F6", "F7", "F8", "F9", "FA", "FB", "FC")
VALUES_PER_HOUR = 12


@dataclass(frozen=True, slots=True)
class Element:
    """`id`: two hexadecimal digits, four (FF..) for one that a province added. `decimals` stand in the message."""

    id: str
    decimals: int
    raw: bytes


def split_elements(raw: bytes) -> Iterator[Element]:
    """The elements that stand one behind another. Raises Malformed where one is cut off or has no length."""
    at = 0
    while at < len(raw):
        width = 2 if raw[at] == EXTENDED else 1
        identity = raw[at : at + width].hex().upper()
        at += width
        if identity in UNREADABLE or at >= len(raw):
            raise Malformed("sl651_malformed", expected="an element with its length", given=identity)
        length, decimals = raw[at] >> 3, raw[at] & 7
        at += 1
        if at + length > len(raw):
            raise Malformed("sl651_malformed", expected=f"{length} bytes of element {identity}", given=raw[at:].hex())
        yield Element(identity, decimals, raw[at : at + length])
        at += length


def encode_element(identity: str, value: float, length: int, decimals: int) -> bytes:
    """A number that is not negative, in BCD. Raises Malformed when it does not fit."""
    digits = f"{round(value * 10**decimals):0{2 * length}d}"
    if len(digits) != 2 * length or digits.startswith("-"):
        raise Malformed("sl651_malformed", expected=f"0 or more, in {2 * length} digits", given=str(value))
    return bytes.fromhex(identity) + bytes([length << 3 | decimals]) + bytes.fromhex(digits)


def value_of(element: Element) -> tuple[Scalar, str]:
    """The value and its quality. All FF (or AA, as some makers write it) says that the station has no value.

    A first byte FF before digits is read as a minus sign: so several makers write it; not verified in the standard.
    """
    raw = element.raw
    if not raw or set(raw) in ({0xFF}, {0xAA}):
        return None, SENSOR_FAULT
    if element.id in BITS:
        return int.from_bytes(raw, "big"), GOOD
    negative = raw[0] == 0xFF
    digits = raw[1:].hex() if negative else raw.hex()
    if not digits.isdecimal():
        return None, UNDECODABLE
    number = int(digits) / 10**element.decimals if element.decimals else int(digits)
    return (-number if negative else number), GOOD


def is_series(element: Element) -> bool:
    return element.id == SERIES_RAIN or element.id in SERIES_LEVELS


def series_of(element: Element) -> list[tuple[Scalar, str]]:
    """The twelve values of an hour: rain in mm (a byte of 0.1 mm each) or levels in m (two bytes of 1 cm each).

    Raises Malformed when there are not twelve.
    """
    width, divisor = (1, 10) if element.id == SERIES_RAIN else (2, 100)
    if len(element.raw) != VALUES_PER_HOUR * width:
        raise Malformed("sl651_malformed", expected=f"{VALUES_PER_HOUR * width} bytes", given=element.raw.hex())
    pieces = [element.raw[at : at + width] for at in range(0, len(element.raw), width)]
    return [
        (None, SENSOR_FAULT) if piece == b"\xff" * width else (int.from_bytes(piece, "big") / divisor, GOOD)
        for piece in pieces
    ]
