"""How long a request takes on a line: what its address says before anything is measured, and what was measured. Pure.

Serial line: a character is a start bit, eight data bits, a parity bit or a second stop bit, and a stop bit; frames are
3.5 characters apart, 1.75 ms above 19,200 baud (Modbus over Serial Line V1.02, 2.5.1.1).
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.field.address import Address
from shared.field.plan import NETWORK, ReadCost

ANSWER_S = 0.005
"""A serial device begins to answer so long after the request, unless its profile says otherwise."""
_FRAME_CHARACTERS = 8 + 5
"""A read's request, and its answer without data: unit, function, count of bytes, CRC."""
_FAST_BAUD = 19_200
_FAST_GAP_S = 0.00175
_FORGET = 0.98
_SAMPLES_MIN = 30


def line_cost(address: Address, answer_s: float = ANSWER_S) -> ReadCost:
    """What a read costs on a line with this address. `answer_s`: how long the device thinks."""
    if not address.device:
        return NETWORK
    character_s = character_time(address)
    frame_gap_s = _FAST_GAP_S if address.baud > _FAST_BAUD else 3.5 * character_s
    per_byte = 2 if address.framing.startswith("ascii") else 1
    return ReadCost(
        request_s=_FRAME_CHARACTERS * per_byte * character_s + 2 * frame_gap_s + answer_s,
        register_s=2 * per_byte * character_s,
    )


def character_time(address: Address) -> float:
    """Seconds a character is on the wire."""
    bits = 1 + 8 + (0 if address.parity == "N" else 1) + address.stop_bits
    return bits / address.baud


@dataclass(slots=True)
class CostMeter:
    """Learns a controller's cost from its reads: least squares of duration over registers, old reads forgotten."""

    expected: ReadCost
    _weight: float = 0.0
    _x: float = 0.0
    _y: float = 0.0
    _xx: float = 0.0
    _xy: float = 0.0

    def note(self, registers: float, seconds: float) -> None:
        """One read that was answered."""
        self._weight = self._weight * _FORGET + 1
        self._x = self._x * _FORGET + registers
        self._y = self._y * _FORGET + seconds
        self._xx = self._xx * _FORGET + registers * registers
        self._xy = self._xy * _FORGET + registers * seconds

    def cost(self) -> ReadCost:
        """Measured when enough different reads were seen, else as expected of the line."""
        if self._weight < _SAMPLES_MIN:
            return self.expected
        spread = self._weight * self._xx - self._x * self._x
        if spread < self._weight:  # all of one length: they tell nothing about a register
            register_s = self.expected.register_s
        else:
            register_s = max(0.0, (self._weight * self._xy - self._x * self._y) / spread)
        return ReadCost(max(1e-6, (self._y - register_s * self._x) / self._weight), register_s)
