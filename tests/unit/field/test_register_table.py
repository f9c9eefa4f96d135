"""Vendors' register tables, as they really are, become draft profiles or are told row by row."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from typer.testing import CliRunner

from shared.cli import profile
from shared.documents import MalformedDocument, parse_document
from shared.field.profile_lint import lint
from shared.field.profile_load import unroll
from shared.field.register_table import Draft, Wish, draft_profile
from shared.field.register_table.addresses import find_habit, parse_place
from shared.field.register_table.cells import (
    NotUnderstood,
    find_labels,
    parse_function,
    parse_range,
    parse_scale,
    parse_type,
)
from shared.field.register_table.headers import meaning_of
from shared.field.register_table.naming import name_point

RUN = CliRunner()
WISH = Wish("device", "water", "设备")
STATION = """XX泵站通讯点表,,,,,,,,
序号,名称,寄存器地址,数据类型,功能码,倍率,单位,读写,备注
一、模拟量,,,,,,,,
1,集水池水位,40001,INT16,03,0.01,m,R,
2,1号泵电流,40002,UINT16,03,0.1,A,只读,
3,瞬时流量,40003,FLOAT(CDAB),3,,m³/h,R,
4,累计流量,40005,UINT32,3,0.1,m3,R,
5,出口压力,40007,无符号整型,03,/1000,MPa,R,
6,设定液位,40020,UINT16,03/06,0.01,m,读写,
二、开关量,,,,,,,,
7,1#泵运行,10001,BIT,02,,,R,0:停止 1:运行
9,预留,10003,BIT,02,,,R,
10,1#泵启停,00001,BIT,01/05,,,RW,
"""
POINTS: dict[str, dict[str, Any]] = {
    "sump_level": {"table": "holding", "address": 1, "type": "i16", "scale": 0.01, "unit": "m"},
    "pump_1_current": {"table": "holding", "address": 2, "type": "u16", "scale": 0.1, "unit": "A"},
    "flow": {"table": "holding", "address": 3, "type": "f32", "word_order": "little", "unit": "m3/h"},
    "volume": {"table": "holding", "address": 5, "type": "u32", "scale": 0.1, "unit": "m3", "kind": "counter"},
    "outlet_pressure": {"table": "holding", "address": 7, "type": "u16", "scale": 0.001, "unit": "MPa"},
    "setpoint_level": {
        "table": "holding", "address": 20, "type": "u16", "scale": 0.01, "unit": "m", "kind": "setpoint",
        "access": "rw",
    },
    "pump_1_running": {"table": "discrete", "address": 1, "type": "bool", "kind": "status"},
    "pump_1_start_stop": {"table": "coil", "address": 1, "type": "bool", "kind": "status", "access": "rw"},
}  # fmt: skip


def drafted(path: Path, wish: Wish = WISH) -> tuple[Draft, dict[str, Any]]:
    """The draft, and its points without what every point has."""
    draft = draft_profile(path, wish)
    points = yaml.safe_load(draft.text)["points"] if draft.text else {}
    return draft, {
        name: {key: value for key, value in point.items() if key not in ("poll", "title", "labels")}
        for name, point in points.items()
    }


def errors(text: str) -> list[str]:
    document = parse_document(text, "draft")
    unrolled, made = unroll(document, {})
    return [str(finding) for finding in lint(document, unrolled, made) if finding.severity == "error"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_chinese_table_becomes_a_draft_in_any_encoding(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "station.csv"
    path.write_bytes(STATION.replace(",", delimiter).encode(encoding))
    draft, points = drafted(path)
    assert (POINTS, ()) == (points, draft.mistakes)
    assert [] == errors(draft.text)
    assert "TODO" not in draft.text


def workbook(path: Path, rows: list[list[object]], merged: str | None = None) -> Path:
    book = Workbook()
    cover, sheet = book.worksheets[0], book.create_sheet("点表")
    cover["A1"] = "说明"
    for row in rows:
        sheet.append(row)
    if merged:
        sheet.merge_cells(merged)
    book.save(path)
    return path


def test_a_workbook_with_a_cover_hexadecimal_addresses_and_merged_cells(tmp_path: Path) -> None:
    head = [
        "寄存器地址(HEX)",
        "参数名称",
        "英文名称",
        "数据类型",
        "寄存器个数",
        "功能码",
        "系数",
        "单位",
        "读写",
        "范围",
    ]
    rows: list[list[object]] = [
        ["智能路灯控制器 Modbus 协议"],
        [],
        [*head],
        ["0000", "A相电压", "Voltage A", "uint16", 1, "04", 0.1, "V", "只读", "0~300"],
        ["000A", "有功电能", "Energy", "uint", 2, None, 0.01, "kWh", "只读", ""],
        ["0010", "一回路接触器", "Circuit 1 contactor", "bit", 1, "01/05", "", "", "读写", "0:断开;1:闭合"],
        ["0030", "序列号", "Serial", "ASCII", 6, "03", "", "", "只读", ""],
        ["0040", "环境温度", "Ambient temperature", "int16", 1, "04", 0.1, "℃", "只读", "-40~85"],
    ]
    draft, points = drafted(workbook(tmp_path / "lamp.xlsx", rows, merged="F4:F5"))
    assert () == draft.mistakes
    assert {
        "voltage_a": {"table": "input", "address": 0, "type": "u16", "scale": 0.1, "unit": "V", "valid": [0, 300]},
        "energy": {"table": "input", "address": 10, "type": "u32", "scale": 0.01, "unit": "kW.h", "kind": "counter"},
        "circuit_1_contactor": {"table": "coil", "address": 16, "type": "bool", "kind": "status", "access": "rw"},
        "serial": {"table": "holding", "address": 48, "type": "string", "length": 12},
        "ambient_temperature": {
            "table": "input", "address": 64, "type": "i16", "scale": 0.1, "unit": "Cel", "valid": [-40, 85],
        },
    } == points  # fmt: skip
    assert {0: {"zh": "断开", "en": "断开"}, 1: {"zh": "闭合", "en": "闭合"}} == yaml.safe_load(draft.text)["points"][
        "circuit_1_contactor"
    ]["labels"]
    assert [] == errors(draft.text)


TANK: list[list[object]] = [
    ["Register", "Description", "Data Type", "Access", "Scale Factor", "Units", "Range"],
    [40001, "Tank level", "UINT16", "RO", "x0.01", "m", "0-10"],
    [40002, "Status word", "UINT16", "RO", None, None, None],
    ["40002.02", "Low alarm", "BOOL", "RO", None, None, None],
    [40002.1, "High alarm", "BOOL", "RO", None, None, None],
    [40003, "Flow", "FLOAT32", "RO", None, "gallops", None],
    [40004, "Total", "UINT32", "RO", None, "m3", None],
    ["D100", "PLC word", "UINT16", "RO", None, None, None],
    [40010, "Fill", "QWORD", "RO", None, None, None],
    [30011, "Lock", "UINT16", "RW", None, None, None],
    [None, "Orphan", "UINT16", "RW", None, None, None],
]


def test_every_row_that_is_not_understood_is_told_by_file_row_and_column(tmp_path: Path) -> None:
    path = workbook(tmp_path / "tank.xlsx", TANK)
    told = [str(mistake) for mistake in draft_profile(path, WISH).mistakes]
    fraction = "the bit as text (format the cell as text): a number cannot tell .1 from .10"
    assert [
        f"{path}:5: A Register: {fraction} (given: '40002.1')",
        f"{path}:6: F Units: a unit of measure like m, kPa, m3/h, ℃ or kWh (given: 'gallops')",
        f"{path}:7: (row) total: registers of its own: flow (f32) covers holding 3-4 too",
        f"{path}:8: A Register: an address like 40001 or 4x0001, as in the other rows (given: 'D100')",
        f"{path}:9: C Data Type: a data type like UINT16, INT32, FLOAT, BOOL, BCD or STRING(8) (given: 'QWORD')",
        f"{path}:10: D Access: read only: nobody can write to input (given: 'RW')",
        f"{path}:11: A Register: an address like 40001 or 4x0001, as in the other rows (given: '')",
    ] == told


def invoke(*arguments: str) -> tuple[int, str]:
    done = RUN.invoke(profile.app, ["import", *arguments])
    return done.exit_code, done.output


def test_nothing_is_written_while_rows_are_wrong_unless_it_is_wished(tmp_path: Path) -> None:
    table, out = str(workbook(tmp_path / "tank.xlsx", TANK)), tmp_path / "tank.yaml"
    code, told = invoke(table, "--trade", "transit", "--output", str(out))
    assert (1, False) == (code, out.exists())
    assert "7 mistakes; nothing was written" in told
    code, told = invoke(table, "--trade", "transit", "--output", str(out), "--keep-going")
    assert (0, f"{out}: 4 points, 1 marked to check, 7 rows told above") == (code, told.splitlines()[-1])
    assert [] == errors(out.read_text(encoding="utf-8"))
    assert "# 核对 check: F Units: gallops" in out.read_text(encoding="utf-8")


def test_a_draft_never_replaces_a_file(tmp_path: Path) -> None:
    table, out = tmp_path / "station.csv", tmp_path / "mine.yaml"
    table.write_text(STATION, encoding="utf-8")
    out.write_text("mine", encoding="utf-8")
    assert 2 == invoke(str(table), "--trade", "flood", "--output", str(out))[0]
    assert "mine" == out.read_text(encoding="utf-8")


def test_what_the_table_does_not_say_is_asked_or_marked(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("地址,名称,倍率\n1,水位,10\n2,神秘量,\n", encoding="utf-8")
    draft = draft_profile(path, WISH)
    assert ["--table for all" in mistake.expected for mistake in draft.mistakes] == [True, True]
    draft, points = drafted(path, Wish("device", "water", "设备", table="input"))
    assert {"table": "input", "address": 1, "type": "u16", "scale": 10} == points["level"]
    assert "input_2" in points
    for mark in ("count from 0 or 1", "multiply (assumed) or divide", "no data type is given", "could not be made"):
        assert mark in draft.text
    _, from_one = drafted(path, Wish("device", "water", "设备", table="input", addresses="one"))
    assert points == from_one
    assert (
        "address_base: 1" in draft_profile(path, Wish("device", "water", "设备", table="input", addresses="one")).text
    )


BAD_FILES = [
    (b"", "headings"),
    (b"a,b\n1,2\n", "headings for the address"),
    (b"\xd0\xcf\x11\xe0rest", "old XLS"),
    (b"PK\x03\x04rest", "can be opened"),
    (b"\xff\x81\x00,\x80\n", "UTF-8 or GB18030"),
    ("地址,名称\n".encode(), "rows with points"),
]


@pytest.mark.parametrize(("raw", "expected"), BAD_FILES)
def test_a_file_without_a_table_is_refused_with_a_sentence(tmp_path: Path, raw: bytes, expected: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(raw)
    try:
        told = [str(mistake) for mistake in draft_profile(path, WISH).mistakes]
    except MalformedDocument as error:
        told = [str(mistake) for mistake in error.mistakes]
    assert any(expected in each for each in told), told


ADDRESSES = [
    (["40001", "40002"], "40012", "modicon", (12, "holding", None)),
    (["400001", "300002"], "465536", "modicon", (65536, "holding", None)),
    (["4x0001", "0x0003"], "0x0003", "modicon", (3, "coil", None)),
    (["0x0010", "0x0011"], "0x00FF", "zero", (255, None, None)),
    (["10H", "1FH"], "0AH", "zero", (10, None, None)),
    (["0", "1"], "7.3", "zero", (7, None, 3)),
    (["40001", "40002"], "40002.bit5", "modicon", (2, "holding", 5)),
    (["40001", "40003"], "40003~40004", "modicon", (3, "holding", None)),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text", "notation", "place"), ADDRESSES)
def test_addresses_are_read_as_the_column_writes_them(
    column: list[str], text: str, notation: str, place: tuple[int, str | None, int | None]
) -> None:
    habit = find_habit(column, "地址")
    found = parse_place(text, habit)
    assert (notation, place) == (habit.notation, (found.number, found.table, found.bit))


def test_what_cells_say() -> None:
    assert ("f32", ("big", "little"), 0) == parse_type("Float CD AB", None)
    assert ("i32", None, 0) == parse_type("int", 2)
    assert ("string", None, 8) == parse_type("STRING(8)", None)
    assert [0.1, 0.1, 0.01, 0.1, 0.001, 10.0, 1.0] == [
        parse_scale(text, divides=False) for text in ("0.1", "×0.1", "/100", "1位小数", "10^-3", "10", "-")
    ]
    assert 0.1 == parse_scale("10", divides=True)
    assert [("holding", True), ("input", False), ("coil", True), ("holding", True)] == [
        parse_function(text) for text in ("03/06", "0x04", "5", "03,16")
    ]
    ranges = [parse_range(text) for text in ("0~100", "-40-85℃", "[0, 10]", "见附表")]
    assert [(0, 100), (-40, 85), (0, 10), None] == ranges
    assert {0: "stop", 1: "run"} == find_labels("0=stop, 1=run")
    assert {} == find_labels("0~100")
    assert ["address", "address", "scale", "name", None] == [
        meaning_of(text) for text in ("寄存器地址(HEX)", "Reg. Address", "倍率", "参数名称/Name", "序号")
    ]
    assert [("tank_level", True), ("pump_2_running", True), ("x_9", False)] == [
        name_point("", "Tank Level (m)", "x"), name_point("2号泵运行", "", "x"), name_point("玄学", "", "x_9"),
    ]  # fmt: skip
    for wrong in ("ten", "0"):
        with pytest.raises(NotUnderstood):
            parse_scale(wrong, divides=False)


cells = st.sampled_from(
    [
        "", "0", "1", "40001", "40002.3", "30001", "0x10", "UINT16", "FLOAT CDAB", "BIT", "STRING(4)", "int32", "0.1",
        "/10", "03/06", "04", "01", "R", "RW", "m3/h", "℃", "0~100", "-40~85", "0:停 1:开", "水位", "Tank level",
        "pump's \"A\" {x}: #1", "预留", "65535", "99999", "0x7FFF",
    ]
) | st.text(max_size=6)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(cells, min_size=9, max_size=9), max_size=6))
def test_whatever_is_in_a_table_the_draft_lints_without_errors(rows: list[list[str]]) -> None:
    head = ["地址", "名称", "数据类型", "功能码", "倍率", "单位", "读写", "范围", "无效值"]
    text = io.StringIO()
    csv.writer(text).writerows([head, *rows])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_text(text.getvalue(), encoding="utf-8")
        try:
            draft = draft_profile(path, WISH)
        except MalformedDocument:
            return
    if draft.text:
        assert [] == errors(draft.text)
