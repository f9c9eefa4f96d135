"""A farm of controllers that costs less than what is measured: one port, any number of connections, plain epoll.

Every connection is a controller of its own with 100 holding registers, all of which, or the first CHANGING of them,
change every second.

Run as `python -m tests.bench.farm PORT [CHANGING]`.
"""

from __future__ import annotations

import select
import socket
import struct
import sys
import time

REGISTERS = 100
BACKLOG = 4096
_U16 = 90
"""The first so many registers are u16 in 0-999, the rest five f32."""


def registers_at(second: int, changing: int = REGISTERS) -> bytes:
    """All registers in that second; none that changes has the value of the second before."""
    seconds = [second if at < changing else 0 for at in range(REGISTERS)]
    words = [(seconds[at] * 7 + at * 13) % 1000 for at in range(_U16)]
    floats = [1.5 + (seconds[_U16 + at] * 3 + at) % 100 / 8 for at in range((REGISTERS - _U16) // 2)]
    return struct.pack(f">{_U16}H{len(floats)}f", *words, *floats)


def main(port: int, changing: int) -> None:
    listener = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    listener.setblocking(False)
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    connections: dict[int, socket.socket] = {}
    second, data = -1, b""
    while True:
        for number, _events in poll.poll():
            if number == listener.fileno():
                connection, _ = listener.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                poll.register(connection, select.EPOLLIN)
                connections[connection.fileno()] = connection
                continue
            connection = connections[number]
            try:
                request = connection.recv(260)
                if request:
                    if second != (now := int(time.time())):
                        second, data = now, registers_at(now, changing)
                    connection.send(_answer(request, data))
                    continue
            except ConnectionError:  # a master that waited for too long begins anew
                pass
            del connections[number]
            connection.close()


def _answer(request: bytes, data: bytes) -> bytes:
    function, first, count = struct.unpack(">BHH", request[7:12])
    found = data[first * 2 : (first + count) * 2]
    body = bytes((3, count * 2)) + found if function == 3 else bytes((function | 0x80, 1))
    return request[:4] + struct.pack(">HB", len(body) + 1, request[6]) + body


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else REGISTERS)
