"""How long a request takes on a line: what its address says before anything is measured, and what was. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from shared.field.address import Address
from shared.field.plan import NETWORK, ReadCost
from shared.field.profile import ANSWER_S

_FRAME_CHARACTERS = 8 + 5
"""A read's request, and its answer without data: unit, function, count of bytes, CRC."""
_FORGET = 0.98
_SAMPLES_MIN = 30


def line_cost(address: Address, answer_s: float = ANSWER_S) -> ReadCost:
    """What a read costs on a line with this address. `answer_s`: how long the device thinks."""
    if not address.device:
        return NETWORK
    per_byte = 2 if address.framing.startswith("ascii") else 1
    return ReadCost(
        request_s=_FRAME_CHARACTERS * per_byte * address.character_s + 2 * address.frame_gap_s + answer_s,
        register_s=2 * per_byte * address.character_s,
    )


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
