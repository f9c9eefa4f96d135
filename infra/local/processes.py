"""Child processes in sessions of their own, ended by the ids that were started here and by nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

LOOPBACK = "127.0.0.1"


class CannotRun(Exception):
    """Why the city (or a part of it) cannot run here: one sentence for the person who typed the command."""


def program(name: str, *, package: str, instead: str = "") -> str:
    """The full path of an installed program; else a sentence that names the Debian package to install."""
    newest_first = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True
    )
    for folder in (None, *newest_first, "/usr/sbin", "/usr/lib/rabbitmq/bin"):
        found = shutil.which(name, path=folder)
        if found:
            return found
    raise CannotRun(f"{name} is not installed: install the Debian package {package}{instead}.")


def free_ports(count: int) -> list[int]:
    """Ports on the loopback address that nobody listens on now, all different."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]


def free_block(count: int, *, first: int = 15020, last: int = 32000) -> int:
    """The first of `count` contiguous free ports on the loopback address, below the kernel's ephemeral range."""
    for start in range(first, last - count, count):
        if all(is_free(port) for port in range(start, start + count)):
            return start
    raise CannotRun(f"There are no {count} contiguous free ports between {first} and {last} on {LOOPBACK}.")


def is_free(port: int, host: str = LOOPBACK) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def write_secret(path: Path, text: str) -> None:
    """A file that only its owner can read, from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")


class Child:
    """One program in a session of its own, with its output in a file. It dies with us even if we are killed."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: str = "TERM",
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.name = name
        self._stop_signal = stop_signal
        guard = [program("setpriv", package="util-linux"), "--pdeathsig", death_signal]
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - argv is our own
                [*guard, *map(str, argv)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def ask_to_stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(self._stop_signal)

    def kill(self) -> None:
        """Ends it and whatever it started in its session at once."""
        _signal_group(self.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self, within_s: float) -> None:
        """Asks it to stop, then insists; afterwards nothing of its session is left."""
        self.ask_to_stop()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=within_s)
        self.kill()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop(within_s=5)


def stop_all(children: Sequence[Child], within_s: float) -> None:
    """Asks all of them at once, so that together they need no longer than the slowest."""
    for child in children:
        child.ask_to_stop()
    ends_at = time.monotonic() + within_s
    for child in children:
        child.stop(within_s=max(0.0, ends_at - time.monotonic()))


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return  # the whole session is gone already
