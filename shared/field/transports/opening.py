"""Which transport carries which address."""

from __future__ import annotations

from collections.abc import Callable

from shared.errors import Malformed
from shared.field.adapters.registry import load_adapter
from shared.field.address import Address, parse_address
from shared.field.transports.backup import BackupTransport, SwitchRule
from shared.field.transports.port import Transport
from shared.field.transports.tap import Tap
from shared.site.model import LineEntry


def open_transport(address: Address, tap: Tap | None = None) -> Transport:
    """The transport of an address. Nothing is connected until the first request. `tap` is told every byte.

    Raises Malformed for an address at which devices report instead of being asked.
    """
    adapter = load_adapter(address.adapter)
    if adapter.kind != "polling":
        raise Malformed("line_only_listens", given=str(address))
    return adapter.open(address, tap)


def open_line(entry: LineEntry, transport_for: Callable[[Address], Transport] = open_transport) -> Transport:
    """The transport of a line of the site, with its backup when it has one."""
    primary = transport_for(parse_address(entry.address))
    if entry.backup is None:
        return primary
    rule = SwitchRule(entry.switch_after, entry.probe_every)
    return BackupTransport(entry.id, primary, transport_for(parse_address(entry.backup)), rule)
