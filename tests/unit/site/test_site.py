"""Site files: refused whole, with every mistake and its line."""

from pathlib import Path

import pytest

from shared.documents import MalformedDocument
from shared.site import Site, load_site

GOOD = """\
site: site/v1
id: town
title: {zh: 镇, en: Town}
time_zone: Asia/Shanghai
variables: {host: 127.0.0.1, port: "1500"}
areas:
  - {id: town/east/one, name: {zh: 一, en: One}, outline: [[118, 39], [118.1, 39], [118, 39.1]]}
  - {id: town/east/two, name: {zh: 二, en: Two}, outline: [[118, 39], [118.1, 39], [118, 39.1]]}
assets:
  - {id: well, trade: flood, kind: underpass_pump_station, area: town/east/one, name: {zh: 井, en: Well},
     location: {lon: 118, lat: 39}}
  - {id: gauge, trade: flood, kind: rain_gauge, area: town/east/two, name: {zh: 尺, en: Gauge},
     location: {lon: 118, lat: 39}}
lines:
  - {id: one, address: "tcp://${host}:${port+2}"}
controllers:
  - {id: rtu, line: one, unit: 1, profile: drainage-pump-station, asset: well}
"""


def _load(folder: Path, text: str, variables: dict[str, str] | None = None) -> Site:
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    return load_site(folder, variables)


def test_variables_fill_addresses(tmp_path: Path) -> None:
    assert "tcp://127.0.0.1:1502" == _load(tmp_path, GOOD).lines_by_id["one"].address
    assert "tcp://rtu.local:502" == _load(tmp_path, GOOD, {"host": "rtu.local", "port": "500"}).lines[0].address


def test_a_variable_may_be_a_whole_address_that_names_others(tmp_path: Path) -> None:
    text = GOOD.replace('"1500"}', '"1500", whole: "tcp://${host}:${port+3}"}').replace(
        '"tcp://${host}:${port+2}"', '"${whole}"'
    )
    assert "tcp://127.0.0.1:1503" == _load(tmp_path, text).lines[0].address
    assert "rtu+tcp://rtu.local:4001" == _load(tmp_path, text, {"whole": "rtu+tcp://rtu.local:4001"}).lines[0].address


def test_the_demonstrations_river_gauge_can_be_reached_without_a_serial_line() -> None:
    folder = Path("infra/sites/tangshan")
    assert (
        "rtu:///dev/river?baud=9600&parity=N"
        == load_site(folder, {"field_serial": "/dev"}).lines_by_id["river"].address
    )
    moved = load_site(folder, {"river_line": "rtu+tcp://gauge:15026"})
    assert "rtu+tcp://gauge:15026" == moved.lines_by_id["river"].address


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("area: town/east/one, name: {zh: 井", "area: town/west/one, name: {zh: 井", 10, "an area of this file"),
        ("asset: well}", "asset: wall}", 17, "an asset of this file"),
        ("line: one,", "line: two,", 17, "a line of this file"),
        ("tcp://${host}", "tcp://${hosts}", 15, "there is no 'hosts'"),
        ("${port+2}", "${host+2}", 15, "a number behind '+'"),
        ('"tcp://${host}:${port+2}"', '"http://x"', 15, "tcp://host:port"),
        ("Asia/Shanghai", "Asia/Tangshan", 4, "IANA"),
        ("id: gauge", "id: well", 12, "an id of its own"),
        ("id: town/east/two", "id: city/east/two", 6, "areas of one city"),
        ("unit: 1", "unit: 300", 17, "255"),
        ("lat: 39}}\n  - {id: gauge", "lat: 93}}\n  - {id: gauge", 11, "90"),
        ("trade: flood, kind: rain", "trade: fire, kind: rain", 12, "flood"),
        (
            "asset: well}\n",
            "asset: well}\n  - {id: other, line: one, unit: 2, profile: rain-gauge, asset: gauge}\n",
            18,
            "one trade and one area",
        ),
        (
            "asset: well}\n",
            "asset: well}\n  - {id: other, line: one, unit: 1, profile: rain-gauge, asset: well}\n",
            18,
            "a unit id of its own",
        ),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, old: str, new: str, line: int, expected: str) -> None:
    assert old in GOOD
    with pytest.raises(MalformedDocument) as refused:
        _load(tmp_path, GOOD.replace(old, new, 1))
    told = str(refused.value.mistakes[0])
    assert told.startswith(f"{tmp_path / 'site.yaml'}:{line}: ")
    assert expected in told


def test_a_missing_file_is_one_clear_mistake(tmp_path: Path) -> None:
    with pytest.raises(MalformedDocument, match=r"site\.yaml:1: \(file\): a readable"):
        load_site(tmp_path)
