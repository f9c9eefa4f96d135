"""Which transport carries which address."""

from __future__ import annotations

from shared.field.address import Address
from shared.field.transports.port import Transport
from shared.field.transports.pymodbus_client import PymodbusTransport
from shared.field.transports.tcp import TcpTransport


def open_transport(address: Address) -> Transport:
    """The transport of an address. Nothing is connected until the first request."""
    if address.framing == "tcp":
        return TcpTransport(address.host, address.port)
    return PymodbusTransport(address)
