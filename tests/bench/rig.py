"""What every measurement starts: a private broker, a folder, processes that end with it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from infra.local.processes import free_ports
from infra.local.rabbitmq import PrivateBroker
from shared.clock import Anchor, write_anchor

ACCOUNTS = "dispatcher bench-only-password\n"


class Bench:
    """One private broker; everything else is started for each measurement."""

    def __init__(self, folder: Path, broker: PrivateBroker) -> None:
        self.folder, self.broker = folder, broker
        self.farm_port, self.http_port = free_ports(2)

    def environment(self, name: str, site: Path, rate: float = 1.0) -> dict[str, str]:
        """For services with data of their own and a city clock at a rate."""
        data = self.folder / name
        data.mkdir(parents=True, exist_ok=True)
        (data / "accounts").write_text(ACCOUNTS)
        write_anchor(data / "clock.json", Anchor(wall_s=time.time(), city_s=time.time(), rate=rate))
        clock = {} if rate == 1.0 else {"CLOCK_FILE": str(data / "clock.json")}
        return (
            os.environ
            | clock
            | {
                "AMQP_URI": self.broker.amqp_uri,
                "DATA_DIR": str(data),
                "SITE": str(site),
                "ACCOUNTS_FILE": str(data / "accounts"),
                "HTTP_PORT": str(self.http_port),
                "LOG_LEVEL": "WARNING",
            }
        )

    @contextmanager
    def process(self, *argv: str, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
        with (self.folder / "log").open("a") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", *argv], env=environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        try:
            yield started
        finally:
            started.terminate()
            started.wait(20)
            assert started.stdout is not None
            started.stdout.close()


def cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)
