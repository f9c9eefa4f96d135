"""Between the engine's images and the domain's pictures: what is looked at, computed, kept and recalled."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from typing import Any

from services.flood.domain import outlook, rain
from services.flood.domain.station import HOUR_S, PumpSeen, Station, StationSeen
from shared.contracts.flood import ControlMode
from shared.contracts.message import Scalar
from shared.field.unit import Unit

_PUMP = re.compile(r"pump(\d+)_")
_MODE_LABEL: dict[ControlMode, int] = {"unknown": 0, "group": 1, "rtu_automatic": 2, "local": 3}
"""The numbers of the computed point `control_mode`."""
_KEPT_EVERY_S = 300.0
"""So exactly it is kept when a gauge was read last."""
_RTU_REMOTE = 1
"""`rtu_mode` when the RTU obeys the platform."""


def look(unit: Unit, now_s: float) -> StationSeen:
    """What the last scans say of a station; whatever is not good and fresh is not known."""
    image = unit.image

    def known(point: str) -> Scalar:
        at = image.index.get(point)
        return None if at is None else image.known(at, now_s)

    def flag(point: str) -> bool | None:
        value = known(point)
        return value if isinstance(value, bool) else None

    pumps = sum(1 for name in image.profile.points if name.startswith("pump") and name.endswith("_running"))
    mode = known("rtu_mode")
    return StationSeen(
        level_m=number(known("level_wet_well")),
        high_float=flag("float_hh"),
        low_water=flag("float_ll"),
        road_depth_m=number(known("road_depth")),
        flow_m3_per_s=number(known("flow_total")),
        key_remote=flag("remote"),
        rtu_remote=None if mode is None else mode == _RTU_REMOTE,
        pumps=tuple(
            PumpSeen(
                running=flag(f"pump{n}_running"),
                fault=flag(f"pump{n}_fault"),
                remote=flag(f"pump{n}_remote"),
                ready=flag(f"pump{n}_ready"),
                current_a=number(known(f"pump{n}_current")),
            )
            for n in range(1, pumps + 1)
        ),
    )


def compute(unit: Unit, station: Station, now_s: float) -> None:
    """Fill in the computed points of a station; what interlocks hang on must be here."""
    unit.compute("control_mode", _MODE_LABEL[station.seen.mode], now_s)
    unit.compute("level_trusted", station.believes_level, now_s)
    minutes, inflow = outlook.time_to_overflow_min(station), outlook.inflow_m3_per_s(station)
    unit.compute("time_to_overflow", None if minutes is None else round(minutes, 1), now_s)
    unit.compute("inflow", None if inflow is None else round(inflow, 2), now_s)
    for n, pump in enumerate(station.pumps, start=1):
        seen = station.seen.pumps[n - 1].running is not None
        unit.compute(f"pump{n}_starts_1h", pump.starts_1h(now_s), now_s)
        unit.compute(f"pump{n}_in_group", pump.in_group(now_s), now_s)
        unit.compute(f"pump{n}_off_for", _elapsed(pump.stopped_since_s, now_s) if seen else None, now_s)
        unit.compute(f"pump{n}_on_for", _elapsed(pump.running_since_s, now_s) if seen else None, now_s)


def number(value: Scalar) -> float | None:
    return None if value is None or isinstance(value, str | bool) else float(value)


def pump_of(name: str) -> int:
    """The pump's number in the name of a point or a command, 0 when it names none."""
    found = _PUMP.match(name)
    return int(found[1]) if found else 0


def asset_of(unit: Unit, point: str) -> str | None:
    """The asset a point belongs to when that is not the controller's own: the underpass of its gauge."""
    at = unit.image.index.get(point)
    asset = None if at is None else unit.image.assets[at]
    return None if asset == unit.entry.asset else asset


def memory_of_station(station: Station) -> dict[str, Any]:
    """What a restart must not forget."""
    return {
        "next_first": station.next_first,
        "released_to_rtu": station.released_to_rtu,
        "closure_advised": station.closure_advised,
        "pumps": [
            {
                "starts_s": list(pump.starts_s),
                "by_hand_until_s": pump.by_hand_until_s,
                "running_since_s": pump.running_since_s,
                "stopped_since_s": pump.stopped_since_s,
            }
            for pump in station.pumps
        ],
    }


def recall_station(station: Station, memory: dict[str, Any], now_s: float) -> Station:
    """The picture after a restart, with what was seen since; a memory of another number of pumps is of another station
    and not used."""
    remembered = memory.get("pumps", [])
    if len(remembered) != len(station.pumps):
        return station
    pumps = tuple(
        replace(
            pump,
            starts_s=tuple(sorted({at_s for at_s in (*entry["starts_s"], *pump.starts_s) if now_s - at_s < HOUR_S})),
            by_hand_until_s=entry["by_hand_until_s"] if pump.by_hand_until_s is None else pump.by_hand_until_s,
            running_since_s=entry["running_since_s"] if pump.running is None else pump.running_since_s,
            stopped_since_s=entry["stopped_since_s"] if pump.running is None else pump.stopped_since_s,
        )
        for pump, entry in zip(station.pumps, remembered, strict=True)
    )
    return replace(
        station,
        pumps=pumps,
        next_first=memory["next_first"] % len(pumps),
        released_to_rtu=memory["released_to_rtu"],
        closure_advised=station.closure_advised or memory["closure_advised"],
    )


def memory_of_gauge(gauge: rain.Gauge) -> dict[str, Any]:
    """While it is dry it changes only every few minutes: what has not changed is not written."""
    content = asdict(gauge)
    content["read_at_s"] = None if gauge.read_at_s is None else gauge.read_at_s // _KEPT_EVERY_S * _KEPT_EVERY_S
    content["steps"] = [list(step) for step in gauge.steps]
    return content


def recall_gauge(memory: dict[str, Any]) -> rain.Gauge:
    if not memory:
        return rain.Gauge()
    steps = tuple((float(at_s), float(fallen_mm)) for at_s, fallen_mm in memory["steps"])
    return rain.Gauge(
        last_total_mm=memory["last_total_mm"],
        read_at_s=memory.get("read_at_s"),  # earlier releases did not keep it
        fallen_mm=memory["fallen_mm"],
        steps=steps,
        stage=memory["stage"],
    )


def _elapsed(since_s: float | None, now_s: float) -> float:
    """Whole seconds since then, at most an hour: an interlock asks for minutes, and a point that always changes is
    always sent. Never before: an hour."""
    return HOUR_S if since_s is None else min(float(int(now_s - since_s)), HOUR_S)
