"""Bytes as a connection brings them -> frames. Never holds more than one frame's worth of bytes."""

from __future__ import annotations

from shared.errors import Malformed
from shared.field.adapters.sl651.frame import FRAME_MAX, HEAD, HEAD_SIZE, Frame, decode_frame, frame_size


class FrameStream:
    """Finds the frames among whatever else comes: split, merged, cut short, garbled.

    A frame that stands whole and sound behind one that is not whole proves that the first was cut off: it is taken,
    and the first is dropped.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.dropped = 0
        """Bytes that were in no frame."""

    @property
    def waiting(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole by these bytes, in order."""
        frames = []
        for start in range(0, len(data), FRAME_MAX):
            self._buffer += data[start : start + FRAME_MAX]
            while (found := self._next()) is not None:
                frames.append(found)
        return frames

    def _next(self) -> Frame | None:
        """The first sound frame; what may yet become one stays, and what cannot is dropped."""
        at, unfinished = 0, None
        while True:
            at = self._buffer.find(HEAD, at)
            if at < 0:
                break
            head = bytes(self._buffer[at : at + HEAD_SIZE])
            size = frame_size(head)
            if len(head) < HEAD_SIZE or (size is not None and len(self._buffer) - at < size):
                unfinished = at if unfinished is None else unfinished
            elif size is not None:
                try:
                    frame = decode_frame(bytes(self._buffer[at : at + size]))
                except Malformed:
                    pass
                else:
                    self._drop(at)
                    del self._buffer[:size]
                    return frame
            at += 1
        if unfinished is None:  # half a head may stand at the very end
            unfinished = len(self._buffer) - self._buffer.endswith(HEAD[:1])
        self._drop(unfinished)
        return None

    def _drop(self, count: int) -> None:
        self.dropped += count
        del self._buffer[:count]
