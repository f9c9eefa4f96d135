"""Conditions of the trade's own: what no single register says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.flood.domain import outlook, pump_group
from services.flood.domain.station import Station, StationRules
from shared.contracts.message import Params
from shared.field.expression import Truth
from shared.field.judgement import Delays, Judge, Judgement

OVERFLOW_SOON_MIN = 20.0


@dataclass(frozen=True, slots=True)
class _Kind:
    priority: Literal[1, 2, 3, 4]
    delays: Delays


_KINDS = {
    "level_meter_untrusted": _Kind(2, Delays(on_s=10, off_s=10)),
    "overflow_expected": _Kind(1, Delays(on_s=60, off_s=120)),
    "closure_advised": _Kind(1, Delays(on_s=0, off_s=0)),
    "no_standby": _Kind(2, Delays(on_s=15, off_s=30)),
}


class StationConditions:
    """The judges of one station."""

    def __init__(self, asset: str, rules: StationRules, underpass: str | None) -> None:
        self._asset = asset
        self._underpass = underpass or asset
        self._judges = {code: Judge(kind.delays) for code, kind in _KINDS.items()}
        self._failed = {pump: Judge(Delays()) for pump in range(1, rules.pumps + 1)}
        self._did_not_start = dict.fromkeys(self._failed, False)

    def remember(self, asset: str, condition: str) -> bool:
        """After a restart: it stood. False when this station has no such condition."""
        for code, judge in self._judges.items():
            if code == condition and asset == self._asset_of(code):
                judge.remember()
                return True
        for pump, judge in self._failed.items():
            if condition == f"pump{pump}_did_not_start" and asset == self._asset:
                judge.remember()
                self._did_not_start[pump] = True
                return True
        return False

    def start_ended(self, pump: int, *, succeeded: bool) -> None:
        """A start by the group was verified, or was not."""
        self._did_not_start[pump] = not succeeded

    def step(self, station: Station, now_s: float) -> list[Judgement]:
        found = []
        for code, (truth, params) in self._truths(station, now_s).items():
            standing = self._judges[code].step(truth, now_s)
            if standing is not None:
                priority = _KINDS[code].priority
                found.append(Judgement(self._asset_of(code), code, standing, priority, params, now_s))
        for pump, judge in self._failed.items():
            if station.pumps[pump - 1].running is True:
                self._did_not_start[pump] = False
            standing = judge.step(self._did_not_start[pump], now_s)
            if standing is not None:
                code = f"pump{pump}_did_not_start"
                found.append(Judgement(self._asset, code, standing, 2, {"pump": pump}, now_s))
        return found

    def _truths(self, station: Station, now_s: float) -> dict[str, tuple[Truth, Params]]:
        seen, minutes = station.seen, outlook.expected_overflow_min(station)
        running = sum(1 for pump in seen.pumps if pump.running is True)
        lacking = station.wanted > running and pump_group.find_available(station, now_s) is None
        return {
            "level_meter_untrusted": (
                None if seen.high_float is None else not station.trust.trusted,
                {"level_m": seen.level_m, "float_hh": seen.high_float},
            ),
            "overflow_expected": (
                None if minutes is None else minutes <= OVERFLOW_SOON_MIN,
                {"minutes": None if minutes is None else round(minutes, 1), "pumps": running},
            ),
            "closure_advised": (
                station.closure_advised,
                {"road_depth_m": seen.road_depth_m, "minutes": None if minutes is None else round(minutes, 1)},
            ),
            "no_standby": (
                None if seen.mode == "unknown" else seen.mode == "group" and lacking and not _starting(station),
                {"wanted": station.wanted, "running": running},
            ),
        }

    def _asset_of(self, code: str) -> str:
        return self._underpass if code == "closure_advised" else self._asset


def _starting(station: Station) -> bool:
    return any(pump.asked == "start" for pump in station.pumps)
