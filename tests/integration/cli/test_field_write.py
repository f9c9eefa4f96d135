"""`urbanops field write`: asked for, sent once, read back; a profile's command with interlocks, master and proof."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from pymodbus.client import ModbusTcpClient
from typer.testing import CliRunner

from infra.local.processes import LOOPBACK, free_ports
from shared.cli import field
from tests.faults.device import Fault
from tests.faults.rig import Faulty, rig
from tests.integration.cli.simulating import BOOSTER, simulated, typed

RUN = CliRunner()


def write(*words: str, answer: str = "") -> Result:
    return RUN.invoke(field.app, ["write", *words], input=answer)


@pytest.fixture(scope="module")
def booster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The booster station with shorter times."""
    text = Path(BOOSTER).read_text(encoding="utf-8").replace("every: 5s, device", "every: 1s, device")
    path = tmp_path_factory.mktemp("profile") / "booster.yaml"
    path.write_text(text.replace("within: 15s, hold: 2s", "within: 5s, hold: 300ms"), encoding="utf-8")
    return path


@pytest.fixture
def device(booster: Path) -> Iterator[tuple[str, object]]:
    address = f"tcp://{LOOPBACK}:{free_ports(1)[0]}"
    with simulated(address, "remote=true", "p_out=0.3", profile=str(booster)) as process:
        yield address, process


def test_registers_are_written_and_read_back(device: tuple[str, object]) -> None:
    address, _ = device
    done = write(address, "7", "holding:2", "0.35", "--type", "f32", "--word-order", "little", "--yes")
    assert 0 == done.exit_code, done.output
    assert "Write 3333 3EB3 to holding 2 of unit 7" in done.output
    assert "It reads back as written." in done.output
    with ModbusTcpClient(LOOPBACK, port=int(address.rsplit(":", 1)[1])) as client:
        assert [0x3333, 0x3EB3] == client.read_holding_registers(2, count=2, device_id=7).registers


def test_nothing_is_written_unless_it_is_confirmed() -> None:
    with rig("tcp") as (faulty, _):
        assert 1 == write(faulty.address, "7", "holding:2", "345", answer="n\n").exit_code
        assert [] == faulty.writes
        write(faulty.address, "7", "holding:2", "345", answer="y\n")
        assert [bytes.fromhex("0600020159")] == faulty.writes


FAULTS: list[tuple[Faulty, Fault, str]] = [
    ("tcp", "drop", "Nobody knows whether the device took it, and it is not sent again."),
    ("rtu", "drop", "Nobody knows whether the device took it, and it is not sent again."),
    ("rtu+tcp", "bad_check", "Nobody knows whether the device took it, and it is not sent again."),
    ("tcp", "exception", "Nothing was written."),
    ("tcp", "none", "It does not read back as written"),  # this device answers, and keeps its own
]


@pytest.mark.parametrize(("framing", "fault", "sentence"), FAULTS)
def test_a_write_is_sent_once_whatever_happens(framing: Faulty, fault: Fault, sentence: str) -> None:
    with rig(framing) as (faulty, _):
        faulty.script = deque(["none", fault])
        done = write(faulty.address, "7", "coil:3", "off", "on", "off", "--yes", "--timeout", "150ms")
        assert 1 == done.exit_code
        assert sentence in done.stderr
        assert [bytes.fromhex("0F000300030102")] == faulty.writes


@pytest.mark.parametrize(
    "words",
    [
        ["input:2", "1"],
        ["holding:2", "70000"],
        ["holding:2:3", "1", "2"],
        ["coil:2", "maybe"],
        ["holding:2", "1", "2", "--function", "6"],
        ["holding:2"],
    ],
)
def test_what_cannot_be_written_is_refused_before_a_connection_is_made(words: list[str]) -> None:
    assert 2 == write("tcp://127.0.0.1:1", "7", *words).exit_code


def test_a_command_is_shown_written_once_and_proven(device: tuple[str, object], booster: Path) -> None:
    address, _ = device
    done = write(address, "7", "--profile", str(booster), "--command", "start", "--yes")
    assert 0 == done.exit_code, done.output
    assert "Write  function 5, address 0, data 01" in done.output
    assert "Proof  pump_running == 1 within 5 s, for 0.3 s" in done.output
    assert "Verified: pump_running is 1 running" in done.output


def test_an_interlock_that_is_not_met_refuses(device: tuple[str, object], booster: Path) -> None:
    address, process = device
    typed(process, "set p_out 0.6")  # type: ignore[arg-type]
    done = write(address, "7", "--profile", str(booster), "--command", "start", "--yes")
    assert 1 == done.exit_code
    assert "Refused: Interlock not met: Remote and no overpressure" in done.stderr
    with ModbusTcpClient(LOOPBACK, port=int(address.rsplit(":", 1)[1])) as client:
        assert not client.read_coils(0, count=1, device_id=7).bits[0]


def test_another_master_on_the_counter_refuses(device: tuple[str, object], booster: Path) -> None:
    address, _ = device
    ended = threading.Event()

    def move() -> None:
        with ModbusTcpClient(LOOPBACK, port=int(address.rsplit(":", 1)[1])) as client:
            value = 1
            while not ended.wait(0.2):
                client.write_register(1, value, device_id=7)
                value += 1

    moving = threading.Thread(target=move)
    moving.start()
    try:
        done = write(address, "7", "--profile", str(booster), "--command", "start", "--yes")
    finally:
        ended.set()
        moving.join()
    assert 1 == done.exit_code
    assert "another master is at work" in done.stderr


def test_a_parameter_that_the_command_does_not_take_is_a_sentence(booster: Path) -> None:
    words = ["--profile", str(booster), "--command", "set_pressure", "--param", "0.9", "--yes"]
    done = write("tcp://127.0.0.1:1", "7", *words)
    assert 1 == done.exit_code
    assert "a number from 0.2 to 0.5" in done.stderr
    assert 2 == write("tcp://127.0.0.1:1", "7", "--profile", str(booster), "--command", "fly").exit_code
