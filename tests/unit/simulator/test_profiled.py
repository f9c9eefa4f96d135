"""The device that is made from a profile alone."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from infra.simulator.lines import Line
from infra.simulator.profiled.command import simulate
from infra.simulator.profiled.console import Console, Quit, Refusal, hold
from infra.simulator.profiled.device import ANSWER_S, PULSE_S, ProfileDevice
from infra.simulator.profiled.encoding import NotInRange, from_words, to_words
from infra.simulator.rtu.refusal import ModbusException, WriteRefused
from shared.contracts.message import Scalar
from shared.documents import read_document
from shared.field.commands import telegram
from shared.field.device_clock import drift_s
from shared.field.profile import Modbus, Point, Profile
from shared.field.profile_load import examples, resolve
from tests.unit.field.facts import Table

SHIPPED = sorted(Path("services").glob("*/profiles/*.yaml"))
BOOSTER = Path("tests/unit/field/register_map/booster.yaml")
MODBUS = Modbus(address_base=0)


@dataclass
class Watch:
    """A clock that a test moves."""

    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


def load(path: Path) -> Profile:
    document = read_document(path)
    return resolve(document, examples(document))


def device(path: Path = BOOSTER) -> tuple[ProfileDevice, Watch]:
    watch = Watch()
    return ProfileDevice(1, load(path), watch), watch


def point(**given: object) -> Point:
    return Point.model_validate({"table": "holding", "address": 0, "poll": "all", **given})


VECTORS = [
    ({"type": "u16"}, 345, [0x0159]),
    ({"type": "u16", "byte_order": "little"}, 345, [0x5901]),
    ({"type": "i16", "scale": 0.1}, -10.0, [0xFF9C]),
    ({"type": "u32"}, 74565, [0x0001, 0x2345]),
    ({"type": "u32", "word_order": "little"}, 74565, [0x2345, 0x0001]),
    ({"type": "u32", "word_order": "little", "byte_order": "little"}, 74565, [0x4523, 0x0100]),
    ({"type": "i32"}, -2, [0xFFFF, 0xFFFE]),
    ({"type": "f32"}, 3.140000104904175, [0x4048, 0xF5C3]),
    ({"type": "f32", "word_order": "little"}, 25.5, [0x0000, 0x41CC]),
    ({"type": "f64"}, 1.0, [0x3FF0, 0, 0, 0]),
    ({"type": "u64"}, 2**48 + 7, [0x0001, 0, 0, 7]),
    ({"type": "bcd16"}, 1234, [0x1234]),
    ({"type": "u16", "scale": 0.1, "offset": -40}, 26.0, [0x0294]),
    ({"type": "bool", "bit": 3}, True, [0x0008]),
    ({"type": "string", "length": 5}, "PUMP7", [0x5055, 0x4D50, 0x3700]),
]


@pytest.mark.parametrize(("given_point", "value", "words"), VECTORS)
def test_values_lie_in_registers_as_the_books_say(
    given_point: dict[str, object], value: Scalar, words: list[int]
) -> None:
    made = point(**given_point)
    assert words == to_words(made, MODBUS, value)
    assert value == from_words(made, MODBUS, words)


@settings(deadline=None)
@given(
    st.sampled_from(["u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64", "bcd16", "bits32"]),
    st.sampled_from(["big", "little"]),
    st.sampled_from(["big", "little"]),
    st.integers(0, 9999),
)
def test_the_field_engine_reads_what_the_simulator_writes(type_: str, byte: str, word: str, number: int) -> None:
    """Two codecs that share no line agree."""
    made = point(type=type_, byte_order=byte, word_order=word)
    raw = b"".join(each.to_bytes(2, "big") for each in to_words(made, MODBUS, number))
    assert number == made.codec(MODBUS).decode(raw)


def test_a_meter_stops_at_the_end_of_its_register_and_a_broken_one_says_so() -> None:
    assert [0xFFFF] == to_words(point(type="u16", scale=0.1), MODBUS, 99999)
    assert [0x8000] == to_words(point(type="i16", nan=[0x8000]), MODBUS, None)
    with pytest.raises(NotInRange):
        from_words(point(type="bcd16"), MODBUS, [0x12AB])


@pytest.mark.parametrize("path", [*SHIPPED, BOOSTER], ids=lambda path: path.stem)
def test_no_condition_stands_while_nobody_touches_the_device(path: Path) -> None:
    made, watch = device(path)
    profile = made.profile
    limits = {
        (name, limit): value
        for name in profile.points
        for limit in ("ll", "l", "h", "hh")
        if (value := profile.limit(name, limit)) is not None
    }
    for _ in range(50):
        watch.seconds += 7
        facts = Table(made.values(), limits, changed=dict.fromkeys(profile.points, 1000.0))
        standing = [name for name, condition in profile.conditions.items() if condition.when.truth(facts) is True]
        assert [] == standing
        for name, value in made.values().items():
            valid = profile.points[name].valid
            assert valid is None or (not isinstance(value, str) and value is not None and valid[0] <= value <= valid[1])


COMMANDS = [
    (path, name) for path in [*SHIPPED, BOOSTER] for name, spec in load(path).commands.items()
    if spec.point in load(path).points
]  # fmt: skip


@pytest.mark.parametrize(("path", "name"), COMMANDS, ids=[f"{path.stem}-{name}" for path, name in COMMANDS])
def test_a_command_is_proven_by_its_feedback(path: Path, name: str) -> None:
    made, _ = device(path)
    profile = made.profile
    spec = profile.commands[name]
    params = {} if spec.write.param is None else {"param": spec.write.param.min + spec.write.param.step}
    if spec.inverse is not None:
        _write(made, spec.inverse, {})
        assert spec.verify.expression.truth(_facts(made), params=_with(spec.write.value, params)) is False
    _write(made, name, params)
    assert spec.verify.expression.truth(_facts(made), params=_with(spec.write.value, params)) is True


def _with(value: Scalar, params: dict[str, float]) -> dict[str, Scalar]:
    return {"param": value, **params}


def _facts(made: ProfileDevice) -> Table:
    """What a master reads, by its own codec."""
    read: dict[str, Scalar] = {}
    for name, each in made.profile.points.items():
        first = made.profile.wire_address(each)
        words = made.words(each.table)
        if each.table in ("coil", "discrete"):
            read[name] = bool(words[first >> 4] >> (first & 15) & 1)
        else:
            raw = b"".join(word.to_bytes(2, "big") for word in words[first : first + each.count])
            read[name] = each.codec(made.profile.modbus).decode(raw)
    clock = made.profile.clock
    if clock is not None:
        read[clock.drift] = drift_s(clock, read, time.time(), _zone())
    return Table(read)


def _zone() -> tzinfo:
    zone = datetime.now().astimezone().tzinfo
    assert zone is not None
    return zone


def _write(made: ProfileDevice, command: str, params: dict[str, float]) -> None:
    message = telegram(made.profile, made.profile.commands[command], params, datetime.now(UTC), _zone())
    table = "coil" if message.function in (5, 15) else "holding"
    data = message.data
    words = list(data) if table == "coil" else [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]
    if message.function == 22:  # the server makes the new word of the present one, V1.1b3 6.16
        keep, put = words
        words = [made.words("holding")[message.address] & keep | put & ~keep]
    made.write(table, message.address, words)


def test_a_pulse_coil_resets_itself() -> None:
    made, watch = device(SHIPPED[0])
    _write(made, "pump1_start", {})
    assert made.value("pump1_start_pulse") is True
    watch.seconds += PULSE_S
    assert made.value("pump1_start_pulse") is False
    assert made.value("pump1_running") is True or made.value("pump1_running") == 1


def test_one_bit_of_an_output_word_is_written_and_its_neighbours_stay() -> None:
    made, _ = device(Path("services/lighting/profiles/streetlight-cabinet-dtu.yaml"))
    _write(made, "c2_on", {})
    made.hold("c2_current", 6.5)
    _write(made, "c5_on", {})
    assert 0b100100 == made.words("holding")[110]
    assert 6.5 == made.value("c2_current")
    _write(made, "c2_off", {})
    assert 0b100000 == made.words("holding")[110]


def test_a_device_answers_in_its_handshake_register_and_is_idle_again_later() -> None:
    made, watch = device(Path("services/water/profiles/water-booster.yaml"))
    assert 0 == made.value("answer")
    _write(made, "set_pressure", {"param": 250})
    assert 2 == made.value("answer")
    watch.seconds += ANSWER_S
    assert 0 == made.value("answer")
    assert made.value("p_discharge") == pytest.approx(250, abs=30)


def test_writes_are_taken_whole_or_refused_whole() -> None:
    made, _ = device()
    before = made.values()["p_set"]
    for address, words, code in [
        (0, [1], ModbusException.ILLEGAL_ADDRESS),
        (1, [1, 0x41F0, 0], ModbusException.ILLEGAL_VALUE),
        (3, [0, 0], ModbusException.ILLEGAL_ADDRESS),
        (39, [1], ModbusException.ILLEGAL_ADDRESS),
    ]:
        with pytest.raises(WriteRefused) as refused:
            made.write("holding", address, words)
        assert code == refused.value.code
    assert (before, 0) == (made.value("p_set"), made.value("master"))
    made.write("holding", 1, [7])
    assert 7 == made.value("master")


def test_a_bit_lies_over_its_word() -> None:
    made, _ = device()
    made.hold("state", 0x10001)
    made.hold("pump_running", True)
    assert [0x0009, 0x0001] == made.words("input")[19:21]


def test_a_heartbeat_ticks_and_rolls_over() -> None:
    made, watch = device(Path("services/flood/profiles/river-gauge.yaml"))
    watch.seconds += 3
    assert 3 == made.value("heartbeat")
    watch.seconds += 65536
    assert 3 == made.value("heartbeat")


def test_a_measured_value_moves() -> None:
    made, watch = device()
    seen = set()
    for _ in range(10):
        watch.seconds += 5
        seen.add(made.value("p_out"))
    assert len(seen) == 10
    assert all(isinstance(value, float) and math.isfinite(value) for value in seen)


def test_the_console_holds_frees_and_tells() -> None:
    async def scene() -> None:
        made, _ = device()
        console = Console(made, Line("test", "tcp://127.0.0.1:1", [made]))
        assert "chlorine = 0.5 mg/L  (held)" == await console.do("set chlorine 0.5\n")
        assert [150] == made.words("input")[10011:10012]
        assert "chlorine is broken" == await console.do("broken chlorine")
        assert [0x7FFF] == made.words("input")[10011:10012]
        assert "chlorine moves by itself" == await console.do("free chlorine")
        assert "pump_cmd" in await console.do("show")
        assert "set POINT VALUE" in await console.do("help")
        for wrong in ("set level 3", "set chlorine", "dance", "set chlorine wet", "broken p_out", "show nothing"):
            with pytest.raises(Refusal):
                await console.do(wrong)
        with pytest.raises(Quit):
            await console.do("quit")

    asyncio.run(scene())


def test_a_value_that_the_registers_cannot_hold_is_refused_at_the_start() -> None:
    made, _ = device()
    for text in ("wet", "", "[1]", "1.0e+60"):
        with pytest.raises(Refusal, match="p_out cannot be"):
            hold(made, "p_out", text)


@pytest.mark.parametrize(
    ("given_options", "told"),
    [
        (["--set", "p_out"], "--set takes point=value (given: p_out)."),
        (["--set", "nothing=3"], "There is no point nothing."),
        (["--address", "udp://127.0.0.1:1"], "UDP"),
        (["--address", "tls://127.0.0.1:1?ca=/ca.pem"], "cannot be simulated"),
    ],
)
def test_what_cannot_be_served_is_told_in_a_sentence(given_options: list[str], told: str) -> None:
    app = typer.Typer()
    app.command()(simulate)
    done = CliRunner().invoke(app, [str(BOOSTER), *given_options])
    assert (1, True) == (done.exit_code, told in done.output), done.output
