"""Golden cases: written, read back, and unforgiving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.simulator.profiled.device import ProfileDevice
from shared.documents import MalformedDocument
from shared.errors import Unavailable
from shared.field.capture import capture
from shared.field.golden import Golden, as_yaml, differences, load_golden
from shared.field.profile import Profile, Table
from shared.field.profile_load import load_profile
from shared.field.transports import DeviceException, NoAnswer, TransportError, WriteFunction

BOOSTER = Path("tests/unit/field/register_map/booster.yaml")
AT = datetime(2026, 7, 1, 12, tzinfo=UTC)


@dataclass
class Wire:
    """A transport that reads the simulated device, after some failures."""

    device: ProfileDevice
    failures: list[TransportError]
    asked: int = 0

    def read(self, unit: int, table: Table, address: int, count: int, timeout_s: float) -> bytes:
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        words = self.device.words(table)
        if table in ("coil", "discrete"):
            bits = [words[at >> 4] >> (at & 15) & 1 for at in range(address, address + count)]
            return sum(bit << at for at, bit in enumerate(bits)).to_bytes((count + 7) // 8, "little")
        return b"".join(word.to_bytes(2, "big") for word in words[address : address + count])

    def write(self, unit: int, function: WriteFunction, address: int, data: bytes, timeout_s: float) -> None:
        raise AssertionError("capture never writes")

    def close(self) -> None: ...


def booster() -> Profile:
    return load_profile(BOOSTER, {"station_code": 41})


def taken(*failures: TransportError) -> tuple[Golden, Wire]:
    profile = booster()
    wire = Wire(ProfileDevice(1, profile, lambda: 5.0), list(failures))
    wire.device.hold("p_out", 0.25)
    wire.device.hold("chlorine", None)
    golden = capture(wire, 1, profile, {"station_code": 41}, AT, source="bench", checked_against="display")
    return golden, wire


def test_a_case_holds_what_the_device_showed() -> None:
    golden, _ = taken()
    shown = {name: (reading.value, reading.quality) for name, reading in golden.readings.items()}
    assert ((0.25, "good"), (None, "bad.sensor_fault"), ("SIMULATED", "good"), (True, "good")) == (
        shown["p_out"],
        shown["chlorine"],
        shown["serial"],
        shown["remote"],
    )
    assert set(booster().points) == set(golden.readings)


def test_a_case_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    golden, _ = taken()
    path = tmp_path / "case.yaml"
    path.write_text(as_yaml(golden), encoding="utf-8")
    document, again = load_golden(path)
    assert golden == again
    assert [] == list(differences(document, again, booster()))


def test_a_profile_that_reads_otherwise_is_told_with_the_line(tmp_path: Path) -> None:
    golden, _ = taken()
    path = tmp_path / "case.yaml"
    path.write_text(as_yaml(golden), encoding="utf-8")
    document, again = load_golden(path)
    wrong = tmp_path / "booster.yaml"
    text = BOOSTER.read_text(encoding="utf-8").replace("word_order: little", "word_order: big")
    wrong.write_text(
        text.replace("  remote: {", "  spare: {table: discrete, address: 9, type: bool, poll: fast}\n  remote: {")
    )
    told = [str(mistake) for mistake in differences(document, again, load_profile(wrong, {"station_code": 41}))]
    line = next(number for number, row in enumerate(path.read_text().splitlines(), 1) if row.startswith("  p_out:"))
    assert any(each.startswith(f"{path}:{line}: readings.p_out: 0.25 (good); ") for each in told)
    assert any("a reading of every point of booster 2.1.0: spare" in each for each in told)


def test_a_lost_answer_is_asked_for_again_and_a_refusal_ends_it() -> None:
    _, once = taken()
    _, again = taken(NoAnswer("late"))
    assert once.asked + 1 == again.asked
    with pytest.raises(Unavailable, match=r"exception 2\. Nothing was recorded"):
        taken(DeviceException(2), DeviceException(2))


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [('raw: "', 'raw: "zz', "raw"), ("golden/v1", "golden/v9", "golden"), ("readings:", "values:", "readings")],
)
def test_a_broken_case_is_told_with_its_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(as_yaml(taken()[0]).replace(old, new, 1), encoding="utf-8")
    with pytest.raises(MalformedDocument, match=field):
        load_golden(path)
