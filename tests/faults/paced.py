"""A serial line at its own pace: every byte needs its character time in both directions, and devices think a while."""

from __future__ import annotations

import os
import pty
import select
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.faults.device import respond
from tests.faults.wire import frame, split


@dataclass
class PacedLine:
    """RTU devices of any unit id on one pair of wires, 10 bits a character."""

    baud: int = 9600
    answer_s: float = 0.005
    dead_units: frozenset[int] = frozenset()
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def character_s(self) -> float:
        return 10 / self.baud

    def serve(self, master: int) -> None:
        """A request has come when its last byte is through and the line was silent for 3.5 characters of 11 bits."""
        buffer = b""
        while not self.stopping.is_set():
            ready, _, _ = select.select([master], [], [], 0.02)
            if not ready:
                continue
            began = time.monotonic()
            buffer += os.read(master, 4096)
            while (found := split("rtu", buffer)) is not None:
                size = len(buffer) - len(found[1])
                request, buffer = found
                if request.unit in self.dead_units:
                    continue
                answer = frame("rtu", 0, request.unit, respond(request.unit, request.pdu))
                heard_s = size * self.character_s + 3.5 * 11 / self.baud
                began += heard_s + self.answer_s + len(answer) * self.character_s
                time.sleep(max(0.0, began - time.monotonic()))
                os.write(master, answer)


@contextmanager
def on_paced_terminal(line: PacedLine) -> Iterator[str]:
    """The address by which a line of ours reaches it."""
    master, slave = pty.openpty()
    tty.setraw(master)
    tty.setraw(slave)
    serving = threading.Thread(target=line.serve, args=(master,))
    serving.start()
    try:
        yield f"rtu://{os.ttyname(slave)}?baud={line.baud}&parity=N"
    finally:
        line.stopping.set()
        serving.join()
        os.close(slave)
        os.close(master)
