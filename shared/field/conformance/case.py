"""One fault, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


class Broken(Exception):
    """What the adapter did that it must not do, in one sentence."""


@dataclass(frozen=True, slots=True)
class Case:
    """`name` says what is done to the adapter; `trial` raises Broken."""

    name: str
    trial: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    broken: str | None
    seconds: float


def run(case: Case) -> Result:
    """An adapter that raises what its port does not name is broken too."""
    began_s = time.monotonic()
    broken = None
    try:
        case.trial()
    except Broken as error:
        broken = str(error)
    except Exception as error:  # whatever a foreign adapter raises is what we are here to find
        broken = f"it raised {type(error).__name__}: {error}"
    return Result(case.name, broken, time.monotonic() - began_s)
