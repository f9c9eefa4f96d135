"""The parent's side of a catchment process."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from infra.simulator.drive import Drive, Outcome, Plumbing
from infra.simulator.scenario import MODELS, CatchmentEntry

_ANSWER_S_MAX = 60.0


class HydraulicsStopped(Exception):
    """A catchment process ended or does not answer; the simulator stops, and starts again from the saved state."""


class Hydraulics:
    """Starts the process of one catchment and moves it. Nothing here imports SWMM."""

    def __init__(self, entry: CatchmentEntry, work: Path) -> None:
        self.entry = entry
        self._work = work
        self._process: Process | None = None

    @property
    def hot_start(self) -> Path:
        return self._work / "hotstart.hsf"

    async def start(self) -> None:
        """Go on from the hot-start file when there is one."""
        self._work.mkdir(parents=True, exist_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "infra.simulator.catchment", stdin=PIPE, stdout=PIPE, start_new_session=True
        )
        entry = self.entry
        plumbing = Plumbing(
            model=str(MODELS / entry.model),
            rain_gage=entry.rain_gage,
            wet_well=entry.wet_well,
            pumps=list(entry.pumps),
            gate=entry.gate,
            outfalls=list(entry.outfalls),
            upstream=list(entry.upstream),
        )
        hot_start = str(self.hot_start) if self.hot_start.exists() else None
        self._send({"plumbing": asdict(plumbing), "work": str(self._work), "hot_start": hot_start})

    async def advance(self, drive: Drive) -> Outcome:
        """Raises HydraulicsStopped."""
        assert self._process is not None
        assert self._process.stdout is not None
        self._send(asdict(drive))
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), _ANSWER_S_MAX)
        except TimeoutError:
            raise HydraulicsStopped(f"catchment {self.entry.id} did not answer within {_ANSWER_S_MAX:.0f} s") from None
        if not line:
            raise HydraulicsStopped(f"the process of catchment {self.entry.id} ended")
        return Outcome(**json.loads(line))

    async def stop(self) -> None:
        """The child ends when its input ends; a hanging one is killed."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), timeout=3)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _send(self, message: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        if self._process.returncode is not None:
            raise HydraulicsStopped(f"the process of catchment {self.entry.id} ended")
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
