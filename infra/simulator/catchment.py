"""One catchment: EPA SWMM in a process of its own (`python -m infra.simulator.catchment`), moved by its parent.

pyswmm allows one simulation per process, even one after another. The parent writes one JSON object a line to our
standard input and reads one back; when it closes the pipe, or dies, we end.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from pyswmm import Links, Nodes, RainGages, Simulation

from infra.simulator.drive import Drive, Outcome, Plumbing


class Catchment:
    """The running model. One a process."""

    def __init__(self, plumbing: Plumbing, work: Path, hot_start: Path | None) -> None:
        work.mkdir(parents=True, exist_ok=True)
        self._simulation = Simulation(plumbing.model, str(work / "swmm.rpt"), str(work / "swmm.out"))
        if hot_start is not None:
            self._simulation.use_hotstart(str(hot_start))
        nodes, links = Nodes(self._simulation), Links(self._simulation)
        self._rain = RainGages(self._simulation)[plumbing.rain_gage]
        self._well = nodes[plumbing.wet_well]
        self._upstream = [nodes[name] for name in plumbing.upstream]
        self._outfalls = [nodes[name] for name in plumbing.outfalls]
        self._pumps = [links[name] for name in plumbing.pumps]
        self._gate = None if plumbing.gate is None else links[plumbing.gate]
        self._full_depth_m: float = self._well.full_depth
        self._simulation.__enter__()
        self._simulation.start()

    def advance(self, drive: Drive) -> Outcome:
        """Set what is driven, then step through the stretch a second at a time, summing what floods."""
        self._rain.total_precip = drive.rain_mm_per_h
        self._well.generated_inflow(drive.inflow_m3_per_s)
        for pump, on in zip(self._pumps, drive.pumps, strict=True):
            pump.target_setting = 1.0 if on else 0.0
        if self._gate is not None:
            self._gate.target_setting = drive.gate
        if drive.stage_m is not None:
            for outfall in self._outfalls:
                outfall.outfall_stage(drive.stage_m)
        flooded = upstream = 0.0
        self._simulation.step_advance(1)
        for _ in range(drive.seconds):
            next(self._simulation)
            flooded += self._well.flooding
            upstream += sum(node.flooding for node in self._upstream)
        if drive.save_to is not None:
            self._save(Path(drive.save_to))
        return Outcome(
            level_m=self._well.depth,
            full_depth_m=self._full_depth_m,
            discharge_m3_per_s=sum(pump.flow for pump in self._pumps) + (self._gate.flow if self._gate else 0.0),
            flooded_m3=flooded,
            flooded_upstream_m3=upstream,
        )

    def close(self) -> None:
        self._simulation.__exit__(None, None, None)

    def _save(self, path: Path) -> None:
        beside = path.with_suffix(".new")
        self._simulation.save_hotstart(str(beside))
        beside.replace(path)


def main() -> None:
    # The library may print to standard output: it gets standard error, the pipe to the parent stays ours alone.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    serve(sys.stdin, answers)


def serve(requests: TextIO, answers: TextIO) -> None:
    """The first line describes the catchment, every other one is a Drive."""
    first: dict[str, Any] = json.loads(requests.readline())
    hot_start = first["hot_start"]
    plumbing = Plumbing(**first["plumbing"])
    catchment = Catchment(plumbing, Path(first["work"]), None if hot_start is None else Path(hot_start))
    for line in requests:
        outcome = catchment.advance(Drive(**json.loads(line)))
        answers.write(json.dumps(asdict(outcome)) + "\n")
        answers.flush()
    catchment.close()


if __name__ == "__main__":
    main()
