"""The database threads of a process whose own threads are greenlets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from eventlet import tpool
from eventlet.semaphore import Semaphore

T = TypeVar("T")


class TpoolThread:
    """NativeThread over eventlet's pool, which has a native thread for each of us; the hub goes on while it works."""

    _open = 0

    def __init__(self) -> None:
        TpoolThread._open += 1
        tpool.set_num_threads(TpoolThread._open)  # the pool starts with the first work, when all of us are there
        self._free = Semaphore()

    def run(self, work: Callable[[], T]) -> T:
        with self._free:
            done: T = tpool.execute(work)
        return done

    def close(self) -> None:
        TpoolThread._open -= 1
        if not TpoolThread._open:
            tpool.killall()
