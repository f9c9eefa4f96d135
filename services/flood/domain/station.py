"""A pump station as the platform sees it: what the last scans said, and what must be remembered between them.

Unknown is None everywhere. Times are seconds of city time since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

ControlMode = Literal["group", "rtu_automatic", "local", "unknown"]
"""The platform's group control, the RTU's own automatic, the key switch at the site; or nobody can say."""

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpSeen:
    """What the last scan says of a pump."""

    running: bool | None = None
    fault: bool | None = None
    remote: bool | None = None
    ready: bool | None = None
    current_a: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StationSeen:
    """What the last scan says of a station. `low_water`: the low float hangs free."""

    level_m: float | None = None
    high_float: bool | None = None
    low_water: bool | None = None
    road_depth_m: float | None = None
    flow_m3_per_s: float | None = None
    key_remote: bool | None = None
    rtu_remote: bool | None = None
    """True: the RTU obeys the platform; False: it runs its own automatic."""
    pumps: tuple[PumpSeen, ...] = ()

    @property
    def mode(self) -> ControlMode:
        if self.key_remote is None or self.rtu_remote is None:
            return "unknown"
        if not self.key_remote:
            return "local"
        return "group" if self.rtu_remote else "rtu_automatic"


@dataclass(frozen=True, slots=True, kw_only=True)
class StationRules:
    """How a station is to be run. Levels in metres above the well floor, times in seconds.

    Start and stop bands after GB 50014; at most six starts an hour a pump when automatic, fewer for large motors.
    """

    pumps: int
    pump_capacity_m3_per_s: float
    wet_well_area_m2: float
    overflow_level_m: float
    start_levels_m: tuple[float, ...]
    stop_levels_m: tuple[float, ...]
    dry_run_level_m: float
    high_float_level_m: float
    no_load_current_a: float
    no_load_s: float = 15.0
    min_run_s: float = 60.0
    min_off_s: float = 60.0
    starts_per_hour_max: int = 6
    start_gap_s: float = 2.0
    """Between two starts at one station, so that the motors' inrush does not add up."""
    retry_s: float = 60.0
    """A pump that did not start, or ran without load, is left alone for this long."""
    by_hand_s: float = 7200.0
    frozen_s: float = 45.0
    """A level that does not move for so long after a pump started is not believed any more."""
    float_disagrees_s: float = 5.0
    trust_again_s: float = 60.0
    float_run_on_s: float = 300.0
    closing_depth_m: float = 0.27
    closing_minutes: float = 15.0
    closing_delay_s: float = 60.0
    """A reason to close must last so long: the peak of a cloudburst is over in a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pump:
    """What must be remembered of a pump."""

    running: bool | None = None
    running_since_s: float | None = None
    stopped_since_s: float | None = None
    starts_s: tuple[float, ...] = ()
    """The starts of the last hour."""
    by_hand_until_s: float | None = None
    asked: Literal["start", "stop"] | None = None
    asked_at_s: float = 0.0
    unavailable_until_s: float = 0.0
    stop_after_s: float = 0.0
    """A stop that an interlock refused is not asked for again before this."""
    no_load_since_s: float | None = None

    def starts_1h(self, now_s: float) -> int:
        return sum(1 for at_s in self.starts_s if now_s - at_s < HOUR_S)

    def in_group(self, now_s: float) -> bool:
        return self.by_hand_until_s is None or now_s >= self.by_hand_until_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Is the level meter to be believed? It is suspected when it stands still or contradicts the floats."""

    trusted: bool = True
    level_m: float | None = None
    moved_at_s: float | None = None
    watching_since_s: float | None = None
    """A pump started then: the level must move."""
    disagrees_since_s: float | None = None
    """Since when it contradicts the floats, or says nothing while they speak."""
    agrees_since_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """The picture of one pump station in the owner's memory."""

    rules: StationRules
    seen: StationSeen = StationSeen()
    pumps: tuple[Pump, ...]
    wanted: int = 0
    """How many pumps the group wants to run."""
    grouped: bool = False
    """The scan before found it under group control."""
    next_first: int = 0
    """Whose turn it is to be the duty pump: alternation."""
    trust: Trust = Trust()
    floated_at_s: float | None = None
    """When the high float was last up while the level was not trusted."""
    last_start_s: float = float("-inf")
    released_to_rtu: bool = False
    """A dispatcher gave the station to its RTU: the platform does not take it back by itself."""
    took_back_at_s: float = float("-inf")
    levels: tuple[tuple[float, float], ...] = ()
    """(time, level) of the last minutes, for the rate of rise."""
    close_since_s: float | None = None
    closure_advised: bool = False

    @property
    def believes_level(self) -> bool:
        """Is there a level, from a meter that is to be believed? Without one the floats decide."""
        return self.trust.trusted and self.seen.level_m is not None


def new_station(rules: StationRules) -> Station:
    return Station(rules=rules, pumps=tuple(Pump() for _ in range(rules.pumps)))


LEVEL_WINDOW_S = 120.0
_LEVEL_EVERY_S = 2.0
_MOVED_M = 0.005
_FLOAT_MARGIN_M = 0.3


def observe(station: Station, seen: StationSeen, now_s: float) -> Station:
    """The picture after a scan."""
    assert len(seen.pumps) == len(station.pumps)
    pumps = tuple(
        _observe_pump(pump, look, station.rules, now_s) for pump, look in zip(station.pumps, seen.pumps, strict=True)
    )
    started = any(new.running is True and old.running is False for new, old in zip(pumps, station.pumps, strict=True))
    trust = _observe_trust(station.trust, station.rules, seen, started, now_s)
    floated = seen.high_float is True and not (trust.trusted and seen.level_m is not None)
    return replace(
        station,
        seen=seen,
        pumps=pumps,
        trust=trust,
        floated_at_s=now_s if floated else station.floated_at_s,
        levels=_observe_level(station.levels, seen.level_m if trust.trusted else None, now_s),
    )


def _observe_pump(pump: Pump, seen: PumpSeen, rules: StationRules, now_s: float) -> Pump:
    if seen.running is None:
        return replace(pump, no_load_since_s=None)
    if seen.running != pump.running:
        starts = tuple(at_s for at_s in pump.starts_s if now_s - at_s < HOUR_S)
        first = pump.running is None  # since when, only a memory from before the restart can know
        pump = replace(
            pump,
            running=seen.running,
            running_since_s=(pump.running_since_s if first else now_s) if seen.running else None,
            stopped_since_s=None if seen.running else (pump.stopped_since_s if first else now_s),
            starts_s=(*starts, now_s) if seen.running and pump.running is False else starts,
        )
    idle = seen.running and seen.current_a is not None and seen.current_a < rules.no_load_current_a
    return replace(pump, no_load_since_s=(pump.no_load_since_s or now_s) if idle else None)


def _observe_trust(trust: Trust, rules: StationRules, seen: StationSeen, started: bool, now_s: float) -> Trust:
    level_m = seen.level_m
    if level_m is None:
        if seen.high_float is None:  # nothing is known of the station: that is the link's fault, not the meter's
            return replace(trust, watching_since_s=None, disagrees_since_s=None, agrees_since_s=None)
        since_s = trust.disagrees_since_s if trust.disagrees_since_s is not None else now_s
        silent = now_s - since_s >= rules.float_disagrees_s
        trusted = trust.trusted and not silent
        return replace(
            trust, trusted=trusted, level_m=None, watching_since_s=None, disagrees_since_s=since_s, agrees_since_s=None
        )
    moved = trust.level_m is None or abs(level_m - trust.level_m) >= _MOVED_M
    if moved:
        trust = replace(trust, level_m=level_m, moved_at_s=now_s, watching_since_s=None)
    if started:
        trust = replace(trust, watching_since_s=now_s)
    frozen = trust.watching_since_s is not None and now_s - trust.watching_since_s >= rules.frozen_s
    if _contradicted(rules, seen, level_m):
        since_s = trust.disagrees_since_s if trust.disagrees_since_s is not None else now_s
        trust = replace(trust, disagrees_since_s=since_s, agrees_since_s=None)
        disagrees = now_s - since_s >= rules.float_disagrees_s
    else:
        agreed_s = trust.agrees_since_s if trust.agrees_since_s is not None else now_s
        trust = replace(trust, disagrees_since_s=None, agrees_since_s=agreed_s)
        disagrees = False
    if trust.trusted:
        return replace(trust, trusted=False, agrees_since_s=None) if frozen or disagrees else trust
    alive = trust.moved_at_s is not None and now_s - trust.moved_at_s < rules.trust_again_s
    agreed = trust.agrees_since_s is not None and now_s - trust.agrees_since_s >= rules.trust_again_s
    return replace(trust, trusted=alive and agreed and not frozen)


def _contradicted(rules: StationRules, seen: StationSeen, level_m: float) -> bool:
    """The floats say something the meter does not."""
    if seen.high_float is True and level_m < rules.high_float_level_m - _FLOAT_MARGIN_M:
        return True
    return seen.low_water is True and level_m > rules.dry_run_level_m + _FLOAT_MARGIN_M


def _observe_level(
    levels: tuple[tuple[float, float], ...], level_m: float | None, now_s: float
) -> tuple[tuple[float, float], ...]:
    if level_m is None:
        return ()
    if levels and now_s - levels[-1][0] < _LEVEL_EVERY_S:
        return levels
    return (*(entry for entry in levels if now_s - entry[0] <= LEVEL_WINDOW_S), (now_s, level_m))
