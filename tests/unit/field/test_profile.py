"""Profiles: what is refused names file, line, field and what was expected."""

from pathlib import Path

import pytest
import yaml

from shared.documents import MalformedDocument, parse_document
from shared.field.profile_load import ProfileLibrary, resolve
from shared.site import load_site

HEAD = """\
profile: profile/v1
id: test
version: 1.0.0
trade: flood
title: {zh: 泵, en: Pump}
modbus: {address_base: 1}
parameters:
  pumps: {default: 2}
  code: {}
poll_groups:
  fast: {every: 1s, stale_after: 5s}
points:
  level: {table: input, address: 1, type: u16, poll: fast, limits: {hh: 3.8}}
  start: {table: coil, address: 1, type: bool, poll: fast, access: rw}
"""
LINES = len(HEAD.splitlines())


def _mistakes(more: str, head: str = HEAD) -> list[str]:
    with pytest.raises(MalformedDocument) as refused:
        resolve(parse_document(head + more, "pump.yaml"), {"code": 7})
    return [str(mistake) for mistake in refused.value.mistakes]


@pytest.mark.parametrize(
    ("more", "line", "field", "expected"),
    [
        ("  depth: {table: input, address: 2, type: u17, poll: fast}\n", 1, "points.depth.type", "u16"),
        ("  depth: {table: input, address: 2, type: u16, pol: fast}\n", 1, "points.depth.pol", "no such key"),
        ("  depth: {table: input, address: 2, type: u16, poll: slow}\n", 1, "points.depth.poll", "a poll group"),
        ("  depth: {table: coil, address: 2, type: u16, poll: fast}\n", 1, "points.depth", "single bits"),
        ("  depth: {table: input, address: 0, type: u16, poll: fast}\n", 1, "points.depth.address", "within 0-65535"),
        ("  level: {table: input, address: 2, type: u16, poll: fast}\n", 1, "points.level", "each key once"),
        ("  depth: {table: input, address: '${other}', type: u16, poll: fast}\n", 1, "points.depth.address", "'other'"),
        (
            (
                "conditions:\n  high: {when: level > level.h, priority: 1, "
                "title: {zh: 高, en: h}, action: {zh: 看, en: see}}\n"
            ),
            2,
            "conditions.high.when",
            "there is no level.h",
        ),
        (
            "conditions:\n  high: {when: flow > 3, priority: 5, title: {zh: 高, en: h}, action: {zh: 看, en: see}}\n",
            2,
            "conditions.high.priority",
            "1, 2, 3 or 4",
        ),
        (
            (
                "commands:\n  go: {title: {zh: 起, en: go}, point: level, write: {value: 1}, "
                'verify: {point: level, expect: "> 1", within: 5s}}\n'
            ),
            2,
            "commands.go.point",
            "access rw",
        ),
        (
            (
                "commands:\n  go: {title: {zh: 起, en: go}, point: start, "
                "write: {value: 1, param: {min: 0, max: 1, step: 1}}, "
                'verify: {point: level, expect: "> 1", within: 5s}}\n'
            ),
            2,
            "commands.go.write",
            "exactly one of value and param",
        ),
        (
            "commands:\n  go: {title: {zh: 起, en: go}, point: start, write: {value: 1}}\n",
            2,
            "commands.go.verify",
            "Field required",
        ),
    ],
)
def test_each_mistake_is_named(more: str, line: int, field: str, expected: str) -> None:
    told = [mistake for mistake in _mistakes(more) if mistake.startswith(f"pump.yaml:{LINES + line}: {field}: ")]
    assert 1 == len(told)
    assert expected in told[0]


def test_every_mistake_is_told_at_once() -> None:
    point = "address: 2, poll: fast"
    more = f"  a: {{table: input, type: u17, {point}}}\n  b: {{table: what, type: u16, {point}}}\n"
    assert 2 == len(_mistakes(more))


def test_repeat_unrolls_names_texts_and_addresses() -> None:
    block = (
        "repeat:\n"
        "  - name: n\n"
        '    count: "${pumps}"\n'
        "    points:\n"
        '      "pump{n}_current": {table: input, address: 21, step: 16, type: u16, poll: fast,'
        ' title: {zh: "{n}号泵", en: "Pump {n}"}}\n'
    )
    found = resolve(parse_document(HEAD + block, "pump.yaml"), {"code": 7, "pumps": 3})
    assert [21, 37, 53] == [found.points[f"pump{n}_current"].address for n in (1, 2, 3)]
    title = found.points["pump2_current"].title
    assert title is not None
    assert ("2号泵", "Pump 2") == (title.zh, title.en)


def test_a_mistake_in_a_repeated_block_is_told_where_it_is_written() -> None:
    block = (
        "repeat:\n"
        "  - name: n\n"
        "    count: 2\n"
        "    points:\n"
        '      "pump{n}_current": {table: input, address: 21, step: 16, type: u17, poll: fast}\n'
    )
    assert _mistakes(block)[0].startswith(f"pump.yaml:{LINES + 5}: points.pump1_current.type")


@pytest.mark.parametrize(("parameters", "expected"), [({}, "code"), ({"code": 1, "pump": 3}, "'pump'")])
def test_parameters_are_checked(parameters: dict[str, int], expected: str) -> None:
    with pytest.raises(MalformedDocument, match=expected):
        resolve(parse_document(HEAD, "pump.yaml"), parameters)


@pytest.mark.parametrize("text", ["", "- 1", "a: [", "profile: profile/v2", "a: 1\na: 2", "\t"])
def test_what_is_no_profile_is_refused(text: str) -> None:
    with pytest.raises(MalformedDocument):
        resolve(parse_document(text, "pump.yaml"), {})


@pytest.mark.parametrize("path", sorted(Path("services").glob("*/profiles/*.yaml")), ids=lambda path: path.stem)
def test_every_profile_of_the_house_is_sound(path: Path) -> None:
    library = ProfileLibrary(path.parent)
    declared = yaml.safe_load(path.read_text(encoding="utf-8")).get("parameters", {})
    needed = {name: 1 for name, entry in declared.items() if "default" not in entry}
    found = library.get(path.stem, needed)
    assert all(shown.title for shown in (*found.points.values(), *found.computed.values()))


def test_the_city_fits_its_profiles() -> None:
    site = load_site(Path("infra/sites/tangshan"))
    libraries = {
        trade: ProfileLibrary(Path("services") / trade / "profiles") for trade in {a.trade for a in site.assets}
    }
    for entry in site.controllers:
        profile = libraries[site.assets_by_id[entry.asset].trade].get(entry.profile, entry.parameters)
        assert set(entry.points) <= {*profile.points, *profile.computed}
        assert profile.watchdog or not profile.commands


def test_a_control_character_is_told_with_its_line() -> None:
    with pytest.raises(MalformedDocument, match=r"pump.yaml:2: \(document\): valid YAML: control characters"):
        parse_document("title: 泵\nid: \x1b\n", "pump.yaml")
