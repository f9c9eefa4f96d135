"""How good a reading is. In messages it is one of these words; in memory a small number."""

from __future__ import annotations

GOOD = "good"
BACKFILL = "good.backfill"
"""A value from the device's own memory: it keeps its time, and changes nothing that stands now."""
MANUAL = "good.manual"
"""A value that a person has set in the place of the sensor's."""
OUT_OF_RANGE = "uncertain.out_of_range"
SENSOR_FAULT = "bad.sensor_fault"
UNDECODABLE = "bad.decode"
OUT_OF_SERVICE = "bad.disabled"
"""A person has said that the sensor is not to be believed."""
UNREAD = "bad.not_connected"
"""A point that was never read: nothing is known of it."""
UNKNOWN = "bad.not_known"
"""A computed point whose parts are not known."""

_WORDS = [GOOD, OUT_OF_RANGE, SENSOR_FAULT]
_CODES = {word: code for code, word in enumerate(_WORDS)}
GOOD_CODE, OUT_OF_RANGE_CODE, SENSOR_FAULT_CODE = range(3)


def code_of(quality: str) -> int:
    """The number that stands for a word in this process; words are few, exceptions of devices among them."""
    code = _CODES.get(quality)
    if code is None:
        code = _CODES[quality] = len(_WORDS)
        _WORDS.append(quality)
    return code


def word_of(code: int) -> str:
    return _WORDS[code]


def is_good(quality: str) -> bool:
    """May conditions and interlocks go by it?"""
    return quality.startswith(GOOD)
