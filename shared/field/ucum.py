"""Units of measure in UCUM (The Unified Code for Units of Measure, version 2.1), as far as field devices need them.

The platform converts nothing: two numbers may be compared only when their units are the same. This module says what a
unit is made of, so that `kW` and `W` are told apart and `m3/h` and `m3.h-1` are not.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from shared.errors import Malformed


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as a multiple of base units. `mark` tells arbitrary units and shifted scales (Cel, [pH]) apart."""

    factor: float
    dimension: tuple[tuple[str, int], ...] = ()
    mark: str = ""

    def is_same(self, other: Unit) -> bool:
        """May numbers in the two units be compared as they stand?"""
        alike = self.dimension == other.dimension and self.mark == other.mark
        return alike and math.isclose(self.factor, other.factor, rel_tol=1e-9)

    def times(self, other: Unit, exponent: int = 1) -> Unit:
        """The product with a power of another unit; a shifted scale in a product is a plain difference."""
        powers = dict(self.dimension)
        for base, power in other.dimension:
            powers[base] = powers.get(base, 0) + power * exponent
        dimension = tuple(sorted((base, power) for base, power in powers.items() if power))
        mark = self.mark if not other.mark else f"{self.mark}{other.mark}{exponent if exponent != 1 else ''}"
        return Unit(self.factor * other.factor**exponent, dimension, mark)


ONE = Unit(1.0)
_PREFIXES = {
    "Y": 1e24, "Z": 1e21, "E": 1e18, "P": 1e15, "T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "h": 1e2, "da": 1e1,
    "d": 1e-1, "c": 1e-2, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15, "a": 1e-18,
}  # fmt: skip
_METRIC: dict[str, tuple[float, dict[str, int]]] = {
    "m": (1, {"m": 1}), "s": (1, {"s": 1}), "g": (1, {"g": 1}), "rad": (1, {"rad": 1}), "K": (1, {"K": 1}),
    "C": (1, {"C": 1}), "cd": (1, {"cd": 1}), "mol": (6.02214076e23, {}), "L": (1e-3, {"m": 3}), "l": (1e-3, {"m": 3}),
    "t": (1e6, {"g": 1}), "N": (1e3, {"g": 1, "m": 1, "s": -2}), "Pa": (1e3, {"g": 1, "m": -1, "s": -2}),
    "bar": (1e8, {"g": 1, "m": -1, "s": -2}), "J": (1e3, {"g": 1, "m": 2, "s": -2}),
    "W": (1e3, {"g": 1, "m": 2, "s": -3}), "A": (1, {"C": 1, "s": -1}),
    "V": (1e3, {"g": 1, "m": 2, "s": -2, "C": -1}), "F": (1e-3, {"g": -1, "m": -2, "s": 2, "C": 2}),
    "Ohm": (1e3, {"g": 1, "m": 2, "s": -1, "C": -2}), "S": (1e-3, {"g": -1, "m": -2, "s": 1, "C": 2}),
    "Wb": (1e3, {"g": 1, "m": 2, "s": -1, "C": -1}), "T": (1e3, {"g": 1, "s": -1, "C": -1}),
    "H": (1e3, {"g": 1, "m": 2, "C": -2}), "lm": (1, {"cd": 1}), "lx": (1, {"cd": 1, "m": -2}), "Hz": (1, {"s": -1}),
    "Bq": (1, {"s": -1}), "Gy": (1, {"m": 2, "s": -2}), "Sv": (1, {"m": 2, "s": -2}),
}  # fmt: skip
_PLAIN: dict[str, tuple[float, dict[str, int]]] = {
    "%": (1e-2, {}), "[ppth]": (1e-3, {}), "[ppm]": (1e-6, {}), "[ppb]": (1e-9, {}), "10*": (10, {}), "10^": (10, {}),
    "min": (60, {"s": 1}), "h": (3600, {"s": 1}), "d": (86400, {"s": 1}), "wk": (604800, {"s": 1}),
    "mo": (2629800, {"s": 1}), "a": (31557600, {"s": 1}), "deg": (math.pi / 180, {"rad": 1}),
    "'": (math.pi / 10800, {"rad": 1}), "''": (math.pi / 648000, {"rad": 1}),
    "atm": (101325e3, {"g": 1, "m": -1, "s": -2}), "[psi]": (6894757.293168, {"g": 1, "m": -1, "s": -2}),
    "[in_i]": (0.0254, {"m": 1}), "[ft_i]": (0.3048, {"m": 1}), "[gal_us]": (3.785411784e-3, {"m": 3}),
    "har": (1e4, {"m": 2}), "bit": (1, {}), "By": (8, {}),
}  # fmt: skip
_MARKED = ("Cel", "[degF]", "[pH]", "[NTU]", "[FNU]", "[CFU]", "B", "Np", "m[H2O]", "m[Hg]")
"""Each is of its own kind: comparable with itself alone. `B`, `m[H2O]` and `m[Hg]` take prefixes.

[NTU] and [FNU] are not in UCUM's table; turbidity has no other code, and square brackets mark what is arbitrary.
"""
_PREFIXED_MARKED = ("B", "m[H2O]", "m[Hg]")
_ANNOTATION = re.compile(r"\{[\x21-\x7a|~]*\}")
_TOKEN = re.compile(r"[./()]|[^./()]+")
_POWER = re.compile(r"(10\*|10\^|.*?[^\d+\-]|)([+-]?\d+)?")
UNIT_CHARS_MAX = 60


def parse_unit(text: str) -> Unit:
    """`m3/h`, `kW.h`, `/min`, `Cel`, `%`, `1/h`; the empty text is the unit one. Raises Malformed."""
    plain = _ANNOTATION.sub("", text)
    if len(text) > UNIT_CHARS_MAX:
        raise _malformed(text)
    if not plain:
        return ONE
    unit, rest = _term(_TOKEN.findall(plain), text)
    if rest:
        raise _malformed(text)
    return unit


def _term(tokens: list[str], text: str) -> tuple[Unit, list[str]]:
    unit, exponent = ONE, 1
    if tokens and tokens[0] == "/":
        exponent, tokens = -1, tokens[1:]
    while True:
        if tokens and tokens[0] == "(":
            factor, tokens = _term(tokens[1:], text)
            if not tokens or tokens[0] != ")":
                raise _malformed(text)
            tokens = tokens[1:]
        elif tokens and tokens[0] not in ("/", ".", ")"):
            factor, tokens = _simple(tokens[0], text), tokens[1:]
        else:
            raise _malformed(text)
        unit = unit.times(factor, exponent)
        if not tokens or tokens[0] not in ("/", "."):
            return unit, tokens
        exponent, tokens = (-1 if tokens[0] == "/" else 1), tokens[1:]


def _simple(token: str, text: str) -> Unit:
    if token.isascii() and token.isdigit():
        return Unit(float(token))
    match = _POWER.fullmatch(token)
    found = _atom(match[1]) if match is not None and match[1] else None
    if match is None or found is None:
        raise _malformed(text)
    return ONE.times(found, int(match[2])) if match[2] else found


def _atom(symbol: str) -> Unit | None:
    if symbol in _MARKED:
        return Unit(1.0, (), symbol)
    for prefix, factor in ({"": 1.0} | _PREFIXES).items():
        rest = symbol.removeprefix(prefix)
        if prefix and rest == symbol:
            continue
        if rest in _METRIC or (not prefix and rest in _PLAIN):
            size, dimension = (_PLAIN | _METRIC)[rest] if not prefix else _METRIC[rest]
            return Unit(factor * size, tuple(sorted(dimension.items())))
        if rest in _PREFIXED_MARKED:
            return Unit(factor, (), rest)
    return None


_WRITTEN = {
    "℃": "Cel", "°c": "Cel", "degc": "Cel", "deg c": "Cel", "摄氏度": "Cel", "度": "Cel", "℉": "[degF]", "°f": "[degF]",
    "rpm": "/min", "r/min": "/min", "转/分": "/min", "ntu": "[NTU]", "fnu": "[FNU]", "ph": "[pH]", "ppm": "[ppm]",
    "ppb": "[ppb]", "psi": "[psi]", "lux": "lx", "sec": "s", "秒": "s", "分钟": "min", "分": "min", "小时": "h",
    "时": "h", "hr": "h", "天": "d", "米": "m", "毫米": "mm", "立方米": "m3", "升": "L", "千瓦": "kW", "千瓦时": "kW.h",
    "伏": "V", "安": "A", "kva": "kV.A", "kvar": "kV.A{reactive}", "var": "V.A{reactive}", "kvarh": "kV.A.h{reactive}",
    "kwh": "kW.h", "mwh": "MW.h", "wh": "W.h", "kvah": "kV.A.h", "ah": "A.h", "ω": "Ohm", "kω": "kOhm", "ohm": "Ohm",
    "°": "deg", "mh2o": "m[H2O]", "mmhg": "mm[Hg]", "次/h": "1/h", "次": "", "台": "", "无": "", "-": "", "—": "",
    "mpa": "MPa", "kpa": "kPa", "pa": "Pa", "kw": "kW", "mw": "MW", "hz": "Hz", "ma": "mA", "mv": "mV", "kv": "kV",
    "ka": "kA", "kg": "kg", "l/s": "L/s", "m3/hr": "m3/h", "cmh": "m3/h", "lps": "L/s", "％": "%", "db": "dB",
    "%rh": "%",
}  # fmt: skip
_SIGNS = str.maketrans({"²": "2", "³": "3", "μ": "u", "µ": "u", "·": ".", "×": ".", "*": ".", "／": "/"})


def find_unit(written: str) -> str | None:
    """The UCUM code of a unit as vendors write it (`℃`, `kWh`, `m³/h`), None when it is not known."""
    text = written.strip().translate(_SIGNS)
    for candidate in (text, _WRITTEN.get(text.lower()), _WRITTEN.get(written.strip().lower())):
        if candidate is None:
            continue
        try:
            parse_unit(candidate)
        except Malformed:
            continue
        return candidate
    return None


def _malformed(text: str) -> Malformed:
    return Malformed("unit_malformed", given=text)
