"""Maps of the gauges: input registers only, 0-based."""

from __future__ import annotations

from collections.abc import Sequence

from infra.simulator.maps.device import Table, s16, u16, u32
from infra.simulator.rtu.gauges import RainGauge, RiverGauge
from infra.simulator.rtu.refusal import ModbusException, WriteRefused


class RainGaugeDevice:
    """0 rain of five minutes, 0.1 mm; 1-2 rain total, 0.1 mm; 3 heartbeat; 4 station code; 5 battery, 0.01 V."""

    def __init__(self, unit: int, station_code: int, gauge: RainGauge) -> None:
        self.unit = unit
        self.gauge = gauge
        self._station_code = station_code

    def sizes(self) -> dict[Table, int]:
        return {"input": 6}

    def words(self, table: Table) -> list[int]:
        assert table == "input"
        bucket = self.gauge.bucket
        return [
            u16(bucket.five_minutes_mm * 10),
            *u32(round(bucket.total_mm * 10)),
            int(self.gauge.heartbeat_s) & 0xFFFF,
            self._station_code,
            u16(self.gauge.battery_v * 100),
        ]

    def write(self, _table: Table, _address: int, _values: Sequence[int]) -> None:
        raise WriteRefused(ModbusException.ILLEGAL_FUNCTION)


class RiverGaugeDevice:
    """0 level, mm, S16, 0x8000 broken; 1 rate of rise, mm/h, S16; 2 heartbeat; 3 station code; 4 battery, 0.01 V."""

    def __init__(self, unit: int, station_code: int, gauge: RiverGauge) -> None:
        self.unit = unit
        self.gauge = gauge
        self._station_code = station_code

    def sizes(self) -> dict[Table, int]:
        return {"input": 5}

    def words(self, table: Table) -> list[int]:
        assert table == "input"
        gauge = self.gauge
        return [
            s16(None if gauge.level_m is None else gauge.level_m * 1000),
            s16(gauge.rate_m_per_h * 1000),
            int(gauge.heartbeat_s) & 0xFFFF,
            self._station_code,
            u16(gauge.battery_v * 100),
        ]

    def write(self, _table: Table, _address: int, _values: Sequence[int]) -> None:
        raise WriteRefused(ModbusException.ILLEGAL_FUNCTION)
