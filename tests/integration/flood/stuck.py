"""Flood control on plain threads, whose pulse writes stop right before the first byte: what a kill there leaves behind.

Run as `python -m tests.integration.flood.stuck`; it creates the file `stuck` in DATA_DIR when a write has come so far.
"""

from __future__ import annotations

import threading
from pathlib import Path

from services.flood.settings import Settings
from services.flood.wiring import build
from shared.bus.entrypoints import Entrypoints
from shared.contracts.gateway import Operate
from shared.field.address import Address
from shared.field.profile import Table
from shared.field.transports import Transport, WriteFunction, open_transport


class StuckTransport:
    """Reads and moves the watchdog; a coil write never gets to the wire."""

    def __init__(self, inner: Transport, mark: Path) -> None:
        self._inner, self._mark = inner, mark

    def read(self, unit: int, table: Table, address: int, count: int, timeout_s: float) -> bytes:
        return self._inner.read(unit, table, address, count, timeout_s)

    def write(self, unit: int, function: WriteFunction, address: int, data: bytes, timeout_s: float) -> None:
        if function == 5:
            self._mark.touch()
            threading.Event().wait()
        self._inner.write(unit, function, address, data, timeout_s)

    def mask_write(self, unit: int, address: int, and_mask: int, or_mask: int, timeout_s: float) -> None:
        self._inner.mask_write(unit, address, and_mask, or_mask, timeout_s)

    def read_write(
        self, unit: int, read_address: int, count: int, write_address: int, data: bytes, timeout_s: float
    ) -> bytes:
        return self._inner.read_write(unit, read_address, count, write_address, data, timeout_s)

    def close(self) -> None:
        self._inner.close()


def main() -> None:
    settings = Settings.read()
    app = build(settings)

    def stuck(address: Address) -> Transport:
        return StuckTransport(open_transport(address), settings.data_dir / "stuck")

    app.owner.engine._transport_for = stuck
    app.start(
        Entrypoints(
            does={Operate: app.owner.operating.do_operate}, scanned=lambda _area, units: app.flood.on_scan(units)
        )
    )
    threading.Event().wait()


if __name__ == "__main__":
    main()
