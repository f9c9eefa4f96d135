"""The body of the fuzz job: atheris feeds the frame decoders until its time is up. A process of its own.

`python -m tests.soak.fuzz_frames SECONDS`; libFuzzer's exit code, and its crash file when an input was found.
"""

from __future__ import annotations

import sys
from datetime import UTC

import atheris

with atheris.instrument_imports(include=["shared.field.transports", "shared.field.adapters"]):
    from shared.field.adapters.port import Arrival, Unread
    from shared.field.adapters.sl651.adapter import ADAPTER
    from shared.field.adapters.sl651.frame import FRAME_MAX, Frame, encode_frame
    from shared.field.transports.asking import AskingTransport
    from shared.field.transports.framed import FramedTransport
    from shared.field.transports.port import DeviceException, TransportError
    from shared.field.transports.pymodbus_framing import Ascii, Rtu
    from shared.field.transports.tcp import TcpTransport

from tests.faults.device import respond
from tests.faults.wire import FrameKind, frame
from tests.unit.field.test_frames import QUESTIONS, FedChannel

UNIT = 7
KINDS: tuple[FrameKind, ...] = ("mbap", "rtu", "ascii")


def try_input(data: bytes) -> None:
    """The first bytes choose who hears it, framing, question, cuts and what is laid before and after; the rest is what
    came."""
    provider = atheris.FuzzedDataProvider(data)
    if provider.ConsumeBool():
        hear(provider)
    else:
        ask(provider)


def hear(provider: atheris.FuzzedDataProvider) -> None:
    """Bytes of a station, and a frame whose text they are."""
    session = ADAPTER.session(UTC)
    function = provider.ConsumeIntInRange(0x2F, 0x36)
    cut = provider.ConsumeIntInRange(0, 2048)
    came = provider.ConsumeBytes(2048)
    framed = Frame(direction="up", centre=1, station="0012345678", password=0, function=function, text=came)
    for piece in (came[:cut], came[cut:], encode_frame(framed)):
        for arrival in session.feed(piece):
            assert isinstance(arrival, Arrival | Unread)
        assert session.waiting <= FRAME_MAX


def ask(provider: atheris.FuzzedDataProvider) -> None:
    kind = KINDS[provider.ConsumeIntInRange(0, len(KINDS) - 1)]
    question = QUESTIONS[provider.ConsumeIntInRange(0, len(QUESTIONS) - 1)]
    with_answer = provider.ConsumeBool()
    sizes = [provider.ConsumeIntInRange(1, 64) for _ in range(provider.ConsumeIntInRange(0, 16))]
    came = provider.ConsumeBytes(2048)
    if with_answer:
        came += frame(kind, 1, UNIT, respond(UNIT, question.pdu))
    channel = FedChannel(came, sizes)
    transport: AskingTransport = (
        TcpTransport(channel)
        if kind == "mbap"
        else FramedTransport(channel, Rtu() if kind == "rtu" else Ascii(), quiet_s=0.0, resets=True)
    )
    try:
        answer = transport._ask(UNIT, question, 60.0)
    except DeviceException:
        pass
    except TransportError:
        assert channel.closed, "after an error the connection is closed"
    else:
        assert len(question.head) + len(answer) == question.answer_size
    if isinstance(transport, TcpTransport):
        assert len(transport._buffer) <= 4096 + 260


if __name__ == "__main__":
    options = [f"-max_total_time={sys.argv[1]}", "-timeout=10", "-rss_limit_mb=1024", "-max_len=2200", *sys.argv[2:]]
    atheris.Setup([sys.argv[0], *options], try_input)
    atheris.Fuzz()
