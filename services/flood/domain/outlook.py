"""Looking ahead: how much water comes in, and how long until the well overflows with the pumps as they are.

Water balance of the wet well: inflow = area x rate of rise + discharge. The rate of rise is the least-squares slope of
the last two minutes' levels, so that one jump of the meter does not start an alarm.
"""

from __future__ import annotations

from services.flood.domain.station import Station

NOT_IN_SIGHT_MIN = 999.0
"""Told when no overflow is in sight: the level does not rise, or it would take longer than this."""
_SAMPLES_MIN = 5
_SPAN_S_MIN = 10.0


def rise_m_per_s(station: Station) -> float | None:
    """Rate of rise of the level, None while too little is known."""
    levels = station.levels
    if len(levels) < _SAMPLES_MIN or levels[-1][0] - levels[0][0] < _SPAN_S_MIN:
        return None
    mean_s = sum(at_s for at_s, _ in levels) / len(levels)
    mean_m = sum(level_m for _, level_m in levels) / len(levels)
    spread = sum((at_s - mean_s) ** 2 for at_s, _ in levels)
    return sum((at_s - mean_s) * (level_m - mean_m) for at_s, level_m in levels) / spread


def inflow_m3_per_s(station: Station) -> float | None:
    """What runs into the well now, never below zero."""
    rise, flow = rise_m_per_s(station), station.seen.flow_m3_per_s
    if rise is None or flow is None:
        return None
    return max(0.0, station.rules.wet_well_area_m2 * rise + flow)


def time_to_overflow_min(station: Station) -> float | None:
    """Minutes until the well is full at the present rate of rise; None when the level is not known or not believed."""
    rise, level_m = rise_m_per_s(station), station.seen.level_m
    if rise is None or level_m is None or not station.believes_level:
        return None
    left_m = station.rules.overflow_level_m - level_m
    if left_m <= 0:
        return 0.0
    return min(left_m / rise / 60.0, NOT_IN_SIGHT_MIN) if rise > 0 else NOT_IN_SIGHT_MIN


def expected_overflow_min(station: Station) -> float | None:
    """Minutes until the well is full though every pump that can still be started is: what to warn of.

    Under group control the pumps that stand ready count with their capacity; otherwise the pumps are as they are.
    """
    inflow, level_m, flow = inflow_m3_per_s(station), station.seen.level_m, station.seen.flow_m3_per_s
    if inflow is None or level_m is None or flow is None or not station.believes_level:
        return None
    ready = sum(
        1
        for seen in station.seen.pumps
        if station.seen.mode == "group" and seen.running is False and seen.fault is False and seen.ready is True
    )
    surplus = inflow - flow - ready * station.rules.pump_capacity_m3_per_s
    left_m = station.rules.overflow_level_m - level_m
    if left_m <= 0:
        return 0.0
    if surplus <= 0:
        return NOT_IN_SIGHT_MIN
    return min(left_m * station.rules.wet_well_area_m2 / surplus / 60.0, NOT_IN_SIGHT_MIN)


def should_close(station: Station) -> str | None:
    """Why the underpass should be closed now, as a code; None when there is no reason to."""
    depth_m, minutes = station.seen.road_depth_m, expected_overflow_min(station)
    if depth_m is not None and depth_m >= station.rules.closing_depth_m:
        return "closure_road_water"
    if minutes is not None and minutes <= station.rules.closing_minutes:
        return "closure_overflow_expected"
    return None


def may_reopen(station: Station) -> bool:
    """The advice ends when the road is known to be clear and no overflow is near."""
    depth_m, minutes = station.seen.road_depth_m, expected_overflow_min(station)
    clear = depth_m is not None and depth_m < station.rules.closing_depth_m / 2
    return clear and minutes is not None and minutes > 2 * station.rules.closing_minutes
