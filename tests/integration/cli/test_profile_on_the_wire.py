"""A profile is simulated in a process of its own and captured over a real socket and a real pseudo-terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from pymodbus.client import ModbusTcpClient
from typer.testing import CliRunner

from infra.local.processes import LOOPBACK, free_ports
from shared.cli import profile
from shared.field.golden import differences, load_golden
from shared.field.profile_load import load_profile
from tests.integration.cli.simulating import BOOSTER, simulated, typed

RUN = CliRunner()


def captured(address: str, path: Path) -> int:
    done = RUN.invoke(profile.app, ["capture", BOOSTER, "--address", address, "--unit", "7", "--output", str(path)])
    return done.exit_code


@pytest.mark.parametrize("framing", ["tcp", "rtu+tcp", "rtu"])
def test_what_is_simulated_is_captured(framing: str, tmp_path: Path) -> None:
    line = str(tmp_path / "line") if framing == "rtu" else f"{LOOPBACK}:{free_ports(1)[0]}"
    address = f"{framing}://{line}"
    with simulated(address, "p_out=0.25", "pump_running=true") as process:
        assert 0 == captured(address, tmp_path / "first.yaml")
        assert "p_out = 0.5 MPa  (held)\n" == typed(process, "set p_out 0.5")
        assert 0 == captured(address, tmp_path / "second.yaml")
        assert "nothing answers\n" == typed(process, "fail")
        assert 1 == captured(address, tmp_path / "none.yaml")
        assert "it answers\n" == typed(process, "restore")
        assert 0 == captured(address, tmp_path / "third.yaml")
    made = load_profile(Path(BOOSTER), {"station_code": 41})
    for name, pressure in (("first", 0.25), ("second", 0.5), ("third", 0.5)):
        document, golden = load_golden(tmp_path / f"{name}.yaml")
        assert (pressure, True) == (golden.readings["p_out"].value, golden.readings["pump_running"].value)
        assert [] == list(differences(document, golden, made))
    assert not (tmp_path / "none.yaml").exists()


def test_a_foreign_master_can_command_the_simulated_device() -> None:
    port = free_ports(1)[0]
    with simulated(f"tcp://{LOOPBACK}:{port}") as process:
        client = ModbusTcpClient(LOOPBACK, port=port, timeout=1, retries=0)
        assert client.connect()
        try:
            assert not client.write_coil(0, True, device_id=7).isError()
            assert client.read_input_registers(19, count=1, device_id=7).registers[0] & 8
            assert 2 == client.write_register(38, 1, device_id=7).exception_code
            assert 3 == client.write_registers(2, [0, 0x41F0], device_id=7).exception_code
        finally:
            client.close()
        assert typed(process, "show pump_cmd").split() == ["pump_cmd", "True", "(held)"]
