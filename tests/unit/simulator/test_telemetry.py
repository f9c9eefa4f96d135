"""The simulated telemetry station, read by the product's codec; and its frames against published ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from infra.simulator.rain import TippingBucket
from infra.simulator.rtu.gauges import RainGauge, RiverGauge
from infra.simulator.telemetry.frames import checksum, number, taken_serial
from infra.simulator.telemetry.station import MEMORY_MAX, TelemetryStation
from shared.field.adapters.port import Arrival
from shared.field.adapters.sl651.adapter import ADAPTER
from tests.unit.field.test_sl651 import LINK_KEEP, TEST_TAKEN, TIMED

ZONE = ZoneInfo("Asia/Shanghai")
ADDRESS = "0013020301"
STEP_S = 60.0


class Gauge:
    def __init__(self, start: str = "2026-07-29 09:58:00") -> None:
        self.now = datetime.fromisoformat(start).replace(tzinfo=ZONE)
        self.station = TelemetryStation(ADDRESS, RainGauge(TippingBucket(0.1)), RiverGauge(), lambda: self.now)

    def run(self, minutes: int, *, rain_mm: float = 0.0, level_m: float = 1.6) -> None:
        """`rain_mm` each minute."""
        for _ in range(minutes):
            self.now += timedelta(seconds=STEP_S)
            self.station.step(STEP_S, rain_mm, level_m, 0.0)

    def reports(self) -> list[Arrival]:
        session = ADAPTER.session(ZONE)
        found = [arrival for kept in self.station.memory for arrival in session.feed(kept.raw)]
        assert all(isinstance(each, Arrival) for each in found)
        return [each for each in found if isinstance(each, Arrival)]


def test_checksum_and_elements_are_those_of_published_frames() -> None:
    for text in (LINK_KEEP, TIMED):
        raw = bytes.fromhex(text.replace(" ", ""))
        assert raw[-2:] == checksum(raw[:-2])
    shown = [number("26", 4.0, 6, 1), number("39", 10.49, 8, 3), number("38", 10.99, 4, 2)]
    assert ["2619000040", "392300010490", "38121099"] == shown
    assert [10.49, 10.99] == [int(shown[1][4:]) / 1000, int(shown[2][4:]) / 100]


def test_timed_reports_say_what_the_sensors_say() -> None:
    gauge = Gauge()
    gauge.run(9, rain_mm=0.2, level_m=2.345)
    reports = [each.report for each in gauge.reports()]
    told = [(each.identity[:2], each.values[-1].taken_at.astimezone(ZONE).strftime("%H:%M")) for each in reports]
    assert [("32", "09:59"), ("32", "10:00"), ("34", "10:00"), ("32", "10:05")] == told
    assert [("20", 1.0), ("26", 1.4), ("39", 2.345), ("38", 12.6)] == [
        (each.element, each.value) for each in reports[-1].values
    ]


def test_full_hour_tells_its_twelve_rains_and_levels_once_more() -> None:
    gauge = Gauge("2026-07-29 09:00:00")
    gauge.run(60, rain_mm=0.1, level_m=2.0)
    hourly = gauge.reports()[-1].report
    rains = [each.value for each in hourly.values if each.element == "F4"]
    levels = [each.value for each in hourly.values if each.element == "F5"]
    assert ([0.4, *[0.5] * 11], [2.0] * 12) == (rains, levels)
    times = [each.taken_at.astimezone(ZONE).strftime("%H:%M") for each in hourly.values if each.element == "F4"]
    assert ("09:05", "10:00") == (times[0], times[-1])


def test_broken_level_meter_and_a_level_below_zero_are_told_as_such() -> None:
    gauge = Gauge()
    gauge.station.river.broken = True
    gauge.run(1)
    gauge.station.river.broken = False
    gauge.run(5, level_m=-0.5)
    levels = [
        (each.value, each.quality) for found in gauge.reports() for each in found.report.values if each.element == "39"
    ]
    assert ((None, "bad.sensor_fault"), (-0.5, "good")) == (levels[0], levels[-1])


def test_report_is_taken_by_its_own_acknowledgement_alone() -> None:
    gauge = Gauge()
    gauge.run(7)
    serials = [kept.serial for kept in gauge.station.memory]
    answers = [each.answer for each in gauge.reports()]
    assert serials == [taken_serial(ADDRESS, answer) for answer in answers]
    assert [None] * 3 == [
        taken_serial("0000000000", answers[0]),
        taken_serial(ADDRESS, answers[0][:-1] + b"\0"),
        taken_serial(ADDRESS, bytes.fromhex(TEST_TAKEN)),
    ]


def test_memory_lets_the_oldest_go_and_serial_numbers_begin_again() -> None:
    gauge = Gauge()
    gauge.station.serial = 0xFFFE
    gauge.run(6)
    assert [0xFFFF, 1, 2] == [kept.serial for kept in gauge.station.memory]
    gauge.run(5 * MEMORY_MAX)
    assert MEMORY_MAX == len(gauge.station.memory)
    assert gauge.station.serial == gauge.station.memory[-1].serial
