"""`make bench`, or `python -m tests.bench [name ...]`: what depends on the speed of a machine, against baselines."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from infra.local.rabbitmq import PrivateBroker
from tests.bench import history, journal, latency, plan, speed
from tests.bench.rig import Bench

MEASUREMENTS: dict[str, Callable[[Bench], None]] = {
    "plan": plan.measure,
    "speed": speed.measure,
    "latency": latency.measure,
    "history": history.measure,
    "journal": journal.measure,
}


def main(names: list[str]) -> None:
    unknown = set(names) - set(MEASUREMENTS)
    if unknown:
        raise SystemExit(f"There are {', '.join(MEASUREMENTS)}; not {', '.join(sorted(unknown))}.")
    with tempfile.TemporaryDirectory() as folder, PrivateBroker(Path(folder) / "broker") as broker:
        bench = Bench(Path(folder), broker)
        for name in names or MEASUREMENTS:
            print(f"--- {name}", flush=True)
            MEASUREMENTS[name](bench)


if __name__ == "__main__":
    main(sys.argv[1:])
