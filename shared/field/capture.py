"""Reads a live device once, by its profile's read plan, into a golden case."""

from __future__ import annotations

import time
from datetime import datetime

from shared.contracts.message import Scalar
from shared.errors import Unavailable
from shared.field.golden import CapturedBlock, Golden, decode_blocks
from shared.field.plan import Block, plan_reads
from shared.field.profile import Profile
from shared.field.transports import Transport, TransportError


def capture(
    transport: Transport,
    unit: int,
    profile: Profile,
    parameters: dict[str, Scalar],
    taken_at: datetime,
    *,
    source: str,
    checked_against: str,
) -> Golden:
    """One case with every block of the plan. Raises Unavailable when one cannot be read: half a case is none."""
    planned = [block for group in profile.poll_groups for block in plan_reads(profile, group)]
    blocks = tuple(
        CapturedBlock(
            table=block.table, address=block.address, count=block.count, raw=_read(transport, unit, profile, block)
        )
        for block in planned
    )
    return Golden(
        profile=profile.id,
        version=profile.version,
        parameters={name: value for name, value in parameters.items() if value is not None},
        taken_at=taken_at,
        source=source,
        checked_against=checked_against,
        blocks=blocks,
        readings=decode_blocks(profile, blocks),
    )


def _read(transport: Transport, unit: int, profile: Profile, block: Block) -> bytes:
    modbus = profile.modbus
    for attempt in range(modbus.read_retries + 1):
        time.sleep(modbus.request_gap)
        try:
            return transport.read(unit, block.table, block.address, block.count, modbus.timeout)
        except TransportError as error:
            if attempt == modbus.read_retries:
                raise Unavailable(
                    "block_unreadable",
                    unit=unit,
                    table=block.table,
                    first=block.address + modbus.address_base,
                    count=block.count,
                    reason=str(error) or error.quality,
                ) from error
    raise AssertionError("read_retries is at least 0")
