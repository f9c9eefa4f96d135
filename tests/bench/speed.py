"""The field engine with all it does, against a bare pymodbus loop in greenlets that only reads the same blocks.

Both read 100 registers of every controller once a second, all of which change every second. The bare loop decodes
nothing and publishes nothing; flood control scales, judges, compares and publishes every reading with confirms.
Then more controllers than the bare loop can read, and fewer that are read five times a second and change little.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from shared.bus.health import HealthListener, Heartbeat
from tests.bench.farm import REGISTERS
from tests.bench.rig import Bench, cpu_s
from tests.bench.speed_site import write_site

MEASURED_S = 20.0
CONTROLLERS = (1_000, 4_000)
MOST = 8_000
QUICK_EVERY, QUICK_CHANGING = "200ms", 5
SETTLED_AFTER_POLLS = 5
SETTLED_AFTER_S = 6.0
STARTED_AFTER_S_MAX = 120.0
EVERY_S = 2.0
"""Between two heartbeats."""


@dataclass(frozen=True)
class Used:
    """What a process took: share of a core, and megabytes (PSS)."""

    cores: float
    memory_mb: float
    farm_cores: float
    late: int = 0
    polls: int = 0


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
            f"farm {ours.farm_cores:.1%}; {ours.polls} scans, {ours.late} late by a period",
            flush=True,
        )
    most = measure_ours(bench, MOST)
    print(f"{MOST:5} controllers, 1 s: flood control {most.cores:6.1%} of a core; farm {most.farm_cores:.1%}; "
          f"{most.polls} scans, {most.late} late by a period", flush=True)  # fmt: skip
    quick = measure_ours(bench, CONTROLLERS[0], QUICK_EVERY, QUICK_CHANGING)
    print(f"{CONTROLLERS[0]:5} controllers, {QUICK_EVERY}, {QUICK_CHANGING} registers change: "
          f"flood control {quick.cores:6.1%} of a core; farm {quick.farm_cores:.1%}; "
          f"{quick.polls} scans, {quick.late} late by a period", flush=True)  # fmt: skip


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


def measure_ours(bench: Bench, controllers: int, every: str = "1s", changing: int = REGISTERS) -> Used:
    site = bench.folder / f"site-{controllers}-{every}"
    write_site(site, bench.farm_port, max(controllers, 1), every if controllers else "1h")
    environment = bench.environment(f"speed-{controllers}-{every}", site)
    with (
        bench.process("tests.bench.farm", str(bench.farm_port), str(changing)) as farm,
        bench.process("services.flood", environment=environment) as flood,
        heartbeats(bench) as beats,
    ):
        service, farming = psutil.Process(flood.pid), psutil.Process(farm.pid)
        settle(beats, controllers)
        before_s, farm_before_s, before = cpu_s(service), cpu_s(farming), beats[-1].polls
        time.sleep(MEASURED_S)
        used_s, farm_s = cpu_s(service) - before_s, cpu_s(farming) - farm_before_s
        memory_mb = service.memory_full_info().pss / 1e6
        after = beats[-1].polls
        assert time.time() - beats[-1].wall_s < 2 * EVERY_S, "flood control could not tell how it is in time"
    assert after.failed == before.failed, f"{after.failed - before.failed} polls failed"
    late, polls = after.late - before.late, after.polls - before.polls
    return Used(used_s / MEASURED_S, memory_mb, farm_s / MEASURED_S, late, polls)


def settle(beats: list[Heartbeat], controllers: int) -> None:
    """Wait until every controller has been polled for a while, and two heartbeats came in time."""
    ends_at = time.monotonic() + STARTED_AFTER_S_MAX
    while len(beats) < 2 or beats[-1].polls.polls < SETTLED_AFTER_POLLS * controllers or not is_steady(beats):
        assert time.monotonic() < ends_at, "flood control does not come to rest"
        time.sleep(0.1)
    time.sleep(SETTLED_AFTER_S)


def is_steady(beats: list[Heartbeat]) -> bool:
    return beats[-1].wall_s - beats[-2].wall_s < 3.0 and time.time() - beats[-1].wall_s < 1.0


@contextmanager
def heartbeats(bench: Bench) -> Iterator[list[Heartbeat]]:
    """What flood control says of itself, every two seconds."""
    beats: list[Heartbeat] = []
    listener = HealthListener(bench.broker.amqp_uri, "gateway", beats.append)
    listener.start()
    try:
        yield beats
    finally:
        listener.stop()
