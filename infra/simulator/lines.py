"""Lines as field controllers answer on them: real Modbus servers on TCP, RTU over TCP and pseudo-terminals."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.server.base import ModbusBaseServer
from pymodbus.simulator import DataType, SimData, SimDevice

from infra.simulator.maps.device import Device, Table
from infra.simulator.pty import NullModem
from infra.simulator.rtu.refusal import ModbusException, WriteRefused
from shared.errors import Malformed
from shared.field.address import Address, Framing, parse_address

_TABLE_OF: dict[int, Table] = {
    1: "coil", 2: "discrete", 3: "holding", 4: "input",
    5: "coil", 15: "coil", 6: "holding", 16: "holding", 22: "holding",
}  # fmt: skip
_TABLES: tuple[Table, Table, Table, Table] = ("coil", "discrete", "holding", "input")
ANY_UNIT = 0
_FRAMER: dict[Framing, FramerType] = {
    "tcp": FramerType.SOCKET, "rtu": FramerType.RTU, "rtu+tcp": FramerType.RTU,
    "ascii": FramerType.ASCII, "ascii+tcp": FramerType.ASCII,
}  # fmt: skip
"""What is simulated. Not TLS: the keys of a device are its own, and no site file holds them."""
_NOTHING = cast("ModbusPDU", None)
"""What the library's hook returns to drop a request; its annotation does not say so."""


class LineBusy(Exception):
    """Somebody else listens on the line's address."""


class Line:
    """One channel with the devices behind it. It can be cut, and it can be slow."""

    def __init__(self, line_id: str, address: str, devices: Sequence[Device]) -> None:
        self.id = line_id
        self._address: Address = parse_address(address)
        if self._address.framing not in _FRAMER:
            raise Malformed("line_not_simulated", line=line_id, framing=self._address.framing)
        self._devices = list(devices)
        self._server: ModbusBaseServer | None = None
        self._modem: NullModem | None = None
        self.delay_s = 0.0
        """Wall seconds that every answer takes longer."""
        self.cut = False

    async def open(self) -> None:
        """Listen. Raises LineBusy."""
        devices = [self._served(device) for device in self._devices]
        if self._address.device:
            await self._open_serial(devices)
            return
        framer = _FRAMER[self._address.framing]
        strangers = self._stranger() if framer is FramerType.SOCKET else []
        server = ModbusTcpServer(
            [*devices, *strangers],
            framer=framer,
            address=(self._address.host, self._address.port),
            trace_pdu=None if strangers else self._hear_own_units,
        )
        if not await server.listen():
            raise LineBusy(f"line {self.id} cannot listen on {self._address.host}:{self._address.port}: in use")
        self._server = server

    async def close(self) -> None:
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]
            self._server = None
        if self._modem is not None:
            self._modem.close()
            self._modem = None

    async def cut_off(self) -> None:
        """The wire is cut: TCP connections end and nobody listens; a serial line is silent."""
        self.cut = True
        if self._modem is not None:
            self._modem.cut = True
        elif self._server is not None:
            await self.close()

    async def mend(self) -> None:
        self.delay_s = 0.0
        if not self.cut:
            return
        self.cut = False
        if self._modem is not None:
            self._modem.cut = False
        else:
            await self.open()

    async def _open_serial(self, devices: list[SimDevice]) -> None:
        """Bytes go through a pseudo-terminal as they are; one that is told of parity or seven bits refuses it."""
        self._modem = NullModem(Path(self._address.device))
        self._modem.open()
        server = ModbusSerialServer(
            devices,
            framer=_FRAMER[self._address.framing],
            port=self._modem.device,
            baudrate=self._address.baud,
            trace_pdu=self._hear_own_units,
        )
        await server.listen()
        self._server = server

    def _hear_own_units(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        """On a bus a device hears only its own unit id; a request for nobody is met with silence."""
        mine = any(device.unit == pdu.dev_id for device in self._devices)
        return pdu if sending or mine else _NOTHING

    def _served(self, device: Device) -> SimDevice:
        sizes = device.sizes()

        async def act(
            function: int,
            _start: int,
            address: int,
            _count: int,
            registers: list[int],
            values: list[int] | list[bool] | None,
        ) -> ExcCodes | None:
            """Called by the server for every request; reads take the tables as they stand now.

            Their count is in words even for coils, so a write goes by `values` alone. After a write the server reads
            back under the same function code.
            """
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            table = _TABLE_OF.get(function)
            if table not in sizes:
                return ExcCodes(ModbusException.ILLEGAL_FUNCTION)
            if values is not None:
                try:
                    device.write(table, address, [int(value) for value in values])
                except WriteRefused as refused:
                    return ExcCodes(refused.code)
            words = device.words(table)
            registers[: len(words)] = words
            return None

        blocks = tuple(_block(table, sizes.get(table, 16)) for table in _TABLES)
        return SimDevice(device.unit, simdata=blocks, action=act)  # type: ignore[arg-type]

    def _stranger(self) -> list[SimDevice]:
        """A TCP controller asked for another unit id answers that the target did not respond."""
        if any(device.unit == ANY_UNIT for device in self._devices):
            return []

        async def refuse(*_request: object) -> ExcCodes:
            return ExcCodes.GATEWAY_NO_RESPONSE

        blocks = tuple(_block(table, 2048) for table in _TABLES)
        return [SimDevice(ANY_UNIT, simdata=blocks, action=refuse)]  # type: ignore[arg-type]


def _block(table: Table, size: int) -> list[SimData]:
    if table in ("coil", "discrete"):
        return [SimData(0, values=[False] * size, datatype=DataType.BITS)]
    return [SimData(0, count=size, values=0, datatype=DataType.REGISTERS)]
