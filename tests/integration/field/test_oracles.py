"""Our frames understood by others: a device by libmodbus (C) and one by pymodbus, function by function."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import struct
import subprocess
import sys
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from shared.field.address import parse_address
from shared.field.profile import Table
from shared.field.transports import DeviceException, Transport, open_transport

SIZE = 1000
HOLDS: dict[Table, Callable[[int], int]] = {
    "holding": lambda at: at * 3,
    "input": lambda at: at * 5,
    "coil": lambda at: at % 2 == 0,
    "discrete": lambda at: at % 3 == 0,
}
LINES = (
    "libmodbus tcp", "libmodbus rtu", "pymodbus tcp", "pymodbus rtu", "pymodbus ascii", "pymodbus rtu+tcp",
    "pymodbus ascii+tcp",
)  # fmt: skip
TIMEOUT_S = 2.0


@pytest.fixture(scope="module", params=LINES)
def line(request: pytest.FixtureRequest) -> Iterator[Transport]:
    maker, framing = request.param.split()
    serve = _libmodbus if maker == "libmodbus" else _pymodbus
    with _wire(framing) as (ours, theirs), serve(framing, theirs) as where:
        options = "?baud=115200&data_bits=8&parity=N" if framing == "ascii" else "?baud=115200"
        address = f"{framing}://{ours}{options}" if ours else f"{framing}://127.0.0.1:{where}"
        transport = open_transport(parse_address(address))
        yield transport
        transport.close()


@contextmanager
def _libmodbus(framing: str, device: str) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.integration.field.libmodbus_server", device or framing]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()
            server.wait(10)


@contextmanager
def _pymodbus(framing: str, device: str) -> Iterator[str]:
    """In a loop and a thread of its own."""
    loop = asyncio.new_event_loop()
    running = threading.Thread(target=loop.run_forever)
    running.start()
    framer = {"tcp": FramerType.SOCKET, "rtu": FramerType.RTU, "ascii": FramerType.ASCII}[framing.removesuffix("+tcp")]

    async def start() -> ModbusSerialServer | ModbusTcpServer:
        units = [_device()]
        server: ModbusSerialServer | ModbusTcpServer = (
            ModbusSerialServer(units, framer=framer, port=device, baudrate=115200)
            if device
            else ModbusTcpServer(units, framer=framer, address=("127.0.0.1", 0))
        )
        await server.listen()
        return server

    def run(work: Callable[[], object]) -> object:
        return asyncio.run_coroutine_threadsafe(work(), loop).result(10)  # type: ignore[arg-type]

    server = run(start)
    try:
        yield "" if device else str(server.transport.sockets[0].getsockname()[1])  # type: ignore[attr-defined]
    finally:
        run(server.shutdown)  # type: ignore[attr-defined]
        loop.call_soon_threadsafe(loop.stop)
        running.join()
        loop.close()


def _device() -> SimDevice:
    def block(table: Table) -> list[SimData]:
        values = [HOLDS[table](at) for at in range(SIZE)]
        bits = table in ("coil", "discrete")
        kept = [bool(value) for value in values] if bits else values
        return [SimData(0, values=kept, datatype=DataType.BITS if bits else DataType.REGISTERS)]

    return SimDevice(1, simdata=(block("coil"), block("discrete"), block("holding"), block("input")))


@contextmanager
def _wire(framing: str) -> Iterator[tuple[str, str]]:
    """Two serial devices with a wire between them; empty names when the framing goes over TCP."""
    if framing not in ("rtu", "ascii"):
        yield "", ""
        return
    ends = [pty.openpty(), pty.openpty()]
    for end in ends:
        tty.setraw(end[1])
    masters, stop = [end[0] for end in ends], threading.Event()

    def carry() -> None:
        while not stop.is_set():
            for ready in select.select(masters, [], [], 0.05)[0]:
                os.write(masters[1 - masters.index(ready)], os.read(ready, 4096))

    carrying = threading.Thread(target=carry)
    carrying.start()
    try:
        yield os.ttyname(ends[0][1]), os.ttyname(ends[1][1])
    finally:
        stop.set()
        carrying.join()
        for end in ends:
            os.close(end[0])
            os.close(end[1])


def registers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


@pytest.mark.parametrize("table", ["holding", "input"])
@pytest.mark.parametrize(("address", "count"), [(0, 1), (7, 3), (100, 125)])
def test_registers_are_read(line: Transport, table: Table, address: int, count: int) -> None:
    expected = registers(*(HOLDS[table](address + at) for at in range(count)))
    assert expected == line.read(1, table, address, count, TIMEOUT_S)


@pytest.mark.parametrize("table", ["coil", "discrete"])
@pytest.mark.parametrize(("address", "count"), [(0, 1), (5, 8), (3, 19), (0, 960)])
def test_bits_are_read(line: Transport, table: Table, address: int, count: int) -> None:
    packed = sum(1 << at for at in range(count) if HOLDS[table](address + at))
    assert packed.to_bytes((count + 7) // 8, "little") == line.read(1, table, address, count, TIMEOUT_S)


def test_a_coil_is_written_and_then_some(line: Transport) -> None:
    line.write(1, 5, 701, b"\x01", TIMEOUT_S)
    line.write(1, 5, 702, b"\x00", TIMEOUT_S)
    assert b"\x01" == line.read(1, "coil", 701, 2, TIMEOUT_S)
    line.write(1, 15, 710, bytes([1, 1, 0, 1, 0, 0, 1, 0, 1, 1]), TIMEOUT_S)
    assert b"\x4b\x03" == line.read(1, "coil", 710, 10, TIMEOUT_S)


def test_a_register_is_written_and_then_some(line: Transport) -> None:
    line.write(1, 6, 701, registers(0xBEEF), TIMEOUT_S)
    assert registers(0xBEEF) == line.read(1, "holding", 701, 1, TIMEOUT_S)
    line.write(1, 16, 710, registers(1, 2, 0xFFFF), TIMEOUT_S)
    assert registers(1, 2, 0xFFFF, 713 * 3) == line.read(1, "holding", 710, 4, TIMEOUT_S)


def test_bits_of_a_register_are_written_and_the_others_stay(line: Transport) -> None:
    """The example of the standard, 6.16: 0x12 AND 0xF2, OR 0x25 where the mask is 0, is 0x17."""
    line.write(1, 6, 704, registers(0x12), TIMEOUT_S)
    line.mask_write(1, 704, 0xF2, 0x25, TIMEOUT_S)
    assert registers(0x17) == line.read(1, "holding", 704, 1, TIMEOUT_S)


def test_registers_are_written_and_read_in_one_go(line: Transport) -> None:
    answer = line.read_write(1, 719, 4, 720, registers(11, 12), TIMEOUT_S)
    assert registers(719 * 3, 11, 12, 722 * 3) == answer


def test_an_address_that_is_not_there_is_exception_2(line: Transport) -> None:
    for ask in (
        lambda: line.read(1, "holding", 990, 20, TIMEOUT_S),
        lambda: line.read(1, "coil", 5000, 1, TIMEOUT_S),
        lambda: line.write(1, 6, 5000, registers(1), TIMEOUT_S),
        lambda: line.write(1, 16, 999, registers(1, 2), TIMEOUT_S),
        lambda: line.mask_write(1, 5000, 1, 1, TIMEOUT_S),
        lambda: line.read_write(1, 5000, 1, 900, registers(1), TIMEOUT_S),
    ):
        with pytest.raises(DeviceException) as raised:
            ask()
        assert 2 == raised.value.code
    assert registers(3) == line.read(1, "holding", 1, 1, TIMEOUT_S)
