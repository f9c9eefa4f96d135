"""A device by libmodbus, the C library: `python -m tests.integration.field.libmodbus_server tcp|DEVICE`.

Prints the port (or the device) when it listens. Register n of the holding table holds n * 3, of the input table
n * 5; coil n is set when n is even, discrete input n when n is a multiple of 3. Ends when its standard input does.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import threading

SIZE = 1000
_ADU_MAX = 260


class Mapping(ctypes.Structure):
    """`modbus_mapping_t` of libmodbus 3.1."""

    _fields_ = [
        ("nb_bits", ctypes.c_int), ("start_bits", ctypes.c_int),
        ("nb_input_bits", ctypes.c_int), ("start_input_bits", ctypes.c_int),
        ("nb_input_registers", ctypes.c_int), ("start_input_registers", ctypes.c_int),
        ("nb_registers", ctypes.c_int), ("start_registers", ctypes.c_int),
        ("tab_bits", ctypes.POINTER(ctypes.c_uint8)), ("tab_input_bits", ctypes.POINTER(ctypes.c_uint8)),
        ("tab_input_registers", ctypes.POINTER(ctypes.c_uint16)), ("tab_registers", ctypes.POINTER(ctypes.c_uint16)),
    ]  # fmt: skip


def main(where: str) -> None:
    library = ctypes.CDLL("libmodbus.so.5")
    for name in ("modbus_new_tcp", "modbus_new_rtu", "modbus_mapping_new"):
        getattr(library, name).restype = ctypes.c_void_p
    mapping = library.modbus_mapping_new(SIZE, SIZE, SIZE, SIZE)
    table = ctypes.cast(mapping, ctypes.POINTER(Mapping)).contents
    for at in range(SIZE):
        table.tab_bits[at], table.tab_input_bits[at] = at % 2 == 0, at % 3 == 0
        table.tab_registers[at], table.tab_input_registers[at] = at * 3, at * 5
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    if where == "tcp":
        context = ctypes.c_void_p(library.modbus_new_tcp(b"127.0.0.1", 0))
        listener = library.modbus_tcp_listen(context, 1)
        print(socket.socket(fileno=os.dup(listener)).getsockname()[1], flush=True)
        while library.modbus_tcp_accept(context, ctypes.byref(ctypes.c_int(listener))) >= 0:
            answer(library, context, mapping)
        return
    context = ctypes.c_void_p(library.modbus_new_rtu(where.encode(), 115200, b"N"[0], 8, 1))
    library.modbus_set_slave(context, 1)
    assert library.modbus_connect(context) == 0
    print(where, flush=True)
    while True:
        answer(library, context, mapping)


def answer(library: ctypes.CDLL, context: ctypes.c_void_p, mapping: int) -> None:
    """Until the connection ends."""
    request = (ctypes.c_uint8 * _ADU_MAX)()
    while (size := library.modbus_receive(context, request)) >= 0:
        if size:
            library.modbus_reply(context, request, size, ctypes.c_void_p(mapping))


if __name__ == "__main__":
    main(sys.argv[1])
