"""What function and exception codes are called (Modbus Application Protocol V1.1b3, 6 and 7), and what to look at."""

from __future__ import annotations

FUNCTIONS: dict[int, str] = {
    1: "read coils",
    2: "read discrete inputs",
    3: "read holding registers",
    4: "read input registers",
    5: "write one coil",
    6: "write one register",
    7: "read exception status",
    8: "diagnostics",
    15: "write coils",
    16: "write registers",
    17: "report server id",
    20: "read file record",
    21: "write file record",
    22: "mask write register",
    23: "read and write registers",
    24: "read FIFO queue",
    43: "read device identification",
}

EXCEPTIONS: dict[int, tuple[str, str]] = {
    1: ("illegal function", "the device does not know this function: try another table"),
    2: ("illegal data address", "the device has no such address: mind counting from 0 or 1, and read fewer at once"),
    3: ("illegal data value", "the count or the value is not allowed: read fewer at once, or mind the range"),
    4: ("server device failure", "the device failed while it did it: look at its display"),
    5: ("acknowledge", "it was accepted and takes a long time"),
    6: ("server device busy", "ask again later, or less often"),
    8: ("memory parity error", "the device's memory is at fault"),
    10: ("gateway path unavailable", "the gateway has no way to this unit: look at its table of units"),
    11: (
        "gateway target failed to respond",
        "the gateway is there, the device behind it is not: power, wiring, unit id",
    ),
}


def function_name(code: int) -> str:
    return FUNCTIONS.get(code & 0x7F, f"function {code & 0x7F}")


def exception_name(code: int) -> str:
    return EXCEPTIONS[code][0] if code in EXCEPTIONS else "not a standard code"


def exception_advice(code: int) -> str:
    return EXCEPTIONS[code][1] if code in EXCEPTIONS else "look it up in the device's manual"
