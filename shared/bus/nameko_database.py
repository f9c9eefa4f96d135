"""The one database thread of a process whose own threads are greenlets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from eventlet import tpool

T = TypeVar("T")


class TpoolThread:
    """NativeThread over eventlet's pool of native threads, held to one; the hub goes on while it works."""

    def __init__(self) -> None:
        tpool.set_num_threads(1)

    def run(self, work: Callable[[], T]) -> T:
        done: T = tpool.execute(work)
        return done

    def close(self) -> None:
        tpool.killall()
