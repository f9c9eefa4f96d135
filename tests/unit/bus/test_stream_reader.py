"""What a reader of the stream makes of the offsets that it sees."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from shared.bus.frames import Frame, encode_frame
from shared.bus.telemetry import OWN_OFFSETS_MAX, StreamPlace, StreamReader


class Channel:
    def __init__(self) -> None:
        self.acknowledged: list[int] = []

    def basic_ack(self, tag: int) -> None:
        self.acknowledged.append(tag)


def raw(offset: int, seq: int) -> Any:
    frame = Frame(
        source="flood/flood-1/s", trade="flood", area="a", epoch=1, seq=seq, sent_us=0, controllers=[]
    )  # fmt: skip
    return SimpleNamespace(headers={"x-stream-offset": offset}, body=encode_frame(frame), delivery_tag=offset)


@pytest.mark.parametrize(
    ("offsets", "read", "missed"),
    [
        ([8, 9, 10, 11], [10, 11], 0),  # a chunk begins before what was asked for
        ([10, 12, 13], [10, 12, 13], 0),  # the broker has numbered a note of its own
        ([11, 12], [11, 12], 0),
        ([10 + OWN_OFFSETS_MAX + 1, 62], [61, 62], 51),  # what came before was removed
        ([10, 500], [10, 500], 0),  # nothing is removed from the middle
    ],
)
def test_only_what_was_removed_is_missed(offsets: list[int], read: list[int], missed: int) -> None:
    seen: list[int] = []
    place = StreamPlace(10)
    reader = StreamReader("amqp://nowhere", "test", lambda: place, lambda _frame, offset: seen.append(offset))
    reader._opening = True
    channel = Channel()
    for seq, offset in enumerate(offsets, 1):
        reader._take(channel, place, raw(offset, seq))
    assert (read, missed) == (seen, place.missed)
    assert offsets == channel.acknowledged
    assert place.start == offsets[-1] + 1
