"""The register maps: fixed vectors for reading, and what a write does or is refused for."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulator.maps.device import packed, s16, u16, u32
from infra.simulator.maps.gauges import RainGaugeDevice, RiverGaugeDevice
from infra.simulator.maps.pump_station import PumpStationDevice
from infra.simulator.rtu.gauges import RainGauge, RiverGauge
from infra.simulator.rtu.pump import Fault
from infra.simulator.rtu.pump_station import Mode, Surroundings
from infra.simulator.rtu.refusal import ModbusException, WriteRefused
from tests.unit.simulator.stations import at, running, station

NOW = datetime(2026, 7, 29, 18, 30, 15, tzinfo=UTC)


def device(mode: Mode = Mode.REMOTE, *, gate: bool = True) -> PumpStationDevice:
    return PumpStationDevice(1, 3102, station(mode, gate=gate), lambda: NOW)


def bit(words: list[int], address: int) -> bool:
    return bool(words[address // 16] >> address % 16 & 1)


def refused(code: ModbusException, made: PumpStationDevice, table: str, address: int, values: list[int]) -> None:
    before = made.words("holding")[:40]
    with pytest.raises(WriteRefused) as refusal:
        made.write(table, address, values)  # type: ignore[arg-type]
    assert refusal.value.code == code
    assert made.words("holding")[:40] == before


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (s16(3450), 3450),
        (s16(-20), 0xFFEC),
        (s16(None), 0x8000),
        (s16(-40000), 0x8001),
        (u16(-3), 0),
        (u16(70000), 65535),
    ],
)
def test_single_registers(encoded: int, expected: int) -> None:
    assert encoded == expected


def test_counters_have_their_high_word_first_and_wrap() -> None:
    assert u32(0x00012345) == (0x0001, 0x2345)
    assert u32(2**32 + 7) == (0, 7)


@given(st.lists(st.booleans(), max_size=70))
def test_packed_bits_have_the_lowest_address_in_bit_0(bits: list[bool]) -> None:
    words = packed(bits)
    assert [bit(words, address) for address in range(len(bits))] == bits


def test_input_registers_of_a_running_station() -> None:
    made = device()
    made.rtu.step(1, at(2.0))
    made.rtu.start_remotely(1)
    made.rtu.energy_kwh = 6553.7
    made.rtu.pumps[1].run_s, made.rtu.pumps[1].starts, made.rtu.pumps[0].fault = 3600 * 6553.6, 70000, Fault.LEAK
    made.rtu.step(1, Surroundings(2.345, 1.6, 0.271, 1.2345, 3.4, 7000.1))
    made.changed()
    words = made.words("input")
    assert words[:9] == [2345, 1600, 271, 0, 12345, 34, 1, 4465, 0]
    assert words[9:11] == [1, 1]
    assert words[14:17] == [2, 3102, 1]
    assert words[20 + 6] == 2
    assert words[36] == pytest.approx(1320 * 0.94, abs=15)
    assert words[38:40] == [1, 0]
    assert words[40:42] == [1, 4464]
    assert len(words) == 20 + 16 * 6


def test_a_broken_meter_reads_0x8000() -> None:
    made = device()
    made.rtu.meter_broken = True
    made.rtu.step(1, at(2.0))
    assert made.words("input")[0] == 0x8000


def test_discrete_inputs() -> None:
    made = device()
    made.rtu.step(1, at(2.0))
    made.rtu.start_remotely(0)
    made.rtu.pumps[2].trip(Fault.OVERLOAD)
    words = made.words("discrete")
    set_bits = {address for address in range(48) if bit(words, address)}
    assert set_bits == {0, 7, 8, 16, 18, 19, 22, 23, 25, 26}


def test_a_start_pulse_starts_the_pump_and_resets_itself_after_a_second() -> None:
    made = device()
    made.rtu.step(1, at(2.0))
    made.write("coil", 2, [1])
    assert running(made.rtu) == [2]
    assert bit(made.words("coil"), 2)
    made.rtu.step(0.5, at(2.0))
    made.changed()
    assert bit(made.words("coil"), 2)
    made.rtu.step(0.6, at(2.0))
    made.changed()
    assert not bit(made.words("coil"), 2)
    made.write("coil", 3, [1])
    assert running(made.rtu) == []


def test_several_coils_at_once_are_all_heard() -> None:
    made = device()
    made.rtu.step(1, at(2.0))
    made.write("coil", 0, [1, 0, 1, 0, 1])
    assert running(made.rtu) == [1, 2, 3]


def test_siren_barrier_and_acknowledgement() -> None:
    made = device()
    made.write("coil", 40, [1, 1])
    assert (made.rtu.siren, made.rtu.barrier) == (True, True)
    made.write("coil", 42, [1])
    assert (made.rtu.siren, made.rtu.barrier) == (False, True)


def test_gate_pulses() -> None:
    made = device()
    made.write("coil", 32, [1])
    assert made.rtu.gate is not None
    assert made.rtu.gate.direction == 1
    made.write("coil", 34, [1])
    assert made.rtu.gate.direction == 0


def test_a_station_without_a_gate_has_no_gate_coils() -> None:
    refused(ModbusException.ILLEGAL_ADDRESS, device(gate=False), "coil", 32, [1])


def test_levels_must_rise_from_pump_to_pump() -> None:
    made = device()
    made.write("holding", 1, [1500])
    assert made.rtu.setpoints.start_levels_m == (1.5, 2.2, 2.6)
    refused(ModbusException.ILLEGAL_VALUE, made, "holding", 1, [2300])
    refused(ModbusException.ILLEGAL_VALUE, made, "holding", 7, [1600])
    refused(ModbusException.ILLEGAL_VALUE, made, "holding", 4, [3000])
    refused(ModbusException.ILLEGAL_VALUE, made, "holding", 13, [800])
    made.write("holding", 1, [1700, 2300, 2700])
    assert made.rtu.setpoints.start_levels_m == (1.7, 2.3, 2.7)


@pytest.mark.parametrize(("address", "value"), [(0, 3), (15, 3601), (17, 0), (18, 3), (31, 5)])
def test_values_out_of_range_are_refused(address: int, value: int) -> None:
    refused(ModbusException.ILLEGAL_VALUE, device(), "holding", address, [value])


def test_registers_that_are_not_in_the_map_cannot_be_written() -> None:
    refused(ModbusException.ILLEGAL_ADDRESS, device(), "holding", 19, [0])
    refused(ModbusException.ILLEGAL_ADDRESS, device(), "holding", 39, [0, 2026])


def test_mode_and_watchdog() -> None:
    made = device(Mode.AUTOMATIC)
    made.rtu.watchdog_age_s = 55
    made.write("holding", 30, [9])
    made.write("holding", 0, [1])
    assert (made.rtu.mode, made.rtu.watchdog, made.rtu.watchdog_age_s) == (Mode.REMOTE, 9, 0)
    assert made.words("holding")[30:32] == [9, 60]


def test_writing_a_setpoint_is_no_sign_of_life() -> None:
    made = device()
    made.rtu.watchdog_age_s = 55
    made.write("holding", 15, [30])
    assert made.rtu.watchdog_age_s == 55


def test_at_local_everything_but_the_clock_is_refused_with_exception_1() -> None:
    made = device()
    made.rtu.key_at_remote = False
    for table, address in (("coil", 0), ("coil", 40), ("holding", 0), ("holding", 30)):
        refused(ModbusException.ILLEGAL_FUNCTION, made, table, address, [1])
    refused(ModbusException.ILLEGAL_FUNCTION, made, "holding", 39, [0, 2026])
    made.write("holding", 45, [20])
    assert made.words("holding")[40:46] == [2026, 7, 29, 18, 30, 20]


def test_the_clock_is_set_and_goes_on() -> None:
    made = device()
    made.write("holding", 40, [2026, 7, 29, 18, 31, 0])
    assert made.clock_offset_s == 45
    refused(ModbusException.ILLEGAL_VALUE, made, "holding", 41, [13])


def test_gauges_are_read_only_inputs() -> None:
    rain, river = RainGauge(), RiverGauge()
    rain.step(5, 6553.7)
    river.step(5, -0.25, 0.31)
    rain_device, river_device = RainGaugeDevice(1, 3401, rain), RiverGaugeDevice(7, 3501, river)
    assert rain_device.words("input") == [65535, 1, 1, 5, 3401, 1260]
    assert river_device.words("input") == [0xFF06, 310, 5, 3501, 1270]
    river.broken = True
    river.step(5, 1.0, 0.0)
    assert river_device.words("input")[0] == 0x8000
    with pytest.raises(WriteRefused):
        rain_device.write("holding", 0, [1])
