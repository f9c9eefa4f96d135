"""Wait for a fact instead of sleeping for a guess."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_EVERY_S = 0.01


def eventually(fact: Callable[[], T], within_s: float) -> T:
    """The first value of `fact` that is true; fails when there was none in time. An AssertionError counts as false."""
    ends_at = time.monotonic() + within_s
    while True:
        failure: AssertionError | None = None
        value: T | None = None
        try:
            value = fact()
        except AssertionError as error:
            failure = error
        if value:
            return value
        if time.monotonic() > ends_at:
            raise AssertionError(f"not within {within_s} s; last was {value!r}") from failure
        time.sleep(LOOK_EVERY_S)
