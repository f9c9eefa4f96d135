"""`urbanops profile decode`: from raw registers and the value on a display to the encoding. Pure."""

from shared.field.decipher.given import Notation, parse_registers
from shared.field.decipher.search import Candidate, Encoding, Observation, find_candidates
from shared.field.decipher.shown import Shown, parse_shown

__all__ = [
    "Candidate",
    "Encoding",
    "Notation",
    "Observation",
    "Shown",
    "find_candidates",
    "parse_registers",
    "parse_shown",
]
