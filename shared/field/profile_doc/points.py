"""The register tables: every point with the address as the profile, the wire and a technician's tool write it."""

from __future__ import annotations

from shared.field.profile import BIT_TABLES, Point, Profile, Shown, Table
from shared.field.profile_doc.sheet import Both, Cell, both, number
from shared.field.profile_doc.sheet import Table as DocumentTable

TABLES: dict[Table, tuple[Both, int]] = {
    "coil": (Both("线圈（0x，功能码1/5/15）", "Coils (0x, functions 1/5/15)"), 0),
    "discrete": (Both("离散输入（1x，功能码2）", "Discrete inputs (1x, function 2)"), 1),
    "input": (Both("输入寄存器（3x，功能码4）", "Input registers (3x, function 4)"), 3),
    "holding": (Both("保持寄存器（4x，功能码3/6/16）", "Holding registers (4x, functions 3/6/16)"), 4),
}
"""Each table's heading and the leading digit of the Modicon notation."""
_COLUMNS = (
    Both("名称", "Name"),
    Both("地址", "Address"),
    Both("Modicon（从1起）", "Modicon (1-based)"),
    Both("类型", "Type"),
    Both("字节/字序", "Byte/word order"),
    Both("系数 偏移", "Scale, offset"),
    Both("单位", "Unit"),
    Both("有效范围", "Valid range"),
    Both("无效码", "No-value codes"),
    Both("读写", "Access"),
    Both("轮询组", "Poll group"),
    Both("限值", "Limits"),
    Both("含义", "Meaning"),
)


def point_tables(profile: Profile) -> list[DocumentTable]:
    """One table a Modbus table, in the order of addresses."""
    return [
        DocumentTable(
            heading,
            _COLUMNS,
            tuple(
                _row(profile, name, point, digit)
                for name, point in sorted(
                    ((name, point) for name, point in profile.points.items() if point.table == table),
                    key=lambda entry: (entry[1].address, entry[1].bit or 0),
                )
            ),
        )
        for table, (heading, digit) in TABLES.items()
    ]


def reported_table(profile: Profile) -> DocumentTable:
    columns = (
        Both("名称", "Name"),
        Both("要素", "Elements"),
        Both("单位", "Unit"),
        Both("有效范围", "Valid range"),
        Both("上报组", "Reported in"),
        Both("限值", "Limits"),
        Both("含义", "Meaning"),
    )
    rows = tuple(
        (
            (both(point.title), name),
            ", ".join(point.elements),
            point.unit,
            f"{number(point.valid[0])} … {number(point.valid[1])}" if point.valid else "",
            point.poll,
            limits(point),
            labels(point),
        )
        for name, point in profile.reported.items()
    )
    return DocumentTable(Both("设备上报的点", "Points the device reports"), columns, rows)


def computed_table(profile: Profile) -> DocumentTable:
    columns = (Both("名称", "Name"), Both("单位", "Unit"), Both("限值", "Limits"), Both("含义", "Meaning"))
    rows = tuple(
        ((both(shown.title), name), shown.unit, limits(shown), labels(shown))
        for name, shown in profile.computed.items()
    )
    return DocumentTable(
        Both("平台计算的点（无寄存器）", "Points computed by the platform (no registers)"), columns, rows
    )


def modicon(digit: int, wire_address: int) -> str:
    """`40013` for holding register 12 on the wire; six digits where five do not reach (above 9999)."""
    number_from_1 = wire_address + 1
    return f"{digit}{number_from_1:04d}" if number_from_1 <= 9999 else f"{digit}{number_from_1:05d}"


def limits(shown: Shown) -> Cell:
    if shown.limits is None:
        return ""
    found = [(name, getattr(shown.limits, name)) for name in ("ll", "l", "h", "hh")]
    return tuple(f"{name} {number(value)}" for name, value in found if value is not None)


def labels(shown: Shown) -> Cell:
    return tuple(Both(f"{code} = {text.zh}", text.en) for code, text in (shown.labels or {}).items())


def _row(profile: Profile, name: str, point: Point, digit: int) -> tuple[Cell, ...]:
    wire = profile.wire_address(point)
    last = point.address + point.count - 1
    place = str(point.address) if last == point.address else f"{point.address}-{last}"
    if point.bit is not None:
        place += f".{point.bit}"
    scaled = (point.scale, point.offset) != (1.0, 0.0)
    return (
        (both(point.title), name),
        place,
        modicon(digit, wire),
        f"{point.type}({point.length})" if point.type == "string" else point.type,
        _order(profile, point),
        f"×{number(point.scale)}" + (f" {point.offset:+.12g}" if point.offset else "") if scaled else "",
        point.unit,
        f"{number(point.valid[0])} … {number(point.valid[1])}" if point.valid else "",
        ", ".join(f"{code:#x}" for code in point.nan),
        "RW" if point.access == "rw" else "R",
        point.poll,
        limits(point),
        labels(point),
    )


def _order(profile: Profile, point: Point) -> str:
    """`AB CD` as technicians write it: the letters of a number, the most significant first, as they lie on the wire."""
    if point.table in BIT_TABLES or point.type == "string":
        return ""
    codec = point.codec(profile.modbus)
    words = [chr(65 + 2 * at) + chr(66 + 2 * at) for at in range(point.count)]
    if codec.word_order == "little":
        words.reverse()
    return " ".join(word if codec.byte_order == "big" else word[::-1] for word in words)
