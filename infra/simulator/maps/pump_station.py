"""Map of the drainage pump-station RTU, version 1: 0-based addresses, U32 high word first, gaps read 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from infra.simulator.maps.device import Table, packed, s16, u16, u32
from infra.simulator.rtu.pump_station import Mode, PumpStation
from infra.simulator.rtu.refusal import ModbusException, WriteRefused
from infra.simulator.rtu.setpoints import SLOTS, Setpoints

MAP_VERSION = 1
COILS, DISCRETES, INPUTS, HOLDINGS = 48, 48, 20 + 16 * SLOTS, 46
GATE_OPEN, GATE_CLOSE, GATE_STOP = 32, 33, 34
SIREN, BARRIER, ALARM_ACK = 40, 41, 42
START_LEVELS, STOP_LEVELS = 1, 7
WATCHDOG, WATCHDOG_LIMIT, CLOCK = 30, 31, 40


class PumpStationDevice:
    """The RTU behind its map. `clock` tells the site's local time; the RTU's own may be set apart from it."""

    def __init__(self, unit: int, station_code: int, rtu: PumpStation, clock: Callable[[], datetime]) -> None:
        self.unit = unit
        self.rtu = rtu
        self._station_code = station_code
        self._clock = clock
        self.clock_offset_s = 0.0
        self._images: dict[Table, list[int]] = {}

    def changed(self) -> None:
        """The RTU moved: what was encoded is old."""
        self._images.clear()

    def sizes(self) -> dict[Table, int]:
        return {"coil": COILS, "discrete": DISCRETES, "input": INPUTS, "holding": HOLDINGS}

    def words(self, table: Table) -> list[int]:
        image = self._images.get(table)
        if image is None:
            encode = {
                "coil": self._coils,
                "discrete": self._discretes,
                "input": self._inputs,
                "holding": self._holdings,
            }
            image = self._images[table] = encode[table]()
        if table == "holding":
            image[CLOCK : CLOCK + 6] = self._clock_words()
        return image

    def write(self, table: Table, address: int, values: Sequence[int]) -> None:
        if not self.rtu.key_at_remote and not (table == "holding" and _is_clock(address, len(values))):
            raise WriteRefused(ModbusException.ILLEGAL_FUNCTION)
        if table == "coil":
            self._write_coils(address, values)
        elif table == "holding":
            self._write_holdings(address, values)
        else:
            raise WriteRefused(ModbusException.ILLEGAL_FUNCTION)
        self.changed()

    # --- reading ----------------------------------------------------------------------------------------------
    def _encode(self, table: Table) -> list[int]:
        match table:
            case "coil":
                return self._coils()
            case "discrete":
                return self._discretes()
            case "input":
                return self._inputs()
            case "holding":
                return self._holdings()

    def _coils(self) -> list[int]:
        bits = [address in self.rtu.pulses_s for address in range(COILS)]
        bits[SIREN], bits[BARRIER] = self.rtu.siren, self.rtu.barrier
        return packed(bits)

    def _discretes(self) -> list[int]:
        rtu, gate = self.rtu, self.rtu.gate
        bits = [False] * DISCRETES
        bits[0:6] = [
            rtu.contacts.power_ok,
            rtu.float_hh,
            rtu.float_ll,
            rtu.contacts.door_open,
            rtu.contacts.flood_in_room,
            rtu.contacts.smoke,
        ]
        bits[6:9] = [
            gate is not None and gate.position >= 1,
            gate is not None and gate.position <= 0,
            rtu.key_at_remote,
        ]
        for n, pump in enumerate(rtu.pumps):
            bits[16 + 4 * n : 20 + 4 * n] = [pump.running, pump.fault != 0, rtu.is_remote(), rtu.is_ready(pump)]
        return packed(bits)

    def _inputs(self) -> list[int]:
        rtu, seen = self.rtu, self.rtu.seen
        voltage = 231.4 - 0.7 * sum(pump.load for pump in rtu.pumps) if rtu.contacts.power_ok else 0.0
        phases = [u16(10 * max(0.0, voltage + unbalance)) if voltage else 0 for unbalance in (0.0, 0.6, -0.5)]
        words = [
            s16(None if rtu.meter_m is None else rtu.meter_m * 1000),
            s16(0.0 if seen.river_m is None else seen.river_m * 1000),
            u16(seen.road_depth_m * 1000),
            *u32(seen.flow_m3_per_s * 10_000),
            u16(seen.rain_5min_mm * 10),
            *u32(round(seen.rain_total_mm * 10)),
            u16(1000 * rtu.gate.position if rtu.gate else 0),
            *u32(rtu.energy_kwh * 10),
            *phases,
            int(rtu.heartbeat_s) & 0xFFFF,
            self._station_code,
            MAP_VERSION,
        ]
        words += [0] * (INPUTS - len(words))
        for n, pump in enumerate(rtu.pumps):
            base = 20 + 16 * n
            words[base : base + 7] = [
                u16(pump.current_a * 10),
                s16(pump.bearing_c * 10),
                *u32(pump.run_s / 360),
                *u32(pump.starts),
                int(pump.fault),
            ]
        return words

    def _holdings(self) -> list[int]:
        rtu, points = self.rtu, self.rtu.setpoints
        words = [0] * HOLDINGS
        words[0] = int(rtu.mode)
        for first, levels in ((START_LEVELS, points.start_levels_m), (STOP_LEVELS, points.stop_levels_m)):
            words[first : first + len(levels)] = [u16(level * 1000) for level in levels]
        words[13:19] = [
            u16(points.ll_dry_m * 1000),
            u16(points.hh_alarm_m * 1000),
            points.min_run_s,
            points.min_off_s,
            points.max_starts_h,
            points.alternation,
        ]
        words[WATCHDOG], words[WATCHDOG_LIMIT] = rtu.watchdog, points.watchdog_limit_s
        return words

    def _clock_words(self) -> list[int]:
        now = self._clock() + timedelta(seconds=self.clock_offset_s)
        return [now.year, now.month, now.day, now.hour, now.minute, now.second]

    # --- writing ----------------------------------------------------------------------------------------------
    def _write_coils(self, address: int, values: Sequence[int]) -> None:
        writable = {*range(2 * len(self.rtu.pumps)), SIREN, BARRIER, ALARM_ACK}
        if self.rtu.gate is not None:
            writable |= {GATE_OPEN, GATE_CLOSE, GATE_STOP}
        if not writable.issuperset(range(address, address + len(values))):
            raise WriteRefused(ModbusException.ILLEGAL_ADDRESS)
        for coil, value in enumerate(values, address):
            self._write_coil(coil, bool(value))

    def _write_coil(self, coil: int, value: bool) -> None:
        rtu = self.rtu
        if coil == SIREN:
            rtu.siren = value
        elif coil == BARRIER:
            rtu.barrier = value
        elif not value:
            rtu.pulses_s.pop(coil, None)
        else:
            rtu.pulses_s[coil] = 0.0
            self._act_on_pulse(coil)

    def _act_on_pulse(self, coil: int) -> None:
        rtu = self.rtu
        if coil == ALARM_ACK:
            rtu.siren = False
        elif coil < 2 * len(rtu.pumps):
            act = rtu.stop_remotely if coil % 2 else rtu.start_remotely
            act(coil // 2)
        elif rtu.gate is not None and rtu.is_remote():
            {GATE_OPEN: rtu.gate.open, GATE_CLOSE: rtu.gate.close, GATE_STOP: rtu.gate.halt}[coil]()

    def _write_holdings(self, address: int, values: Sequence[int]) -> None:
        if _is_clock(address, len(values)):
            self._set_clock(address, values)
            return
        known = {*range(19), WATCHDOG, WATCHDOG_LIMIT}
        if not known.issuperset(range(address, address + len(values))):
            raise WriteRefused(ModbusException.ILLEGAL_ADDRESS)
        words = self._holdings()
        words[address : address + len(values)] = values
        setpoints = self._setpoints(words)
        if words[0] not in (Mode.REMOTE, Mode.AUTOMATIC) or not setpoints.is_acceptable():
            raise WriteRefused(ModbusException.ILLEGAL_VALUE)
        self.rtu.setpoints, self.rtu.mode = setpoints, Mode(words[0])
        self.rtu.hear_master(words[WATCHDOG])

    def _setpoints(self, words: Sequence[int]) -> Setpoints:
        """What the holding registers set; a slot without a pump takes only 0."""
        pumps = len(self.rtu.pumps)
        starts, stops = words[START_LEVELS:STOP_LEVELS], words[STOP_LEVELS : STOP_LEVELS + SLOTS]
        if any(starts[pumps:]) or any(stops[pumps:]):
            raise WriteRefused(ModbusException.ILLEGAL_VALUE)
        return Setpoints(
            start_levels_m=tuple(level / 1000 for level in starts[:pumps]),
            stop_levels_m=tuple(level / 1000 for level in stops[:pumps]),
            ll_dry_m=words[13] / 1000,
            hh_alarm_m=words[14] / 1000,
            min_run_s=words[15],
            min_off_s=words[16],
            max_starts_h=words[17],
            alternation=words[18],
            watchdog_limit_s=words[WATCHDOG_LIMIT],
        )

    def _set_clock(self, address: int, values: Sequence[int]) -> None:
        fields = self._clock_words()
        fields[address - CLOCK : address - CLOCK + len(values)] = values
        now = self._clock()
        try:
            year, month, day, hour, minute, second = fields
            wanted = datetime(year, month, day, hour, minute, second, tzinfo=now.tzinfo)
        except ValueError:
            raise WriteRefused(ModbusException.ILLEGAL_VALUE) from None
        self.clock_offset_s = (wanted - now.replace(microsecond=0)).total_seconds()


def _is_clock(address: int, count: int) -> bool:
    return address >= CLOCK and address + count <= CLOCK + 6
