"""Modbus as an adapter: every framing of `shared/field/transports`."""

from __future__ import annotations

import struct
from typing import Literal

from shared.field.adapters.port import Registers
from shared.field.address import Address
from shared.field.transports.channel import Channel, SerialChannel, TcpChannel
from shared.field.transports.framed import FramedTransport
from shared.field.transports.port import Transport
from shared.field.transports.pymodbus_framing import Ascii, Rtu
from shared.field.transports.tap import Tap, TappedChannel
from shared.field.transports.tcp import TcpTransport

_MBAP_SIZE = 7


class ModbusAdapter:
    kind: Literal["polling"] = "polling"

    def open(self, address: Address, tap: Tap | None = None) -> Transport:
        channel: Channel = SerialChannel(address) if address.device else TcpChannel(address)
        if tap is not None:
            channel = TappedChannel(channel, tap)
        if address.framing in ("tcp", "tls"):
            return TcpTransport(channel)
        framing = Rtu() if address.framing.startswith("rtu") else Ascii()
        return FramedTransport(channel, framing, quiet_s=address.quiet_s, resets=not address.device)

    def address(self, host: str, port: int) -> Address:
        return Address("tcp", host, port)

    def answer(self, request: bytes, registers: Registers, answering_unit: int | None = None) -> bytes | None:
        """FC 3 and 6 over TCP (MBAP V1.0b, 3.1.3); anything else is an illegal function."""
        if len(request) < _MBAP_SIZE or len(request) < 6 + int.from_bytes(request[4:6], "big"):
            return None
        transaction, unit = request[:2], request[6]
        function, address, number = struct.unpack(">BHH", request[7:12])
        if function == 3:
            words = [registers(unit, address + at) for at in range(number)]
            pdu = bytes([3, 2 * number]) + struct.pack(f">{number}H", *words)
        elif function == 6:
            pdu = request[7:12]
        else:
            pdu = bytes([function | 0x80, 1])
        answering = unit if answering_unit is None else answering_unit
        return transaction + b"\x00\x00" + (len(pdu) + 1).to_bytes(2, "big") + bytes([answering]) + pdu


ADAPTER = ModbusAdapter()
