"""Group control: which pumps run. Decides, never acts.

`decide` says what to do now and `evolve` notes that it was asked; both are pure, so that every rule here can be played
through as a table. Only pumps in the group are touched; only a station whose RTU obeys the platform is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from services.flood.domain.station import Pump, PumpSeen, Station
from shared.contracts.message import Params

TAKE_BACK_EVERY_S = 30.0
NOT_SENT_RETRY_S = 3.0
"""What an interlock refused is asked for again after this, and what else is to be done goes on meanwhile."""


@dataclass(frozen=True, slots=True)
class Action:
    """A command to send, by the same path as an operator's. `pump` is its number from one, 0 for the station."""

    command: str
    pump: int
    reason: str
    params: Params


def decide(station: Station, now_s: float) -> list[Action]:
    """What the group does now; empty when all is as it should be."""
    mode = station.seen.mode
    if mode == "rtu_automatic":
        due = not station.released_to_rtu and now_s - station.took_back_at_s >= TAKE_BACK_EVERY_S
        return [Action("take_rtu_remote", 0, "group_takes_back", {})] if due else []
    if mode != "group":
        return []
    protect = list(_protect(station, now_s))
    if protect:
        return protect
    wanted = wanted_pumps(station, now_s)
    running = [at for at, pump in enumerate(station.pumps) if _counts(pump, station.seen.pumps[at])]
    if len(running) < wanted:
        return list(_start_one(station, wanted, now_s))
    if len(running) > wanted:
        return list(_stop_one(station, running, now_s))
    return []


def settle(station: Station, now_s: float) -> Station:
    """The picture with what the levels want noted: called on each scan, before `decide`."""
    if station.seen.mode != "group" or not station.grouped:  # at the first scan too: what runs between its levels stays
        station = replace(station, wanted=sum(1 for pump in station.pumps if pump.running))
    if station.seen.mode != "group":
        return replace(station, grouped=False)
    wanted = wanted_pumps(station, now_s)
    idle = wanted == 0 and station.wanted > 0
    return replace(
        station,
        grouped=True,
        wanted=wanted,
        next_first=(station.next_first + 1) % len(station.pumps) if idle else station.next_first,
    )


def evolve(station: Station, action: Action, now_s: float) -> Station:
    """The picture after an action was asked for."""
    if action.command == "take_rtu_remote":
        return replace(station, took_back_at_s=now_s)
    asked = replace(
        station.pumps[action.pump - 1], asked="start" if action.command.endswith("_start") else "stop", asked_at_s=now_s
    )
    if action.reason in ("no_load", "dry_run"):
        asked = replace(asked, unavailable_until_s=now_s + station.rules.retry_s)
    station = _with_pump(station, action.pump - 1, asked)
    return replace(station, last_start_s=now_s) if asked.asked == "start" else station


Ending = Literal["proven", "failed", "not_sent"]
"""How what was asked of a pump ended: its feedback agreed, it did not, or nothing was ever written."""


def ended(station: Station, pump: int, asked: Literal["start", "stop"], ending: Ending, now_s: float) -> Station:
    """The picture after what was asked of a pump came to its end; what another wish has overtaken is let go.

    A start that failed puts the pump aside for `retry_s`, so that another takes its place; one that was never sent (an
    interlock was not known yet, say) is tried again soon.
    """
    before = station.pumps[pump - 1]
    if before.asked != asked:
        return station
    until_s = before.unavailable_until_s
    stop_after_s = before.stop_after_s
    if before.asked == "start" and ending != "proven":
        until_s = now_s + (station.rules.retry_s if ending == "failed" else NOT_SENT_RETRY_S)
    if before.asked == "stop" and ending == "not_sent":
        stop_after_s = now_s + NOT_SENT_RETRY_S
    after = replace(before, asked=None, unavailable_until_s=until_s, stop_after_s=stop_after_s)
    return _with_pump(station, pump - 1, after)


def taken_by_hand(station: Station, pump: int, now_s: float) -> Station:
    """A dispatcher started or stopped the pump: the group leaves it alone until the expiry."""
    until_s = now_s + station.rules.by_hand_s
    return _with_pump(station, pump - 1, replace(station.pumps[pump - 1], by_hand_until_s=until_s))


def given_back(station: Station, pump: int, until_s: float | None) -> Station:
    """The dispatcher's wish was never written: the pump is as it was before."""
    return _with_pump(station, pump - 1, replace(station.pumps[pump - 1], by_hand_until_s=until_s))


def returned_to_group(station: Station, pump: int) -> Station:
    return _with_pump(station, pump - 1, replace(station.pumps[pump - 1], by_hand_until_s=None))


def expired(station: Station, now_s: float) -> list[int]:
    """The pumps whose time by hand is over, by number."""
    return [
        at + 1
        for at, pump in enumerate(station.pumps)
        if pump.by_hand_until_s is not None and now_s >= pump.by_hand_until_s
    ]


def wanted_pumps(station: Station, now_s: float) -> int:
    """How many pumps should run: by the level, or by the floats when the level is not to be believed.

    Between its stop and its start level a pump stays as it was: that is the hysteresis that keeps starts rare, and why
    a pump that trips there is replaced at once.
    """
    rules, seen = station.rules, station.seen
    if not station.believes_level:
        return _wanted_by_floats(station, now_s)
    assert seen.level_m is not None
    least = sum(1 for level_m in rules.start_levels_m[: rules.pumps] if seen.level_m >= level_m)
    most = sum(1 for level_m in rules.stop_levels_m[: rules.pumps] if seen.level_m > level_m)
    return max(least, min(station.wanted, max(most, least)))


def available(station: Station, at: int, now_s: float) -> bool:
    """May the group start this pump now, for all that is known? What is not known forbids it."""
    pump, seen, rules = station.pumps[at], station.seen.pumps[at], station.rules
    rested = pump.stopped_since_s is None or now_s - pump.stopped_since_s >= rules.min_off_s
    return (
        pump.in_group(now_s)
        and seen.running is False
        and seen.fault is False
        and seen.remote is True
        and seen.ready is True
        and pump.asked is None
        and now_s >= pump.unavailable_until_s
        and pump.starts_1h(now_s) < rules.starts_per_hour_max
        and rested
    )


def find_available(station: Station, now_s: float) -> int | None:
    """The next pump to start, by index: whose turn it is first, then in order."""
    count = len(station.pumps)
    order = [(station.next_first + offset) % count for offset in range(count)]
    return next((at for at in order if available(station, at, now_s)), None)


def _counts(pump: Pump, seen: PumpSeen) -> bool:
    """It runs or is about to; a pump asked to stop does not count any more, nor one that tripped while it started."""
    return seen.fault is not True and (pump.asked == "start" or (pump.running is True and pump.asked != "stop"))


def _was_refused(pump: Pump, now_s: float) -> bool:
    """Its stop was refused a moment ago."""
    return now_s < pump.stop_after_s


def _wanted_by_floats(station: Station, now_s: float) -> int:
    seen, rules = station.seen, station.rules
    if seen.high_float is True:
        return rules.pumps
    if seen.low_water is True:
        return 0
    since_s = station.floated_at_s
    if since_s is not None and now_s - since_s >= rules.float_run_on_s and seen.high_float is False:
        return min(station.wanted, 1)
    return station.wanted


def _protect(station: Station, now_s: float) -> Iterator[Action]:
    """Stop what would run dry. A level that is not to be believed trips nothing: then the low float decides."""
    rules, seen = station.rules, station.seen
    if station.believes_level:
        dry = seen.level_m is not None and seen.level_m <= rules.dry_run_level_m
    else:
        dry = seen.low_water is True
    for at, pump in enumerate(station.pumps):
        if pump.running is not True or pump.asked == "stop" or _was_refused(pump, now_s):
            continue
        unloaded = pump.no_load_since_s is not None and now_s - pump.no_load_since_s >= rules.no_load_s
        if dry:
            yield Action(f"pump{at + 1}_stop", at + 1, "dry_run", {"level_m": seen.level_m})
        elif unloaded and pump.in_group(now_s):
            yield Action(f"pump{at + 1}_stop", at + 1, "no_load", {"current_a": seen.pumps[at].current_a})


def _start_one(station: Station, wanted: int, now_s: float) -> Iterator[Action]:
    """One start at a time, `start_gap_s` apart; a pump that stands in for a tripped one waits for nothing."""
    replaces = any(seen.fault is True for seen in station.seen.pumps)
    if not replaces and now_s - station.last_start_s < station.rules.start_gap_s:
        return
    at = find_available(station, now_s)
    if at is None:
        return
    reason = "high_float" if not station.believes_level else "standby" if replaces else "level"
    yield Action(
        f"pump{at + 1}_start", at + 1, reason, {"level_m": station.seen.level_m, "wanted": wanted, "pump": at + 1}
    )


def _stop_one(station: Station, running: list[int], now_s: float) -> Iterator[Action]:
    """The one that has run longest and may stop. One that used up its starts runs on until the well is nearly dry."""
    rules, seen = station.rules, station.seen

    def may_stop(at: int) -> bool:
        pump = station.pumps[at]
        if not pump.in_group(now_s) or pump.running is not True or pump.asked is not None:
            return False
        if _was_refused(pump, now_s):
            return False
        if pump.running_since_s is not None and now_s - pump.running_since_s < rules.min_run_s:
            return False
        spent = pump.starts_1h(now_s) >= rules.starts_per_hour_max
        return not spent or seen.level_m is None or seen.level_m <= rules.dry_run_level_m + 0.1

    stoppable = sorted((at for at in running if may_stop(at)), key=lambda at: station.pumps[at].running_since_s or 0.0)
    if stoppable:
        at = stoppable[0]
        yield Action(f"pump{at + 1}_stop", at + 1, "level", {"level_m": seen.level_m, "pump": at + 1})


def _with_pump(station: Station, at: int, pump: Pump) -> Station:
    return replace(station, pumps=(*station.pumps[:at], pump, *station.pumps[at + 1 :]))
