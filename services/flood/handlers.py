"""load -> decide -> act: one function per scan, command end and restart.

A scan of an area is decided upon from the images in memory. Actions go first; what they lead to is said afterwards.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal

from services.flood import pictures
from services.flood.details import is_station
from services.flood.domain import outlook, pump_group, rain
from services.flood.domain.conditions import StationConditions
from services.flood.domain.pump_group import Action
from services.flood.domain.station import Station, StationRules, new_station, observe
from shared.clock import Clock
from shared.contracts.flood import (
    ClosureAdviceEnded,
    ClosureAdvised,
    ControlMode,
    ControlModeChanged,
    PumpReturnedToGroup,
    PumpTakenFromGroup,
    WarningStageEnded,
    WarningStageReached,
)
from shared.contracts.message import Event, Reason, Scalar
from shared.field.commands import Failed, Outcome, Unconfirmed, Verified
from shared.field.judgement import Judgement
from shared.field.unit import Unit
from shared.field.wish import PLATFORM, Wish

_ENDINGS: dict[type[Outcome], pump_group.Ending] = {Verified: "proven", Failed: "failed", Unconfirmed: "failed"}
"""Every other outcome means that nothing was written."""
_RELEASES = {"leave_rtu_automatic": True, "take_rtu_remote": False}
"""A dispatcher's commands that give a station to its RTU, and take it back."""


@dataclass(slots=True)
class Ports:
    """What the trade asks of its owner; bound in the wiring, where each of the two needs the other."""

    act: Callable[[Wish], None]
    emit: Callable[[Sequence[Event]], None]
    judge: Callable[[Unit, Sequence[Judgement]], None]


@dataclass(slots=True)
class _StationDesk:
    unit: Unit
    station: Station
    conditions: StationConditions
    mode: ControlMode = "unknown"
    before_hand: dict[str, float | None] = field(default_factory=dict)
    """By command on its way: until when its pump was by hand before."""


@dataclass(slots=True)
class _GaugeDesk:
    unit: Unit
    gauge: rain.Gauge


class Flood:
    """The trade of one process: the pictures of its stations and gauges, and what is done about them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rules: Mapping[str, StationRules] = {}
        self._warning_rules: Sequence[rain.WarningRule] = ()
        self._stations: dict[str, _StationDesk] = {}
        self._gauges: dict[str, _GaugeDesk] = {}
        self._lock = threading.RLock()
        self.ports: Ports

    def adopt(self, rules: Mapping[str, StationRules], warning_rules: Sequence[rain.WarningRule]) -> None:
        """Work by these: `rules` by controller for what is taken from now on, `warning_rules` at once."""
        with self._lock:
            self._rules, self._warning_rules = rules, warning_rules

    def take(self, area: str, units: Sequence[Unit], memories: Mapping[str, dict[str, Any]]) -> None:
        """Begin with what was known before the restart."""
        now_s = self._clock.now().timestamp()
        with self._lock:
            for unit in units:
                assert unit.area == area
                asset = unit.entry.asset
                memory = memories.get(asset, {})
                if is_station(unit.profile):
                    station = pictures.recall_station(new_station(self._rules[unit.id]), memory, now_s)
                    self._stations[unit.id] = _StationDesk(
                        unit, station, StationConditions(asset, station.rules, pictures.asset_of(unit, "road_depth"))
                    )
                elif "rain_1h" in unit.profile.computed:
                    self._gauges[unit.id] = _GaugeDesk(unit, pictures.recall_gauge(memory))

    def recall(self, area: str, memories: Mapping[str, dict[str, Any]]) -> None:
        """What was known before joins what was seen since; a gauge's counter says itself what fell meanwhile."""
        now_s = self._clock.now().timestamp()
        with self._lock:
            for desk in self._stations.values():
                if desk.unit.area == area:
                    memory = memories.get(desk.unit.entry.asset, {})
                    desk.station = pictures.recall_station(desk.station, memory, now_s)
            for gauge in self._gauges.values():
                memory = memories.get(gauge.unit.entry.asset, {})
                if memory and gauge.unit.area == area:
                    gauge.gauge = pictures.recall_gauge(memory)

    def release(self, units: Sequence[Unit]) -> None:
        with self._lock:
            for unit in units:
                self._stations.pop(unit.id, None)
                self._gauges.pop(unit.id, None)

    def decides(self, unit: Unit) -> bool:
        return unit.id in self._stations or unit.id in self._gauges

    def remember(self, area: str, asset: str, condition: str) -> bool:
        with self._lock:
            mine = [desk for desk in self._stations.values() if desk.unit.area == area]
            desks = [desk for desk in mine if not desk.unit.scanner.silent]
            return any(desk.conditions.remember(asset, condition) for desk in desks)

    def memories(self, area: str) -> dict[str, dict[str, Any]]:
        """What must survive a restart: starts of the last hour, pumps by hand, whose turn it is, what has fallen."""
        with self._lock:
            stations = {
                desk.unit.entry.asset: pictures.memory_of_station(desk.station)
                for desk in self._stations.values()
                if desk.unit.area == area
            }
            gauges = {
                desk.unit.entry.asset: pictures.memory_of_gauge(desk.gauge)
                for desk in self._gauges.values()
                if desk.unit.area == area
            }
        return stations | gauges

    def on_scan(self, units: Sequence[str]) -> None:
        """Decide about the stations and gauges whose controllers were scanned, from their images as they are now."""
        actions: list[tuple[_StationDesk, Action]] = []
        with self._lock:
            now_s = self._clock.now().timestamp()
            for unit in units:
                if station := self._stations.get(unit):
                    actions += [(station, action) for action in self._on_station(station, now_s)]
                elif gauge := self._gauges.get(unit):
                    self._on_gauge(gauge, now_s)
        for desk, action in actions:
            self.ports.act(self._wish(desk, action))

    def on_command_ended(self, wish: Wish, outcome: Outcome) -> None:
        """Whoever started or stopped a pump, the group must know how it ended."""
        pump, verified = pictures.pump_of(wish.command), isinstance(outcome, Verified)
        with self._lock:
            desk = self._find_desk(wish.asset)
            if desk is None:
                return
            if wish.origin == "automatic" and pump:
                now_s = self._clock.now().timestamp()
                asked: Literal["start", "stop"] = "start" if wish.command.endswith("_start") else "stop"
                ending = _ENDINGS.get(type(outcome), "not_sent")
                desk.station = pump_group.ended(desk.station, pump, asked, ending, now_s)
                if wish.command.endswith("_start") and type(outcome) in _ENDINGS:
                    desk.conditions.start_ended(pump, succeeded=verified)
            elif wish.origin == "operator" and type(outcome) in _ENDINGS and wish.command in _RELEASES:
                # Given away unless it was never written: what may have been, the platform does not take back.
                given = _RELEASES[wish.command]
                desk.station = replace(desk.station, released_to_rtu=given or not verified)
            elif wish.command_id in desk.before_hand:
                until_s = desk.before_hand.pop(wish.command_id)
                if type(outcome) not in _ENDINGS:
                    desk.station = pump_group.given_back(desk.station, pump, until_s)
                    self._returned(desk, pump, "operator")

    def on_command_started(self, wish: Wish) -> None:
        """A dispatcher's start or stop is going out: from now on the group leaves the pump alone."""
        pump = pictures.pump_of(wish.command)
        with self._lock:
            desk = self._find_desk(wish.asset)
            if desk is None or not pump or wish.origin != "operator" or wish.command.endswith("_return_to_group"):
                return
            now = self._clock.now()
            desk.before_hand[wish.command_id] = desk.station.pumps[pump - 1].by_hand_until_s
            desk.station = pump_group.taken_by_hand(desk.station, pump, now.timestamp())
            expires_at = now + timedelta(seconds=desk.station.rules.by_hand_s)
        actor = wish.actor.username
        self.ports.emit(
            [PumpTakenFromGroup(area=wish.area, asset=wish.asset, pump=pump, actor=actor, expires_at=expires_at)]
        )

    def write_computed(self, unit: Unit, point: str, value: Scalar) -> None:
        """`pump{n}_in_group`: return a pump to the group."""
        pump = pictures.pump_of(point)
        with self._lock:
            desk = self._stations[unit.id]
            assert pump
            assert value is True
            desk.station = pump_group.returned_to_group(desk.station, pump)
        self._returned(desk, pump, "operator")

    def _find_desk(self, asset: str) -> _StationDesk | None:
        """The station that an asset is, or that an underpass belongs to."""
        return next((desk for desk in self._stations.values() if asset in desk.unit.image.assets), None)

    def _on_station(self, desk: _StationDesk, now_s: float) -> list[Action]:
        station = observe(desk.station, pictures.look(desk.unit, now_s), now_s)
        station = pump_group.settle(station, now_s)
        for pump in pump_group.expired(station, now_s):
            station = pump_group.returned_to_group(station, pump)
            self._returned(desk, pump, "expired")
        actions = pump_group.decide(station, now_s) if desk.unit.is_master() else []
        for action in actions:
            station = pump_group.evolve(station, action, now_s)
        desk.station = station
        self._say_mode(desk)
        self._advise(desk, now_s)
        self.ports.judge(desk.unit, desk.conditions.step(desk.station, now_s))
        pictures.compute(desk.unit, desk.station, now_s)
        return actions

    def _on_gauge(self, desk: _GaugeDesk, now_s: float) -> None:
        unit, image = desk.unit, desk.unit.image
        at = image.index["rain_total"]
        total_mm = pictures.number(image.known(at, now_s))
        gauge = rain.observe(desk.gauge, total_mm, image.shown(at)[2] or now_s)
        reached = rain.stage_reached(gauge, self._warning_rules, now_s)
        stage = reached.stage if reached else None
        area, asset = unit.area, unit.entry.asset
        if stage != gauge.stage:
            events: list[Event] = []
            if gauge.stage is not None:
                events.append(WarningStageEnded(area=area, asset=asset, stage=gauge.stage))
            if reached is not None:
                events.append(
                    WarningStageReached(
                        area=area,
                        asset=asset,
                        stage=reached.stage,
                        window_h=reached.window_h,
                        rain_mm=reached.rain_mm,
                    )
                )
            self.ports.emit(events)
        desk.gauge = replace(gauge, stage=stage)
        known = total_mm is not None
        for window_h in rain.WINDOWS_H:
            unit.compute(f"rain_{window_h}h", rain.rain_mm(gauge, window_h, now_s) if known else None, now_s)
        unit.compute("warning_stage", rain.STAGES.index(stage) + 1 if stage else 0, now_s)

    def _say_mode(self, desk: _StationDesk) -> None:
        mode = desk.station.seen.mode
        if mode != desk.mode:
            area, asset = desk.unit.area, desk.unit.entry.asset
            self.ports.emit([ControlModeChanged(area=area, asset=asset, mode=mode, previous=desk.mode)])
            desk.mode = mode

    def _advise(self, desk: _StationDesk, now_s: float) -> None:
        """Close the underpass before it floods; the advice ends when the road is clear again."""
        underpass = pictures.asset_of(desk.unit, "road_depth")
        if underpass is None:
            return
        code = outlook.should_close(desk.station)
        since_s = None if code is None else desk.station.close_since_s or now_s
        desk.station = replace(desk.station, close_since_s=since_s)
        lasting = since_s is not None and now_s - since_s >= desk.station.rules.closing_delay_s
        if code is not None and lasting and not desk.station.closure_advised:
            desk.station = replace(desk.station, closure_advised=True)
            minutes = outlook.expected_overflow_min(desk.station)
            params: dict[str, Scalar] = {
                "road_depth_m": desk.station.seen.road_depth_m,
                "minutes": None if minutes is None else round(minutes, 1),
            }
            reason = Reason(code=code, params=params)
            self.ports.emit([ClosureAdvised(area=desk.unit.area, asset=underpass, reason=reason)])
        elif desk.station.closure_advised and outlook.may_reopen(desk.station):
            desk.station = replace(desk.station, closure_advised=False)
            self.ports.emit([ClosureAdviceEnded(area=desk.unit.area, asset=underpass)])

    def _returned(self, desk: _StationDesk, pump: int, cause: Literal["operator", "expired"]) -> None:
        area, asset = desk.unit.area, desk.unit.entry.asset
        self.ports.emit([PumpReturnedToGroup(area=area, asset=asset, pump=pump, cause=cause)])

    def _wish(self, desk: _StationDesk, action: Action) -> Wish:
        now = self._clock.now()
        identity = uuid.uuid4().hex
        spec = desk.unit.profile.commands[action.command]
        return Wish(
            command_id=identity,
            area=desk.unit.area,
            asset=desk.unit.entry.asset,
            command=action.command,
            params={},
            reason=action.reason,
            origin="automatic",
            actor=PLATFORM,
            requested_at=now,
            deadline=now + timedelta(seconds=spec.ttl),
            correlation_id=identity,
        )
