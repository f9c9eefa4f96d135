"""What a display shows: a number with as many digits as it has, or a text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.errors import Malformed

_NUMBER = re.compile(r"[+-]?(\d+(?:\.(\d*))?|\.(\d+))")
_CUT_OFF_ODDITY = 1.0


@dataclass(frozen=True, slots=True)
class Shown:
    """`digit` is the worth of the last digit shown, in the unit of the value."""

    value: float = 0.0
    digit: float = 1.0
    text: str | None = None

    def misfit(self, value: float) -> float | None:
        """0 when the display would round `value` to what it shows, more when it would have to cut it off; else None."""
        tiny = 1e-9 * max(abs(self.value), 1.0)
        if abs(value - self.value) <= self.digit / 2 + tiny:
            return 0.0
        same_side = value * self.value >= 0
        if same_side and abs(self.value) - tiny <= abs(value) < abs(self.value) + self.digit - tiny:
            return _CUT_OFF_ODDITY
        return None


def parse_shown(text: str) -> Shown:
    """`3.45`, `-12`, `1 234.5`, `1,234.5`; anything without a digit in front is text. Raises Malformed for nothing."""
    plain = text.strip().replace("−", "-")
    if not plain:
        raise Malformed("shown_value_expected")
    grouped = re.sub(r"(?<=\d)[ ,](?=\d{3}(\D|$))", "", plain)
    match = _NUMBER.fullmatch(grouped)
    if match is None:
        return Shown(text=plain)
    decimals = len(match[2] or match[3] or "")
    return Shown(float(grouped), 10.0**-decimals)
