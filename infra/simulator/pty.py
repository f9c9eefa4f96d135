"""A serial line without wires: two pseudo-terminals, with their bytes carried from one to the other.

The Modbus server opens one end by its path and the master opens the other, which a symbolic link names. Two pairs are
needed because only the slave side of a pair has a path.
"""

from __future__ import annotations

import asyncio
import os
import tty
from pathlib import Path


class NullModem:
    """Carries bytes between `device` (for the server) and `link` (for the master) while it is open."""

    def __init__(self, link: Path) -> None:
        self._link = link
        self._fds: list[int] = []
        self._masters: tuple[int, int] = (-1, -1)
        self.device = ""
        self.cut = False

    def open(self) -> None:
        (near, near_slave), (far, far_slave) = os.openpty(), os.openpty()
        self._fds, self._masters = [near, near_slave, far, far_slave], (near, far)
        for slave in (near_slave, far_slave):
            tty.setraw(slave)
        for master in self._masters:
            os.set_blocking(master, False)
        self.device = os.ttyname(near_slave)
        self._link.parent.mkdir(parents=True, exist_ok=True)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(far_slave))
        loop = asyncio.get_running_loop()
        loop.add_reader(near, self._carry, near, far)
        loop.add_reader(far, self._carry, far, near)

    def close(self) -> None:
        """Both ends hang up, and the link goes if it is still ours."""
        loop = asyncio.get_running_loop()
        for master in self._masters:
            loop.remove_reader(master)
        if self._link.is_symlink() and str(self._link.readlink()) == os.ttyname(self._fds[3]):
            self._link.unlink()
        for fd in self._fds:
            os.close(fd)
        self._fds = []

    def _carry(self, source: int, sink: int) -> None:
        """What arrives on a cut line, or finds the other buffer full, is lost: a wire keeps nothing."""
        try:
            data = os.read(source, 4096)
            if not self.cut:
                os.write(sink, data)
        except BlockingIOError:
            return
