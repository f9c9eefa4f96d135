"""Serial RTU and RTU over TCP, by pymodbus: the only module of ours that imports it on this side of the wire.

Its own retries are off, for they resend writes. RTU frames carry no transaction id, so one late answer would shift
every later one: after a timeout a TCP connection is closed, a serial line is drained and kept quiet for as long again.
"""

from __future__ import annotations

import logging
import time

from pymodbus import FramerType, ModbusException
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.exceptions import ConnectionException
from pymodbus.pdu import ModbusPDU
from serial import Serial

from shared.field.address import Address
from shared.field.profile import Table
from shared.field.transports.port import DeviceException, Garbled, LinkDown, NoAnswer, WriteFunction

# What goes wrong on a line is told once, by us, as a lost and a restored link; not a line a request.
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

_CONNECT_TIMEOUT_S = 1.0


class PymodbusTransport:
    """One serial line, or one RTU-over-TCP connection; opened when it is needed."""

    def __init__(self, address: Address) -> None:
        self._client: ModbusSerialClient | ModbusTcpClient
        if address.framing == "rtu":
            self._client = ModbusSerialClient(
                address.device,
                framer=FramerType.RTU,
                baudrate=address.baud,
                parity=address.parity,
                stopbits=address.stop_bits,
                timeout=_CONNECT_TIMEOUT_S,
                retries=0,
            )
        else:
            self._client = ModbusTcpClient(
                address.host, port=address.port, framer=FramerType.RTU, timeout=_CONNECT_TIMEOUT_S, retries=0
            )

    def read(self, unit: int, table: Table, address: int, count: int, timeout_s: float) -> bytes:
        read = {
            "coil": self._client.read_coils,
            "discrete": self._client.read_discrete_inputs,
            "input": self._client.read_input_registers,
            "holding": self._client.read_holding_registers,
        }[table]
        self._open(timeout_s)
        answer = self._checked(lambda: read(address, count=count, device_id=unit), timeout_s)
        if table in ("coil", "discrete"):
            bits = answer.bits
            if not count <= len(bits) < count + 8:
                raise self._after_garbage(f"{count} bits were asked for, {len(bits)} came", timeout_s)
            return sum(1 << at for at, bit in enumerate(bits[:count]) if bit).to_bytes((count + 7) // 8, "little")
        return self._registers(answer, count, timeout_s)

    def write(self, unit: int, function: WriteFunction, address: int, data: bytes, timeout_s: float) -> None:
        self._open(timeout_s)
        registers = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
        bits = [bool(bit) for bit in data]
        client = self._client
        writes = {
            5: lambda: client.write_coil(address, bits[0], device_id=unit),
            6: lambda: client.write_register(address, registers[0], device_id=unit),
            15: lambda: client.write_coils(address, bits, device_id=unit),
            16: lambda: client.write_registers(address, registers, device_id=unit),
        }
        self._checked(writes[function], timeout_s)

    def mask_write(self, unit: int, address: int, and_mask: int, or_mask: int, timeout_s: float) -> None:
        self._open(timeout_s)
        write = self._client.mask_write_register
        self._checked(lambda: write(address=address, and_mask=and_mask, or_mask=or_mask, device_id=unit), timeout_s)

    def read_write(
        self, unit: int, read_address: int, count: int, write_address: int, data: bytes, timeout_s: float
    ) -> bytes:
        self._open(timeout_s)
        values = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
        exchange = self._client.readwrite_registers
        answer = self._checked(
            lambda: exchange(
                read_address=read_address,
                read_count=count,
                write_address=write_address,
                values=values,
                device_id=unit,
            ),
            timeout_s,
        )
        return self._registers(answer, count, timeout_s)

    def close(self) -> None:
        self._client.close()  # type: ignore[no-untyped-call]

    def _open(self, timeout_s: float) -> None:
        self._client.comm_params.timeout_connect = timeout_s
        if not self._client.connect():
            raise LinkDown(f"{self._client.comm_params.host} cannot be opened")

    def _checked(self, request: object, timeout_s: float) -> ModbusPDU:
        assert callable(request)
        try:
            answer: ModbusPDU = request()
        except ConnectionException as error:
            self.close()
            raise LinkDown(str(error)) from error
        except ModbusException as error:
            self._forget(timeout_s)
            raise NoAnswer(str(error)) from error
        except OSError as error:
            self.close()
            raise LinkDown(str(error)) from error
        if answer.isError():
            raise DeviceException(answer.exception_code)
        return answer

    def _registers(self, answer: ModbusPDU, count: int, timeout_s: float) -> bytes:
        if len(answer.registers) != count:
            raise self._after_garbage(f"{count} registers were asked for, {len(answer.registers)} came", timeout_s)
        return b"".join(register.to_bytes(2, "big") for register in answer.registers)

    def _after_garbage(self, text: str, timeout_s: float) -> Garbled:
        self._forget(timeout_s)
        return Garbled(text)

    def _forget(self, timeout_s: float) -> None:
        """Make sure that whatever still comes is not taken for the next answer."""
        line = self._client.socket
        try:
            if isinstance(line, Serial):
                _drain(line, timeout_s)
            else:
                self.close()
        except OSError:
            self.close()


def _drain(line: Serial, quiet_s: float) -> None:
    """Read and drop until the line has been quiet for `quiet_s`, for ten times that at the most."""
    give_up = time.monotonic() + 10 * quiet_s
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < quiet_s and time.monotonic() < give_up:
        if line.in_waiting:
            line.read(line.in_waiting)
            quiet_since = time.monotonic()
        time.sleep(min(0.005, quiet_s))
