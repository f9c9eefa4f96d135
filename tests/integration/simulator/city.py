"""A simulated city in a process of its own, in a folder of its own, on free ports."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from pymodbus import FramerType
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.client.base import ModbusBaseSyncClient

from infra.local.processes import LOOPBACK, free_block
from infra.simulator.control import SimulatorAway, SimulatorClient
from shared.site import load_site
from tests.waiting import eventually

SITE = Path("infra/sites/tangshan")


@dataclass
class RunningCity:
    """The simulator of the site tangshan, with what a test asks of it."""

    folder: Path
    port: int = field(default_factory=lambda: free_block(8, first=21000))
    process: subprocess.Popen[bytes] | None = None

    @property
    def client(self) -> SimulatorClient:
        return SimulatorClient(self.folder)

    @property
    def clock_file(self) -> Path:
        return self.folder / "clock.json"

    @property
    def serial(self) -> Path:
        return self.folder / "serial" / "river"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DATA_DIR": str(self.folder),
            "SITE": str(SITE),
            "CLOCK_FILE": str(self.clock_file),
            "SAVE_EVERY_S": "1",
            "SITE_VARIABLES": f"field_port={self.port},field_serial={self.folder / 'serial'}",
        }

    def launch(self) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen([sys.executable, "-m", "infra.simulator"], env=self.environment, stderr=log)

    def start(self) -> None:
        process = self.process = self.launch()

        def answers() -> bool:
            assert process.poll() is None, (self.folder / "log").read_text()
            try:
                return bool(self.client.status())
            except SimulatorAway:
                return False

        eventually(answers, within_s=30)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            assert self.process.wait(timeout=15) == 0, (self.folder / "log").read_text()
            self.process = None

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def tcp(self, line: str) -> ModbusTcpClient:
        lines = [each.id for each in load_site(SITE).lines]
        framer = FramerType.RTU if line == "rain" else FramerType.SOCKET
        return connected(
            ModbusTcpClient(LOOPBACK, port=self.port + lines.index(line), framer=framer, timeout=1, retries=0)
        )

    def rtu(self) -> ModbusSerialClient:
        return connected(ModbusSerialClient(str(self.serial), baudrate=9600, timeout=1, retries=0))

    def station(self, name: str) -> dict:
        return self.client.status()["stations"][name]


def connected(client):
    assert client.connect()
    return client


def inputs(client: ModbusBaseSyncClient, address: int, count: int, unit: int = 1) -> list[int]:
    answer = client.read_input_registers(address, count=count, device_id=unit)
    assert not answer.isError(), answer
    return answer.registers


def running(client: ModbusBaseSyncClient) -> list[int]:
    """Numbers of the pumps whose running contact is closed."""
    bits = client.read_discrete_inputs(16, count=12, device_id=1).bits
    return [n + 1 for n in range(3) if bits[4 * n]]
