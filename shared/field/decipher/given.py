"""Raw registers as people paste them: hexadecimal or decimal words, a run of bytes, or a whole answer frame."""

from __future__ import annotations

import re
from typing import Literal

from shared.errors import Malformed

Notation = Literal["auto", "hex", "decimal"]

_READS = (3, 4, 23)
"""Functions whose answers carry registers (Modbus V1.1b3, 6.3, 6.4, 6.17)."""
_MBAP = 7


def parse_registers(text: str, notation: Notation = "auto") -> tuple[int, ...]:
    """The words of `4048 F5C3`, `0x4048, 0xF5C3`, `16456 62915`, `40 48 F5 C3`, or of a Modbus TCP or RTU answer.

    Plain digits are decimal unless they look like words of four hexadecimal digits or `notation` says so. Raises
    Malformed, naming the part that is not understood.
    """
    parts = [part for part in re.split(r"[\s,;:]+", text.strip()) if part]
    if not parts:
        raise Malformed("raw_registers_malformed", given=text, expected="registers or a frame")
    marked = any(part.lower().startswith("0x") for part in parts)
    digits = [part[2:] if part.lower().startswith("0x") else part for part in parts]
    if notation == "decimal" or (notation == "auto" and not marked and _is_decimal(digits)):
        return tuple(_decimal(part) for part in digits)
    for part in digits:
        if not re.fullmatch(r"[0-9A-Fa-f]+", part):
            raise Malformed("raw_registers_malformed", given=part, expected="hexadecimal digits")
    if all(len(part) <= 2 for part in digits) and len(digits) > 1:
        return _words(bytes(int(part, 16) for part in digits))
    if all(len(part) <= 4 for part in digits) and not (len(digits) == 1 and len(digits[0]) > 4):
        return _frame_or(digits)
    joined = "".join(digits)
    if len(joined) % 2:
        raise Malformed("raw_registers_malformed", given=joined, expected="two hexadecimal digits a byte")
    return _words(bytes.fromhex(joined))


def _is_decimal(digits: list[str]) -> bool:
    """Groups of two digits are bytes, a long run is a frame, and four digits with a leading zero are hexadecimal."""
    pairs = len(digits) > 1 and all(len(part) == 2 for part in digits)
    padded = any(len(part) == 4 and part[0] == "0" for part in digits)
    return not pairs and not padded and all(re.fullmatch(r"-?\d{1,5}", part) for part in digits)


def _decimal(part: str) -> int:
    if not re.fullmatch(r"-?\d+", part) or not -32768 <= int(part) <= 65535:
        raise Malformed("raw_registers_malformed", given=part, expected="a word, -32768 to 65535")
    return int(part) % 65536


def _frame_or(digits: list[str]) -> tuple[int, ...]:
    """Groups of up to four digits are words, unless together they are exactly a frame."""
    if all(len(part) == 4 for part in digits):
        raw = bytes.fromhex("".join(digits))
        if _is_tcp(raw):
            return _words(raw)
    return tuple(int(part, 16) for part in digits)


def _words(raw: bytes) -> tuple[int, ...]:
    if _is_tcp(raw):
        return _of_answer(raw[_MBAP], raw[_MBAP + 1 :])
    if len(raw) >= 5 and crc16(raw[:-2]) == int.from_bytes(raw[-2:], "little"):
        return _of_answer(raw[1], raw[2:-2])
    if len(raw) >= 5 and raw[1] in _READS and raw[2] == len(raw) - 5:
        wanted = crc16(raw[:-2]).to_bytes(2, "little").hex()
        raise Malformed(
            "raw_registers_malformed", given=raw[-2:].hex(), expected=f"the checksum {wanted} of an RTU frame"
        )
    if len(raw) % 2:
        raise Malformed("raw_registers_malformed", given=raw.hex(), expected="two bytes a register, or a whole frame")
    return tuple(int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2))


def _is_tcp(raw: bytes) -> bool:
    """A Modbus TCP header says protocol 0 and how many bytes follow (Messaging on TCP/IP V1.0b, 3.1.3)."""
    return len(raw) > _MBAP + 1 and raw[2:4] == b"\0\0" and int.from_bytes(raw[4:6], "big") == len(raw) - 6


def _of_answer(function: int, body: bytes) -> tuple[int, ...]:
    if function & 0x80:
        code = body[0] if body else 0
        raise Malformed("raw_registers_malformed", given=f"exception {code}", expected="an answer with registers")
    if function not in _READS:
        raise Malformed(
            "raw_registers_malformed", given=f"function {function}", expected="an answer to function 3, 4 or 23"
        )
    if not body or body[0] != len(body) - 1 or body[0] % 2 or body[0] == 0:
        raise Malformed("raw_registers_malformed", given=body.hex(), expected="an answer, not a request")
    return tuple(int.from_bytes(body[at : at + 2], "big") for at in range(1, len(body), 2))


def crc16(raw: bytes) -> int:
    """The checksum of RTU frames: polynomial 0xA001 reflected, from 0xFFFF (Modbus over Serial Line V1.02, 6.2.2)."""
    crc = 0xFFFF
    for byte in raw:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc
