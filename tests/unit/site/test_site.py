"""Site files: refused whole, with every mistake and its line."""

import re
from pathlib import Path

import pytest
import trustme

from shared.documents import MalformedDocument
from shared.field.address import parse_address
from shared.site import ALL_TRADES, Site, load_site

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


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("[[0, 0]]", "at least two pairs"),
        ("[[0.1, 1], [0.2, 2]]", "the first of them [0, 0]"),
        ("[[0, 0], [0.1, 3], [0.1, 4]]", "both grow"),
        ("[[0, 0], [0.1, 3], [0.2, 2]]", "both grow"),
        ("[[0, 0], [0.1]]", "depth_volume"),
    ],
)
def test_a_table_of_depth_and_volume_grows_from_nothing(tmp_path: Path, table: str, expected: str) -> None:
    given = GOOD.replace("name: {zh: 井, en: Well},", f"name: {{zh: 井, en: Well}}, depth_volume: {table},")
    with pytest.raises(MalformedDocument, match=re.escape(expected)):
        _load(tmp_path, given)
    good = GOOD.replace("en: Well},", "en: Well}, depth_volume: [[0, 0], [0.1, 3.5]],")
    assert ((0, 0), (0.1, 3.5)) == _load(tmp_path, good).assets_by_id["well"].depth_volume


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
        ('"tcp://${host}:${port+2}"', '"http://x"', 15, "tcp://host:502"),
        ('"tcp://${host}:${port+2}"', '"udp://x:502"', 15, "there is no connection"),
        ('"tcp://${host}:${port+2}"', '"rtu:///dev/ttyS0?parity=X"', 15, "parity should be: N | E | O"),
        ('port+2}"}', 'port+2}", backup: "udp://x"}', 15, "lines.0.backup: Modbus over UDP"),
        ('port+2}"}', 'port+2}", backup: "tcp://${there}"}', 15, "there is no 'there'"),
        ('port+2}"}', 'port+2}", backup: "tcp://127.0.0.1:1502"}', 15, "another address than the primary"),
        ('port+2}"}', 'port+2}", backup: "tcp://b", probe_every: soon}', 15, "300ms, 10s, 5m or 2h"),
        ('port+2}"}', 'port+2}", backup: "tcp://b", switch_after: 0}', 15, "greater than or equal to 1"),
        (
            'port+2}"}',
            'port+2}", backup: "rtu:///dev/ttyS0"}\n  - {id: two, address: "rtu:///dev/ttyS0?baud=300"}',
            16,
            "a serial device of its own: /dev/ttyS0 is that of line one",
        ),
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


def test_a_line_may_have_a_backup(tmp_path: Path) -> None:
    text = GOOD.replace('port+2}"}', 'port+2}", backup: "tcp://${host}:${port+3}", switch_after: 5, probe_every: 2m}')
    line = _load(tmp_path, text).lines_by_id["one"]
    assert ("tcp://127.0.0.1:1502", "tcp://127.0.0.1:1503") == line.addresses
    assert (5, 120.0) == (line.switch_after, line.probe_every)
    plain = _load(tmp_path, GOOD).lines_by_id["one"]
    assert (("tcp://127.0.0.1:1502",), 3, 30.0) == (plain.addresses, plain.switch_after, plain.probe_every)


TLS = GOOD.replace(
    '"tcp://${host}:${port+2}"', '"tls://${host}?ca=keys/ca.pem&certificate=keys/me.pem&key=keys/me.key"'
)


def _keys(folder: Path) -> None:
    authority = trustme.CA()
    own = authority.issue_cert("master.town")
    (folder / "keys").mkdir()
    authority.cert_pem.write_to_path(folder / "keys/ca.pem")
    own.cert_chain_pems[0].write_to_path(folder / "keys/me.pem")
    own.private_key_pem.write_to_path(folder / "keys/me.key")


def test_key_files_are_taken_from_the_sites_folder(tmp_path: Path) -> None:
    _keys(tmp_path)
    (tmp_path / "site.yaml").write_text(TLS, encoding="utf-8")
    address = parse_address(load_site(tmp_path, keys_of="flood").lines[0].address)
    assert (tmp_path / "keys/ca.pem", tmp_path / "keys/me.key") == (address.ca, address.key)


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("ca.pem", None, "ca: PEM certificates of authorities that can be read (No such file or directory: "),
        ("me.pem", None, "certificate: a PEM certificate that can be read (No such file"),
        ("me.key", None, "key: a PEM private key that can be read (No such file"),
        ("ca.pem", "no PEM", "PEM files that fit together"),
        ("me.key", "no PEM", "PEM files that fit together"),
        ("me.key", trustme.CA().private_key_pem.bytes().decode(), "PEM files that fit together"),
    ],
)
@pytest.mark.parametrize("keys_of", ["flood", ALL_TRADES])
def test_a_key_file_that_is_missing_or_does_not_fit_is_a_mistake_of_its_line(
    tmp_path: Path, file: str, text: str | None, expected: str, keys_of: str
) -> None:
    _keys(tmp_path)
    (tmp_path / "keys" / file).unlink()
    if text is not None:
        (tmp_path / "keys" / file).write_text(text)
    (tmp_path / "site.yaml").write_text(TLS, encoding="utf-8")
    with pytest.raises(MalformedDocument) as refused:
        load_site(tmp_path, keys_of=keys_of)
    told = str(refused.value.mistakes[0])
    assert told.startswith(f"{tmp_path / 'site.yaml'}:15: lines.0.address: ")
    assert expected in told


@pytest.mark.parametrize("keys_of", [None, "water"])
def test_who_does_not_open_a_line_needs_none_of_its_keys(tmp_path: Path, keys_of: str | None) -> None:
    (tmp_path / "site.yaml").write_text(TLS, encoding="utf-8")
    assert "one" == load_site(tmp_path, keys_of=keys_of).lines[0].id
