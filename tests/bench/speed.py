"""The field engine with all it does, against a bare pymodbus loop in greenlets that only reads the same blocks.

Both read 100 registers of every controller once a second, all of which change every second. The bare loop decodes
nothing and publishes nothing; flood control scales, judges, compares and publishes every reading with confirms.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil

from tests.bench.rig import Bench, cpu_s
from tests.bench.speed_site import write_site

MEASURED_S = 20.0
CONTROLLERS = (1_000, 4_000)
SETTLED_AFTER_S = 12.0


@dataclass(frozen=True)
class Used:
    """What a process took: share of a core, and megabytes (PSS)."""

    cores: float
    memory_mb: float
    farm_cores: float
    late: int = 0


def measure(bench: Bench) -> None:
    idle = measure_ours(bench, 0)
    print(f"idle: {idle.cores:.1%} of a core, {idle.memory_mb:.0f} MB", flush=True)
    for controllers in CONTROLLERS:
        bare = measure_bare(bench, controllers)
        ours = measure_ours(bench, controllers)
        assert ours.farm_cores > 0.5 * bare.farm_cores, "flood control did not read them all"
        print(
            f"{controllers:5} controllers, 1 s: bare pymodbus loop {bare.cores:6.1%}, flood control {ours.cores:6.1%} "
            f"of a core, ratio {ours.cores / bare.cores:.2f}; {ours.memory_mb - idle.memory_mb:+.0f} MB over idle; "
            f"farm {ours.farm_cores:.1%}; scans late by a period {ours.late}",
            flush=True,
        )


def measure_bare(bench: Bench, controllers: int) -> Used:
    site = bench.folder / f"site-{controllers}"
    write_site(site, bench.farm_port, controllers, "1s")
    with (
        bench.process("tests.bench.farm", str(bench.farm_port)) as farm,
        bench.process("tests.bench.baseline", str(site), str(MEASURED_S)) as bare,
    ):
        farming = psutil.Process(farm.pid)
        before_s = cpu_s(farming)
        assert bare.stdout is not None
        scans, used_s = (float(number) for number in bare.stdout.readline().split())
        assert scans > 0.9 * controllers * MEASURED_S, f"the bare loop made {scans:.0f} scans"
        return Used(used_s / MEASURED_S, 0.0, (cpu_s(farming) - before_s) / MEASURED_S)


def measure_ours(bench: Bench, controllers: int) -> Used:
    site = bench.folder / f"site-{controllers}"
    write_site(site, bench.farm_port, max(controllers, 1), "1s" if controllers else "1h")
    environment = bench.environment(f"speed-{controllers}", site)
    with (
        bench.process("tests.bench.farm", str(bench.farm_port)) as farm,
        bench.process("services.flood", environment=environment) as flood,
    ):
        service, farming = psutil.Process(flood.pid), psutil.Process(farm.pid)
        time.sleep(SETTLED_AFTER_S + controllers / 500)
        before_s, farm_before_s = cpu_s(service), cpu_s(farming)
        time.sleep(MEASURED_S)
        used_s, farm_s = cpu_s(service) - before_s, cpu_s(farming) - farm_before_s
        memory_mb = service.memory_full_info().pss / 1e6
    return Used(used_s / MEASURED_S, memory_mb, farm_s / MEASURED_S)
