"""`urbanops field read | scan | trace` over real sockets and pseudo-terminals, at devices that misbehave."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from infra.local.processes import LOOPBACK, free_ports
from shared.cli import field
from tests.faults.device import Fault, FaultyDevice
from tests.faults.rig import FRAMINGS, Faulty, rig
from tests.faults.values import registers
from tests.faults.wire import crc16
from tests.unit.field.loads import meter

RUN = CliRunner()


def run(*words: str) -> Result:
    return RUN.invoke(field.app, list(words))


def profile_file(folder: Path) -> Path:
    profile = meter("1s", {"timeout": "200ms", "read_retries": 0}).model_dump(exclude_unset=True)
    profile["poll_groups"] = {"all": {"every": "1s", "stale_after": "5s"}}
    profile["modbus"] = {"address_base": 0, "timeout": "200ms", "read_retries": 0}
    path = folder / "meter.yaml"
    path.write_text(yaml.safe_dump(profile, allow_unicode=True), encoding="utf-8")
    return path


def expected_word(device_unit: int, address: int) -> str:
    return registers(device_unit, "holding", address, 1).hex().upper()


@pytest.mark.parametrize("framing", FRAMINGS)
def test_raw_registers_are_read_over_every_framing(framing: Faulty) -> None:
    with rig(framing) as (device, _):
        done = run("read", device.address, "7", "holding:100:2", "coil:0x10:4")
    assert 0 == done.exit_code, done.output
    assert expected_word(7, 100) in done.output
    assert expected_word(7, 101) in done.output
    assert "coil 16-19" in done.output
    assert [] == device.writes


def test_a_profiles_points_are_read_with_their_quality(tmp_path: Path) -> None:
    path = profile_file(tmp_path)
    with rig("rtu+tcp") as (device, _):
        done = run("read", device.address, "7", "--profile", str(path), "p0", "p3")
    assert 0 == done.exit_code, done.output
    assert all(str(int(expected_word(7, at), 16)) in done.output for at in (0, 3))
    assert "good" in done.output
    assert "p4" not in done.output


FAULTS: list[tuple[Faulty, Fault, str]] = [
    ("tcp", "drop", "no answer within 0.2 s: look at unit id"),
    ("tcp", "exception", "exception 2, illegal data address: the device has no such address"),
    ("rtu", "drop", "look at unit id, baud rate and parity, A and B exchanged"),
    ("rtu", "bad_check", "other baud rate, parity or framing"),
    ("tcp", "garbage", "other framing (tcp:// or rtu+tcp://?)"),
]


@pytest.mark.parametrize(("framing", "fault", "sentence"), FAULTS)
def test_what_fails_says_what_to_look_at(framing: Faulty, fault: Fault, sentence: str) -> None:
    with rig(framing) as (device, _):
        device.script = deque([fault])
        done = run("read", device.address, "7", "holding:0", "--timeout", "200ms")
    assert 1 == done.exit_code
    assert sentence in done.stderr


def test_nobody_at_the_address_is_a_sentence() -> None:
    done = run("read", f"tcp://{LOOPBACK}:{free_ports(1)[0]}", "7", "holding:0")
    assert 1 == done.exit_code
    assert "is it switched on and on this network" in done.stderr
    done = run("read", "rtu:///dev/there-is-none", "7", "holding:0")
    assert 1 == done.exit_code
    assert "may you use it (group dialout)" in done.stderr


@pytest.mark.parametrize("place", ["40101", "holding:0:126", "coil:-1", "input:65535:2", "registers:1"])
def test_a_place_that_is_none_is_told_with_the_form_that_was_expected(place: str) -> None:
    done = run("read", "tcp://127.0.0.1:1", "7", place)
    assert 2 == done.exit_code
    assert "expected" in done.output


def alive(device: FaultyDevice, *units: int) -> None:
    device.dead_units = frozenset(range(256)) - frozenset(units)


@pytest.mark.parametrize("framing", ["tcp", "rtu", "ascii+tcp"])
def test_a_scan_finds_the_units_that_answer(framing: Faulty) -> None:
    with rig(framing) as (device, _):
        alive(device, 3, 7)
        device.plan = {(7, bytes.fromhex("0300000001")): "exception"}
        done = run("scan", device.address, "--units", "2-4,7", "--timeout", "60ms", "--pause", "1")
    assert 0 == done.exit_code, done.output
    lines = done.output.splitlines()
    assert f"unit   3  holding: {expected_word(3, 0)}" in lines[1]
    assert "unit   7  holding: exception 2, illegal data address" in lines[2]
    assert "2 answered" == lines[3]
    assert [] == device.writes


def test_a_table_that_a_unit_does_not_have_is_followed_by_the_next() -> None:
    with rig("tcp") as (device, _):
        device.exception_code = 1
        device.plan = {(5, bytes.fromhex("0300000001")): "exception"}
        done = run("scan", device.address, "--units", "5", "--timeout", "100ms", "--pause", "1")
    assert "unit   5  input: " in done.output


def test_a_network_is_scanned_and_a_big_one_is_refused() -> None:
    with rig("tcp") as (device, _):
        port = device.address.rsplit(":", 1)[1]
        done = run("scan", f"tcp://127.0.0.1:{port}/30", "--timeout", "100ms", "--pause", "1")
        assert 0 == done.exit_code, done.output
        assert f"tcp://127.0.0.1:{port}: connected" in done.output
        assert "unit   1  holding: " in done.output
    done = run("scan", "tcp://10.0.0.0/8")
    assert 2 == done.exit_code
    assert "at most 1024 addresses" in done.output


def test_a_silent_line_is_told_with_exit_code_1() -> None:
    with rig("tcp") as (device, _):
        alive(device)
        done = run("scan", device.address, "--units", "1,2", "--timeout", "50ms", "--pause", "1")
    assert 1 == done.exit_code
    assert "Nobody answered: look at power" in done.stderr


def test_a_trace_shows_both_directions_with_what_they_say() -> None:
    with rig("rtu") as (device, _):
        device.script = deque(["none", "exception", "bad_check", "drop"])
        done = run("trace", device.address, "7", "holding:100:2", "--times", "4", "--every", "0", "--timeout", "100ms")
    assert 1 == done.exit_code
    frames = [line.partition(" ")[2] for line in done.output.splitlines() if " -> " in line or " <- " in line]
    request = bytes.fromhex("070300640002")
    assert (
        f"-> {(request + crc16(request)).hex(' ').upper()}  unit 7: read holding registers, address 100, count 2"
        == frames[0]
    )
    words = registers(7, "holding", 100, 2)
    first, second = int.from_bytes(words[:2], "big"), int.from_bytes(words[2:], "big")
    assert f"unit 7: read holding registers, 2 registers: {first} {second}  checksum ok  after " in frames[1]
    assert "unit 7: read holding registers: exception 2, illegal data address  checksum ok" in frames[3]
    assert "checksum wrong" in frames[5]
    assert 7 == len(frames)  # the last question has no answer
