"""What lint finds, rule by rule, and that it finds nothing in what the house ships."""

from pathlib import Path

import pytest

from shared.documents import read_document
from shared.field.profile_lint import lint, without_accepted
from shared.field.profile_load import examples, unroll
from tests.unit.field.linting import T, commanded, found, measured, rules

HOLDING = "table: holding, poll: fast"
SHIPPED = sorted(Path("services").glob("*/profiles/*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_nothing_is_found_in_a_profile_of_the_house(path: Path) -> None:
    written = read_document(path)
    unrolled, profile = unroll(written, examples(written))
    found = without_accepted(lint(written, unrolled, profile), path.read_text(encoding="utf-8"))
    assert [] == [str(finding) for finding in found]


def test_a_finding_names_file_line_field_and_what_was_expected() -> None:
    told = found(
        "poll_groups: {fast: {every: 1s, stale_after: 5s}}\npoints:\n"
        f"  a: {{{HOLDING}, address: 0, type: u16, unit: kWh, {T}}}\n"
    )
    assert ["test.yaml:9: points.a.unit: a UCUM code, kW.h (given: 'kWh') [error: unit]"] == list(map(str, told))


OVERLAPS = [
    ("a word and a number across it", "type: u32, address: 0", "type: u16, address: 1", {("error", "overlap")}),
    ("the same number twice", "type: u16, address: 0", "type: u16, address: 0", {("warning", "overlap")}),
    (
        "the same register, other scale",
        "type: u16, address: 0",
        "type: u16, address: 0, scale: 0.1",
        {("error", "overlap")},
    ),
    ("a bit beside its word", "type: u16, address: 0", "type: bool, bit: 3, address: 0", set()),
    ("a bit of a double word", "type: bits32, address: 0", "type: bool, bit: 3, address: 1", set()),
    ("a bit of a float", "type: f32, address: 0", "type: bool, bit: 3, address: 0", {("error", "overlap")}),
    ("two bits of a word", "type: bool, bit: 2, address: 0", "type: bool, bit: 3, address: 0", set()),
    ("neighbours", "type: u32, address: 0", "type: u16, address: 2", set()),
    ("text and a number", "type: string, length: 8, address: 0", "type: u16, address: 3", {("error", "overlap")}),
]


@pytest.mark.parametrize(("a", "b", "expected"), [case[1:] for case in OVERLAPS], ids=[case[0] for case in OVERLAPS])
def test_overlaps(a: str, b: str, expected: set[tuple[str, str]]) -> None:
    found = measured(f"  a: {{{HOLDING}, {a}, {T}}}\n  b: {{{HOLDING}, {b}, {T}}}")
    assert expected == {(severity, rule) for severity, rule, _ in found}


POINTS = [
    (
        "a point longer than a read",
        "type: u64, address: 0",
        ", max_registers: 3",
        ("error", "block_limit", "points.a.type"),
    ),
    ("a unit that is none", "type: u16, address: 0, unit: foo", "", ("error", "unit", "points.a.unit")),
    ("a signed code", "type: i16, address: 0, nan: [-32768]", "", ("error", "nan", "points.a.nan")),
    ("a code too wide", "type: u16, address: 0, nan: [0x10000]", "", ("error", "nan", "points.a.nan")),
    ("a code of a float", "type: f32, address: 0, nan: [0x7FC00000]", "", ("error", "nan", "points.a.nan")),
    (
        "a label too wide",
        "type: bool, bit: 0, address: 0, labels: {2: {zh: 二, en: two}}",
        "",
        ("error", "labels", "points.a.labels"),
    ),
    (
        "valid beyond the registers",
        "type: u16, scale: 0.001, address: 0, valid: [0, 100]",
        "",
        ("warning", "range", "points.a.valid"),
    ),
    (
        "valid outside the registers",
        "type: u16, scale: 0.001, address: 0, valid: [70, 100]",
        "",
        ("error", "range", "points.a.valid"),
    ),
    ("valid upside down", "type: u16, address: 0, valid: [5, 1]", "", ("error", "range", "points.a.valid")),
    (
        "a limit outside valid",
        "type: u16, address: 0, valid: [0, 5], limits: {hh: 6}",
        "",
        ("error", "limit", "points.a.limits.hh"),
    ),
    (
        "a deadband over all",
        "type: u16, address: 0, valid: [0, 5], deadband: 5",
        "",
        ("warning", "deadband", "points.a.deadband"),
    ),
    (
        "forbidden upside down",
        "type: u16, address: 0",
        ", forbidden: [{table: holding, from: 9, to: 8}]",
        ("error", "forbidden", "modbus.forbidden.0"),
    ),
    ("written by nobody", "type: u16, address: 0, access: rw", "", ("warning", "unused", "points.a.access")),
    ("used by nobody", "type: u16, address: 0, history: none", "", ("warning", "unused", "points.a")),
]


@pytest.mark.parametrize(("point", "modbus", "expected"), [c[1:] for c in POINTS], ids=[c[0] for c in POINTS])
def test_points(point: str, modbus: str, expected: tuple[str, str, str]) -> None:
    assert {expected} == measured(f"  a: {{{HOLDING}, {point}, {T}}}", modbus=modbus)


def test_a_point_without_a_title_is_told() -> None:
    assert {("warning", "title", "points.a")} == measured(f"  a: {{{HOLDING}, address: 0, type: u16}}")


def test_groups_are_judged() -> None:
    assert {
        ("warning", "empty_group", "poll_groups.idle"),
        ("error", "stale", "poll_groups.idle.stale_after"),
        ("warning", "stale", "poll_groups.fast.stale_after"),
    } == rules(
        "poll_groups: {fast: {every: 1s, stale_after: 1.5s}, idle: {every: 9s, stale_after: 5s}}\n"
        f"points:\n  a: {{{HOLDING}, address: 0, type: u16, {T}}}\n"
    )


LEVEL = f"""  level: {{{HOLDING}, address: 0, type: i16, scale: 0.001, unit: m, valid: [0, 8], {T},
    limits: {{h: 3, hh: 4}}}}
  river: {{{HOLDING}, address: 1, type: u16, unit: mm, {T}}}
  run: {{table: discrete, address: 0, type: bool, poll: fast, {T}}}
  mode: {{{HOLDING}, address: 3, type: u16, kind: status, labels: {{1: {{zh: 一, en: one}}}}, {T}}}
  name: {{{HOLDING}, address: 4, type: string, length: 4, {T}}}
  beat: {{{HOLDING}, address: 9, type: u16, {T}}}"""
CONDITIONS = [
    ("within", "level >= level.hh", "", set()),
    ("beyond valid", "level > 9", "", {("error", "unreachable", "when")}),
    ("always", "level >= 0", "", {("error", "always", "when")}),
    ("by folding", "1 > 2", "", {("error", "unreachable", "when")}),
    ("contradictory", "level > level.hh and level < level.h", "", {("error", "unreachable", "when")}),
    ("contradictory switches", "run and not run", "", {("error", "unreachable", "when")}),
    (
        "contradictory in time",
        "changed_within(beat, 30s) and not changed_within(beat, 30s)",
        "",
        {("error", "unreachable", "when")},
    ),
    (
        "through another name",
        "level > river and river > 9",
        "",
        {("error", "unreachable", "when"), ("error", "unit_mismatch", "when")},
    ),
    ("one dead part", "run or level > 9", "", {("warning", "part_constant", "when")}),
    ("a chain", "3 < level < 2", "", {("error", "unreachable", "when")}),
    ("arithmetic", "level - 9 > 0", "", {("error", "unreachable", "when")}),
    ("hysteresis without end", "level > 3", ", hysteresis: 3.1", {("error", "never_ends", "hysteresis")}),
    ("hysteresis with an end", "level > 3", ", hysteresis: 3", set()),
    ("hysteresis for nothing", "run", ", hysteresis: 1", {("warning", "hysteresis", "hysteresis")}),
    ("hidden always", "level > 3", ", suppress_when: level > 2", {("error", "unreachable", "suppress_when")}),
    ("hidden never", "level > 3", ", suppress_when: level < 2", {("warning", "always", "suppress_when")}),
    ("hidden sometimes", "level > 3", ", suppress_when: level > 4", set()),
    ("unlike units", "level > river", "", {("error", "unit_mismatch", "when")}),
    ("unlike sums", "level + river > 5", "", {("error", "unit_mismatch", "when")}),
    ("unlike times", "age(level) > level", "", {("error", "unit_mismatch", "when")}),
    ("a code without a label", "mode == 2", "", {("warning", "labels", "when")}),
    ("text", "name == 2", "", {("error", "text", "when")}),
    ("a moment too short", "changed_within(beat, 1s)", "", {("warning", "moment", "when")}),
]


@pytest.mark.parametrize(("when", "more", "expected"), [c[1:] for c in CONDITIONS], ids=[c[0] for c in CONDITIONS])
def test_conditions(when: str, more: str, expected: set[tuple[str, str, str]]) -> None:
    texts = "title: {zh: 高, en: High}, action: {zh: 看, en: Look}"
    told = measured(LEVEL, f'conditions:\n  high: {{when: "{when}", priority: 2, {texts}{more}}}\n')
    assert expected == {(severity, rule, field.removeprefix("conditions.high.")) for severity, rule, field in told}


def test_a_condition_on_a_slow_group_is_told() -> None:
    texts = "title: {zh: 高, en: High}, action: {zh: 看, en: Look}"
    body = (
        "poll_groups: {slow: {every: 30s, stale_after: 90s}}\n"
        f"points:\n  level: {{table: input, address: 0, type: u16, poll: slow, {T}}}\n"
        "conditions:\n"
        f"  soon: {{when: level > 3, priority: 1, {texts}}}\n"
        f"  later: {{when: level > 3, priority: 1, on_delay: 60s, {texts}}}\n"
    )
    assert {("warning", "slow_group", "conditions.soon.when")} == rules(body)


SWITCH = f"""  pump_cmd: {{table: coil, address: 0, type: bool, access: rw, poll: fast, {T}}}
  pump_running: {{table: discrete, address: 0, type: bool, poll: fast, {T}}}
  siren: {{table: coil, address: 1, type: bool, access: rw, poll: fast, {T}}}
  start_level: {{table: holding, address: 0, type: u16, scale: 0.01, unit: m, valid: [0.5, 3.5], access: rw,
    poll: fast, {T}}}
  level: {{table: input, address: 0, type: u16, scale: 0.01, unit: m, valid: [0, 8], poll: fast, {T}}}
  flow: {{table: input, address: 1, type: u16, unit: L/s, poll: fast, {T}}}
  wide: {{table: holding, address: 2, type: u32, access: rw, poll: fast, {T}}}
  flag: {{table: holding, address: 9, type: bool, bit: 1, access: rw, poll: fast, {T}}}"""
PUMP = "point: pump_cmd, write: {value: true}"
RUNNING = "verify: {point: pump_running, expect: '== 1', within: 9s}"
ITSELF = "verify: {point: siren, expect: '== 1', within: 9s}"
SET = "point: start_level, write: {param: {min: 1, max: 3, step: 0.05}}"
LEVELLED = "verify: {point: level, tolerance: 0.01, within: 9s}"
COMMANDS = [
    ("a contact of its own", f"{PUMP}, {RUNNING}", set()),
    (
        "a switch that proves itself",
        f"{PUMP}, verify: {{point: pump_cmd, expect: '== 1', within: 9s}}",
        {("error", "own_register", "verify.point")},
    ),
    (
        "a pulse that proves itself",
        f"point: siren, write: {{value: true, style: pulse}}, {ITSELF}",
        {("error", "own_register", "verify.point")},
    ),
    (
        "a switch without any status",
        f"point: siren, write: {{value: true}}, {ITSELF}",
        {("warning", "own_register", "verify.point")},
    ),
    (
        "a set-point read back",
        f"{SET}, verify: {{point: start_level, tolerance: 0.01, within: 9s}}",
        {("warning", "own_register", "verify.point")},
    ),
    (
        "a proof in another unit",
        f"{SET}, verify: {{point: flow, tolerance: 0.01, within: 9s}}",
        {("error", "unit_mismatch", "verify.tolerance")},
    ),
    (
        "more than the register takes",
        f"point: start_level, write: {{param: {{min: 0, max: 3, step: 0.05}}}}, {LEVELLED}",
        {("error", "write", "write")},
    ),
    (
        "finer than the register",
        f"point: start_level, write: {{param: {{min: 1, max: 3, step: 0.001}}}}, {LEVELLED}",
        {("warning", "write", "write.param.step")},
    ),
    (
        "a proof that never comes",
        f"{PUMP}, verify: {{point: level, expect: '> 9', within: 9s}}",
        {("error", "unreachable", "verify.expect")},
    ),
    (
        "a proof that always is",
        f"{PUMP}, verify: {{point: level, expect: '>= 0', within: 9s}}",
        {("error", "always", "verify.expect")},
    ),
    (
        "a proof before the next poll",
        f"{PUMP}, verify: {{point: pump_running, expect: '== 1', within: 500ms}}",
        {("error", "proof_time", "verify.within")},
    ),
    (
        "an interlock that never holds",
        f"{PUMP}, require: [{{expr: level > 9, message: {{zh: 高, en: High}}}}], {RUNNING}",
        {("error", "unreachable", "require.0.expr")},
    ),
    (
        "an interlock that always holds",
        f"{PUMP}, require: [{{expr: level >= 0, message: {{zh: 高, en: High}}}}], {RUNNING}",
        {("warning", "always", "require.0.expr")},
    ),
    (
        "a coil by function 6",
        f"point: pump_cmd, write: {{value: true, function: 6}}, {RUNNING}",
        {("error", "function", "write.function")},
    ),
    (
        "two registers by function 6",
        "point: wide, write: {value: 7, function: 6}, verify: {point: flow, expect: '> 5', within: 9s}",
        {("error", "function", "write.function")},
    ),
]


@pytest.mark.parametrize(("command", "expected"), [case[1:] for case in COMMANDS], ids=[case[0] for case in COMMANDS])
def test_commands(command: str, expected: set[tuple[str, str, str]]) -> None:
    told = {(severity, rule, field) for severity, rule, field in commanded(SWITCH, command) if rule != "unused"}
    assert expected == {(severity, rule, field.removeprefix("commands.do.")) for severity, rule, field in told}


def test_commands_need_a_watchdog_and_an_identity() -> None:
    body = (
        f"  go: {{table: coil, address: 0, type: bool, access: rw, poll: fast, {T}}}\n"
        f"  going: {{table: discrete, address: 0, type: bool, poll: fast, {T}}}"
    )
    do = (
        "commands:\n  do: {title: {zh: 做, en: Do}, point: go, write: {value: true}, "
        "verify: {point: going, expect: '== 1', within: 9s}}\n"
    )
    assert {("error", "watchdog", "commands"), ("warning", "identity", "commands")} == measured(body, do)


def test_a_parameter_in_another_unit_is_told() -> None:
    level = f"  a: {{{HOLDING}, address: 0, type: u16, unit: m, limits: {{hh: '${{high}}'}}, {T}}}"
    more = "parameters: {high: {default: 3, unit: mm}, idle: {default: 1}}"
    assert {
        ("error", "unit_mismatch", "points.a.limits.hh"),
        ("warning", "unused", "parameters.idle"),
    } == measured(level, more)


def test_a_warning_is_accepted_with_a_reason_and_an_error_is_not() -> None:
    groups = "poll_groups: {fast: {every: 1s, stale_after: 5s}}\npoints:\n"
    bare = f"  a: {{{HOLDING}, address: 0, type: u16, unit: foo}}"
    both = {("error", "unit", "points.a.unit"), ("warning", "title", "points.a")}
    assert both == rules(f"{groups}{bare}")
    assert both == rules(f"{groups}{bare}  # lint accepts title:")
    assert both - {("warning", "title", "points.a")} == rules(f"{groups}{bare}  # lint accepts title, unit: no screen")
    assert both - {("warning", "title", "points.a")} == rules(f"{groups}  # lint accepts title: no screen\n{bare}")
