"""A faulty device and the transport of ours that asks it, for each framing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, get_args

from shared.field.address import Framing, parse_address
from shared.field.transports import Transport, open_transport
from tests.faults.device import Fault, FaultyDevice, Timing, on_tcp, on_terminal
from tests.faults.wire import FrameKind

Faulty = Literal["tcp", "rtu+tcp", "ascii+tcp", "rtu", "ascii"]
FRAMINGS: tuple[Faulty, ...] = get_args(Faulty)
KIND: dict[Framing, FrameKind] = {
    "tcp": "mbap", "tls": "mbap", "rtu": "rtu", "rtu+tcp": "rtu", "ascii": "ascii", "ascii+tcp": "ascii",
}  # fmt: skip
SERIAL = ("rtu", "ascii")

_ANYWHERE: tuple[Fault, ...] = (
    "late", "drop", "duplicate", "wrong_unit", "wrong_function", "wrong_length", "split", "truncated",
    "garbage_before", "garbage_after", "garbage", "exception",
)  # fmt: skip
_CONNECTED: tuple[Fault, ...] = ("very_late", "close", "close_in_frame")
FAULTS: dict[Faulty, tuple[Fault, ...]] = {
    "tcp": (*_ANYWHERE, *_CONNECTED, "wrong_transaction"),
    "rtu+tcp": (*_ANYWHERE, *_CONNECTED, "bad_check"),
    "ascii+tcp": (*_ANYWHERE, *_CONNECTED, "bad_check"),
    "rtu": (*_ANYWHERE, "bad_check"),
    "ascii": (*_ANYWHERE, "bad_check"),
}


def outcome_of(framing: Faulty, fault: Fault) -> str:
    """What a read becomes under each fault, when nothing else is wrong."""
    match fault:
        case "none" | "duplicate" | "split" | "garbage_after" | "close":
            return "good"  # a closed connection is opened anew, and the read asked once more
        case "garbage_before":
            return "bad.decode" if framing == "tcp" else "good"  # what has a checksum is found in the noise
        case "late" | "very_late" | "drop" | "wrong_transaction":
            return "bad.timeout"
        case "close_in_frame":
            return "bad.not_connected"
        case "exception":
            return "bad.exception(2)"
        case _:
            return "bad.decode"


@contextmanager
def rig(
    framing: Faulty, timing: Timing | None = None, *, quiet_ms: int | None = None, options: Sequence[str] = ()
) -> Iterator[tuple[FaultyDevice, Transport]]:
    device = FaultyDevice(KIND[framing], timing or Timing())
    options = [*options, *([] if quiet_ms is None or framing == "tcp" else [f"quiet_ms={quiet_ms}"])]
    if framing in SERIAL:
        with on_terminal(device) as path:
            yield from _opened(device, f"{framing}://{path}", ["baud=921600", *options])
    else:
        with on_tcp(device) as port:
            yield from _opened(device, f"{framing}://127.0.0.1:{port}", options)


def _opened(device: FaultyDevice, address: str, options: list[str]) -> Iterator[tuple[FaultyDevice, Transport]]:
    device.address = "?".join([address, "&".join(options)]).removesuffix("?")
    transport = open_transport(parse_address(device.address))
    try:
        yield device, transport
    finally:
        transport.close()
