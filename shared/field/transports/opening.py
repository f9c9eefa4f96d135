"""Which transport carries which address."""

from __future__ import annotations

from collections.abc import Callable

from shared.field.address import Address, parse_address
from shared.field.transports.backup import BackupTransport, SwitchRule
from shared.field.transports.channel import Channel, SerialChannel, TcpChannel
from shared.field.transports.framed import FramedTransport
from shared.field.transports.port import Transport
from shared.field.transports.pymodbus_framing import Ascii, Rtu
from shared.field.transports.tap import Tap, TappedChannel
from shared.field.transports.tcp import TcpTransport
from shared.site.model import LineEntry


def open_transport(address: Address, tap: Tap | None = None) -> Transport:
    """The transport of an address. Nothing is connected until the first request. `tap` is told every byte."""
    channel: Channel = SerialChannel(address) if address.device else TcpChannel(address)
    if tap is not None:
        channel = TappedChannel(channel, tap)
    if address.framing in ("tcp", "tls"):
        return TcpTransport(channel)
    framing = Rtu() if address.framing.startswith("rtu") else Ascii()
    return FramedTransport(channel, framing, quiet_s=address.quiet_s, resets=not address.device)


def open_line(entry: LineEntry, transport_for: Callable[[Address], Transport] = open_transport) -> Transport:
    """The transport of a line of the site, with its backup when it has one."""
    primary = transport_for(parse_address(entry.address))
    if entry.backup is None:
        return primary
    rule = SwitchRule(entry.switch_after, entry.probe_every)
    return BackupTransport(entry.id, primary, transport_for(parse_address(entry.backup)), rule)
