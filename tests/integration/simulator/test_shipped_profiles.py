"""Every profile of the house is served as a device, over a real socket, and read back by the field engine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.local.processes import free_ports
from infra.simulator.lines import Line
from infra.simulator.profiled.device import ProfileDevice
from shared.documents import read_document
from shared.field.address import parse_address
from shared.field.capture import capture
from shared.field.profile import Profile
from shared.field.profile_load import examples, resolve
from shared.field.transports import Transport, open_transport
from tests.waiting import eventually

SHIPPED = sorted(Path("services").glob("*/profiles/*.yaml"))
AT = datetime(2026, 7, 1, 12, tzinfo=UTC)


def load(path: Path) -> Profile:
    document = read_document(path)
    return resolve(document, examples(document))


PROFILES = {path.stem: profile for path in SHIPPED if (profile := load(path)).reports is None}
"""Of devices that are asked: one that reports has no registers to serve."""
UNITS = {name: unit for unit, name in enumerate(PROFILES, start=1)}


@pytest.fixture(scope="module")
def devices() -> dict[str, ProfileDevice]:
    """They stand still: their clock does."""
    return {name: ProfileDevice(UNITS[name], profile, lambda: 5.0) for name, profile in PROFILES.items()}


@pytest.fixture(scope="module")
def wire(devices: dict[str, ProfileDevice]) -> Iterator[Transport]:
    """One line with a device of every profile on it."""
    loop = asyncio.new_event_loop()
    running = threading.Thread(target=loop.run_forever)
    running.start()
    address = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    line = Line("all", address, list(devices.values()))
    asyncio.run_coroutine_threadsafe(line.open(), loop).result(10)
    transport = open_transport(parse_address(address))
    yield transport
    transport.close()
    asyncio.run_coroutine_threadsafe(line.close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    running.join()
    loop.close()


@pytest.mark.parametrize("name", UNITS)
def test_what_a_device_of_the_profile_holds_is_read(
    name: str, devices: dict[str, ProfileDevice], wire: Transport
) -> None:
    read = capture(wire, UNITS[name], PROFILES[name], {}, AT, source="", checked_against="").readings
    assert set(PROFILES[name].points) == set(read)
    for point, reading in read.items():
        held = devices[name].value(point)
        if PROFILES[name].points[point].type == "bits32" or point == "output_word":
            continue  # bits that have names of their own lie over it
        assert "good" == reading.quality, point
        resolution = PROFILES[name].points[point].scale
        assert reading.value == (held if isinstance(held, str) else pytest.approx(held, rel=1e-6, abs=abs(resolution)))


def test_one_bit_is_written_over_the_wire_by_function_22(devices: dict[str, ProfileDevice], wire: Transport) -> None:
    unit = UNITS["streetlight-cabinet-dtu"]
    wire.mask_write(unit, 110, 0xFFFF ^ 0b100, 0b100, 1.0)
    wire.mask_write(unit, 110, 0xFFFF ^ 0b10000, 0b10000, 1.0)
    assert b"\x00\x14" == wire.read(unit, "holding", 110, 1, 1.0)
    eventually(lambda: bool(devices["streetlight-cabinet-dtu"].value("c4_output")), 1)
