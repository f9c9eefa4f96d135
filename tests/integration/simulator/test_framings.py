"""A simulated line answers in every framing that a line's address can name, but for TLS."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.local.processes import free_ports
from infra.simulator.lines import Line
from infra.simulator.maps.device import Table
from shared.errors import Malformed
from shared.field.address import parse_address
from shared.field.transports import open_transport


class Counter:
    """Four input registers that hold 10, 11, 12, 13; holding registers that keep what is written."""

    unit = 7

    def __init__(self) -> None:
        self.kept = [0, 0]

    def sizes(self) -> dict[Table, int]:
        return {"input": 4, "holding": 2}

    def words(self, table: Table) -> list[int]:
        return [10, 11, 12, 13] if table == "input" else self.kept

    def write(self, table: Table, address: int, values: Sequence[int]) -> None:
        self.kept[address : address + len(values)] = values


@contextmanager
def opened(address: str, device: Counter) -> Iterator[None]:
    loop = asyncio.new_event_loop()
    running = threading.Thread(target=loop.run_forever)
    running.start()
    line = Line("one", address, [device])
    try:
        asyncio.run_coroutine_threadsafe(line.open(), loop).result(10)
        yield
    finally:
        asyncio.run_coroutine_threadsafe(line.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        running.join()
        loop.close()


@pytest.mark.parametrize("framing", ["tcp", "rtu+tcp", "ascii+tcp", "rtu", "ascii"])
def test_a_line_is_simulated_as_its_address_says(framing: str, tmp_path: Path) -> None:
    serial = framing in ("rtu", "ascii")
    address = f"{framing}://{tmp_path}/line" if serial else f"{framing}://127.0.0.1:{free_ports(1)[0]}"
    address += "?parity=E" if serial else ""
    device = Counter()
    with opened(address, device):
        transport = open_transport(parse_address(address))
        assert b"\x00\x0b\x00\x0c" == transport.read(7, "input", 1, 2, 2.0)
        transport.close()
        transport.write(7, 16, 0, b"\x12\x34\x56\x78", 2.0)
        transport.close()
    assert [0x1234, 0x5678] == device.kept


def test_a_line_in_tls_is_not_simulated_and_says_why() -> None:
    with pytest.raises(Malformed, match="needs the device's own keys"):
        Line("one", "tls://plc-7?ca=/keys/ca.pem", [Counter()])
