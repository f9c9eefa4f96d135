"""How a controller says no: the exception codes of the Modbus application protocol, V1.1b3, section 7."""

from __future__ import annotations

from enum import IntEnum


class ModbusException(IntEnum):
    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3


class WriteRefused(Exception):
    """The controller does not take this write; nothing of it was applied."""

    def __init__(self, code: ModbusException) -> None:
        self.code = code
        super().__init__(code.name)
