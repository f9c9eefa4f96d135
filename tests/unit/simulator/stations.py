"""Pump stations to test with."""

from infra.simulator.rtu.gate import Gate
from infra.simulator.rtu.pump import Pump, PumpRating
from infra.simulator.rtu.pump_station import Mode, PumpStation, Surroundings
from infra.simulator.rtu.setpoints import Setpoints

SETPOINTS = Setpoints(start_levels_m=(1.6, 2.2, 2.6), stop_levels_m=(0.8, 0.9, 1.0))


def station(mode: Mode = Mode.AUTOMATIC, setpoints: Setpoints = SETPOINTS, *, gate: bool = False) -> PumpStation:
    pumps = [Pump(PumpRating()) for _ in setpoints.start_levels_m]
    return PumpStation(setpoints, pumps, Gate(90) if gate else None, float_hh_m=5.5, float_ll_m=0.5, mode=mode)


def at(level_m: float) -> Surroundings:
    return Surroundings(level_m=level_m)


def let_pass(rtu: PumpStation, seconds: float, level_m: float) -> None:
    """City seconds at a level, in steps of one second."""
    for _ in range(round(seconds)):
        rtu.step(1, at(level_m))


def running(rtu: PumpStation) -> list[int]:
    return [number for number, pump in enumerate(rtu.pumps, 1) if pump.running]
