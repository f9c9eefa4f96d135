"""Which transport carries which address."""

from __future__ import annotations

from collections.abc import Callable

from shared.field.address import Address, parse_address
from shared.field.transports.backup import BackupTransport, SwitchRule
from shared.field.transports.channel import SerialChannel, TcpChannel
from shared.field.transports.framed import FramedTransport
from shared.field.transports.port import Transport
from shared.field.transports.pymodbus_framing import Ascii, Rtu
from shared.field.transports.tcp import TcpTransport
from shared.site.model import LineEntry


def open_transport(address: Address) -> Transport:
    """The transport of an address. Nothing is connected until the first request."""
    match address.framing:
        case "tcp" | "tls":
            return TcpTransport(TcpChannel(address))
        case "rtu" | "ascii":
            framing = Rtu() if address.framing == "rtu" else Ascii()
            return FramedTransport(SerialChannel(address), framing, quiet_s=address.quiet_s, resets=False)
        case "rtu+tcp" | "ascii+tcp":
            framing = Rtu() if address.framing == "rtu+tcp" else Ascii()
            return FramedTransport(TcpChannel(address), framing, quiet_s=address.quiet_s, resets=True)


def open_line(entry: LineEntry, transport_for: Callable[[Address], Transport] = open_transport) -> Transport:
    """The transport of a line of the site, with its backup when it has one."""
    primary = transport_for(parse_address(entry.address))
    if entry.backup is None:
        return primary
    rule = SwitchRule(entry.switch_after, entry.probe_every)
    return BackupTransport(entry.id, primary, transport_for(parse_address(entry.backup)), rule)
