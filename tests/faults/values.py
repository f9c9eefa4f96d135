"""What the faulty device holds: every register and every bit tells where it stands."""

from __future__ import annotations

import random
from functools import cache

from shared.field.profile import Table

UNITS = range(1, 16)
ADDRESSES = 2048
_TABLE_BIT: dict[Table, int] = {"holding": 0, "input": 1, "coil": 0, "discrete": 1}


def registers(unit: int, table: Table, address: int, count: int) -> bytes:
    """Four bits of unit, one of table, eleven of address: no two registers of the device hold the same."""
    head = (unit & 15) << 12 | _TABLE_BIT[table] << 11
    return b"".join((head | (address + at) % ADDRESSES).to_bytes(2, "big") for at in range(count))


def bits(unit: int, table: Table, address: int, count: int) -> bytes:
    """Packed as on the wire. Random bits, the same ones each time: of 40 in a row no two runs are alike."""
    run = _pattern(unit, table) >> address % ADDRESSES & (1 << count) - 1
    return run.to_bytes((count + 7) // 8, "little")


@cache
def _pattern(unit: int, table: Table) -> int:
    half = random.Random(f"{unit}/{table}").getrandbits(ADDRESSES)
    return half << ADDRESSES | half
