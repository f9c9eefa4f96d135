"""What stands in the cells of a register table, as vendors really write it. Each raises NotUnderstood."""

from __future__ import annotations

import re

from shared.field.profile import Table
from shared.field.register_table.vocabulary import orders, tables, types
from shared.field.registers import Order, RegisterType


class NotUnderstood(Exception):
    """A cell; the text says what was expected."""


_WIDER: dict[tuple[RegisterType, int], RegisterType] = {
    ("u16", 2): "u32", ("i16", 2): "i32", ("u16", 4): "u64", ("i16", 4): "i64", ("u32", 4): "u64", ("i32", 4): "i64",
    ("f32", 4): "f64",
}  # fmt: skip
_READS: dict[int, Table] = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
_WRITES = (5, 6, 15, 16)


def parse_type(text: str, registers: int | None) -> tuple[RegisterType, tuple[Order, Order] | None, int]:
    """Type, orders if the cell names them, and the length of a text. `registers` is how many the table says it has."""
    bare = re.sub(r"[\s_()\[\]-]+", "", text.lower())
    named = None
    match = re.search(r"(?<![a-z])(abcd|cdab|badc|dcba)$|(?<=[a-z0-9位点型数])(abcd|cdab|badc|dcba)$", bare)
    if match:
        named = orders()[match[0]]
        bare = bare[: match.start()]
    length = re.fullmatch(r"(string|ascii|char|字符串|字符)(\d+)", bare)
    found = types().get("string" if length else bare)
    if found is None:
        raise NotUnderstood("a data type like UINT16, INT32, FLOAT, BOOL, BCD or STRING(8)")
    if found == "string":
        chars = int(length[2]) if length else 2 * (registers or 0)
        if not 1 <= chars <= 240:
            raise NotUnderstood("a text with its length: STRING(8), or a column with the number of registers")
        return "string", named, chars
    if registers is not None:
        found = _WIDER.get((found, registers), found)
    return found, named, 0


def parse_order(text: str) -> tuple[Order, Order] | None:
    """Byte order, word order."""
    bare = re.sub(r"[\s_-]+", "", text.lower())
    if not bare or bare in ("-", "/"):
        return None
    if bare not in orders():
        raise NotUnderstood("an order like ABCD, CDAB, BADC or DCBA")
    return orders()[bare]


def parse_function(text: str) -> tuple[Table | None, bool]:
    """The table that the read function names, and whether a write function stands there: `03/06`, `0x03,0x10`."""
    codes = [int(code, 16) if "x" in code.lower() else int(code) for code in re.findall(r"0x[0-9a-fA-F]+|\d+", text)]
    known = [code for code in codes if code in _READS or code in _WRITES]
    if not codes or len(known) != len(codes):
        raise NotUnderstood("Modbus function codes: 1, 2, 3, 4, 5, 6, 15 or 16")
    reads = [_READS[code] for code in codes if code in _READS]
    writes = [code for code in codes if code in _WRITES]
    if not reads:
        reads = ["coil" if writes[0] in (5, 15) else "holding"]
    return reads[0], bool(writes)


def find_table(text: str) -> Table | None:
    """`保持寄存器`, `Holding register`, `4X`; None when the column says something else (many do)."""
    return tables().get(re.sub(r"[\s_()-]+", "", text.lower()))


def parse_access(text: str) -> bool:
    """True when it may be written."""
    bare = re.sub(r"[\s/,|&+-]+", "", text.lower())
    if bare in ("r", "ro", "只读", "读", "read", "readonly", "可读", "遥测", "遥信"):
        return False
    if bare in (
        "rw",
        "wr",
        "读写",
        "可读写",
        "可读可写",
        "readwrite",
        "w",
        "wo",
        "只写",
        "写",
        "write",
        "writeonly",
        "遥控",
        "遥调",
    ):
        return True
    raise NotUnderstood("R or RW (只读, 读写)")


def parse_scale(text: str, *, divides: bool) -> float:
    """`0.1`, `×0.1`, `/10`, `1/10`, `10^-1`, `0.1V`, `1位小数`. `divides`: a bare 10 means a ten-fold register."""
    bare = text.replace(" ", "").replace("×", "x").lower()
    if bare in ("", "-", "/", "无", "none"):
        return 1.0
    if match := re.fullmatch(r"(?:保留)?(\d)位?小数(?:位|点)?", bare):
        return 10.0 ** -int(match[1])
    if match := re.fullmatch(r"10\^?\(?(-\d)\)?", bare):
        return 10.0 ** int(match[1])
    match = re.fullmatch(r"(x|\*|/|÷|1/|1:)?(\d+(?:\.\d+)?(?:e-?\d+)?)(倍|[^\d.]*)", bare)
    if match is None or float(match[2]) == 0:
        raise NotUnderstood("a factor like 0.1, ×0.1, /10 or 1/10")
    number = float(match[2])
    through = match[1] in ("/", "÷", "1/", "1:") or (divides and match[1] is None and number > 1)
    return float(f"{1 / number if through else number:.12g}")


def parse_number(text: str) -> float:
    match = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)\D*", text.replace(" ", ""))
    if match is None:
        raise NotUnderstood("a number")
    return float(match[1])


def parse_range(text: str) -> tuple[float, float] | None:
    """`0~100`, `-40~85℃`, `0-100`, `[0, 100]`, `0...100`; None when it is no range of two numbers."""
    number = r"([+-]?\d+(?:\.\d+)?)"
    match = re.fullmatch(
        rf"\D*?{number}[^\d.+~-]*(?:~|-|,|\.{{2,}}|…|至|到|to){{1,3}}\s*{number}\D*", text.replace(" ", "")
    )
    if match is None:
        return None
    low, high = float(match[1]), float(match[2])
    return (low, high) if low < high else None


def find_labels(text: str) -> dict[int, str]:
    """`0:停止 1:运行`, `0=stop, 1=run`, `0-关；1-开`: two codes or more; else there are none."""
    pairs = re.findall(
        r"(?<![\d.])(\d{1,5})\s*[:=-]\s*([^\d\s,;:=、。][^,;\n]*?)(?=\s*(?:[,;、\n]|$|\s\d{1,5}\s*[:=-]))", text
    )
    labels = {int(code): label.strip() for code, label in pairs}
    return labels if len(labels) >= 2 else {}


def parse_codes(text: str) -> list[int]:
    """Raw codes for no value: `0x7FFF`, `32767, -32768`, `7FFFH`."""
    codes = []
    for part in filter(None, re.split(r"[\s,;/、]+", text)):
        if re.fullmatch(r"0x[0-9a-fA-F]+|[0-9][0-9a-fA-F]*[hH]", part):
            codes.append(int(part.rstrip("hH"), 16))
        elif re.fullmatch(r"-?\d+", part):
            codes.append(int(part))
        elif part not in ("-", "无"):
            raise NotUnderstood("codes like 0x7FFF or 32767")
    return codes
