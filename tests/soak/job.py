"""What a job of `make soak` is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """`run` gets what stands behind the job's name on the command line, and returns whether all was well."""

    name: str
    title: str
    run: Callable[[Sequence[str]], bool]
