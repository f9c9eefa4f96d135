"""`make bench`: the engine against a bare pymodbus loop, and from a coil to a consumer and to a screen."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from infra.local.processes import free_ports
from infra.local.rabbitmq import PrivateBroker
from shared.bus.frames import Frame
from shared.bus.telemetry import StreamReader
from shared.clock import Anchor, write_anchor
from tests.bench.site import asset, write_site

STATIONS = 100
CPU_S = 20.0
LATENCY_S = 40.0
FLIPS_PER_S = 10.0
ACCOUNTS = "dispatcher bench-only-password\n"


class Bench:
    """One private broker and one farm; everything else is started for each measurement."""

    def __init__(self, folder: Path, broker: PrivateBroker) -> None:
        self.folder, self.broker = folder, broker
        self.farm_port, self.http_port = free_ports(2)
        self.site = folder / "site"
        write_site(self.site, self.farm_port, STATIONS)
        self.flips: list[tuple[str, float, bool]] = []

    def environment(self, data: Path, rate: float) -> dict[str, str]:
        data.mkdir(parents=True, exist_ok=True)
        (data / "accounts").write_text(ACCOUNTS)
        write_anchor(data / "clock.json", Anchor(wall_s=time.time(), city_s=time.time(), rate=rate))
        return os.environ | {
            "AMQP_URI": self.broker.amqp_uri,
            "DATA_DIR": str(data),
            "SITE": str(self.site),
            "CLOCK_FILE": str(data / "clock.json"),
            "ACCOUNTS_FILE": str(data / "accounts"),
            "HTTP_PORT": str(self.http_port),
            "LOG_LEVEL": "WARNING",
        }

    @contextmanager
    def process(self, *argv: str, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
        with (self.folder / "log").open("a") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", *argv], env=environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        try:
            yield started
        finally:
            started.terminate()
            started.wait(15)
            assert started.stdout is not None
            started.stdout.close()

    @contextmanager
    def farm(self, flips_per_s: float) -> Iterator[None]:
        with self.process("tests.bench.farm", str(self.farm_port), str(STATIONS), str(flips_per_s)) as farm:

            def listen() -> None:
                assert farm.stdout is not None
                for line in farm.stdout:
                    number, at, value = line.split()
                    self.flips.append((asset(int(number)), float(at), value == "1"))

            listening = threading.Thread(target=listen, daemon=True)
            listening.start()
            yield


def cpu_of(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def measure_scans(bench: Bench) -> None:
    """Scans per CPU-second: the whole service with telemetry and conditions, and the bare loop, one after the other."""
    with bench.farm(0):
        with bench.process("tests.bench.baseline", str(bench.site), str(CPU_S)) as bare:
            assert bare.stdout is not None
            scans, cpu_s = (float(number) for number in bare.stdout.readline().split())
        environment = bench.environment(bench.folder / "scans", rate=1.0)
        with bench.process("services.flood", environment=environment) as flood:
            service = psutil.Process(flood.pid)
            time.sleep(15)  # areas taken, watchdogs quiet, first readings told
            before = cpu_of(service)
            time.sleep(CPU_S)
            ours_s = cpu_of(service) - before
            memory_mb = service.memory_full_info().pss / 1e6
    bare_per_s, ours_per_s = scans / cpu_s, STATIONS * CPU_S / ours_s
    print(f"scans per CPU-second   bare pymodbus loop {bare_per_s:7.0f}   flood control {ours_per_s:7.0f}"
          f"   ratio {ours_per_s / bare_per_s:.2f}")  # fmt: skip
    print(f"at {STATIONS} controllers, 1 s: bare {cpu_s / CPU_S:.1%}, flood control {ours_s / CPU_S:.1%} of a core, "
          f"{memory_mb:.0f} MB")  # fmt: skip


def measure_latency(bench: Bench, rate: float) -> None:
    """From the flip of a coil in the device to the stream's reader and to a browser's stream, wall seconds."""
    seen: dict[str, list[tuple[str, float, bool]]] = {"AMQP": [], "SSE": []}
    bench.flips.clear()
    environment = bench.environment(bench.folder / f"latency-{rate:g}", rate)

    def on_frame(frame: Frame, _offset: int) -> None:
        now = time.time()
        seen["AMQP"] += [(row.asset, now, bool(row.value)) for row in frame.rows if row.point == "siren"]

    with (
        bench.farm(FLIPS_PER_S),
        bench.process("services.flood", environment=environment),
        bench.process("gateway", environment=environment),
    ):
        reader = StreamReader(bench.broker.amqp_uri, "gateway", "next", on_frame)
        reader.start()
        stop = threading.Event()
        browser = threading.Thread(target=watch, args=(bench, seen["SSE"], stop))
        browser.start()
        time.sleep(15)
        began = time.time()
        time.sleep(LATENCY_S)
        ended = time.time()
        time.sleep(3)
        stop.set()
        browser.join()
        reader.stop()
    for name, told in seen.items():
        delays = sorted(latencies([flip for flip in bench.flips if began < flip[1] < ended], told))
        p50, p99 = statistics.median(delays) * 1000, delays[int(len(delays) * 0.99)] * 1000
        print(f"flip to {name:4}  {STATIONS} controllers, {1 / rate:g} s group: p50 {p50:5.0f} ms, p99 {p99:5.0f} ms"
              f"  ({len(delays)} flips; in scans: {p50 * rate / 1000:.2f}, {p99 * rate / 1000:.2f})")  # fmt: skip


def watch(bench: Bench, told: list[tuple[str, float, bool]], stop: threading.Event) -> None:
    """A browser's stream, from when the gateway is there."""
    name, password = ACCOUNTS.split()
    with httpx.Client(base_url=f"http://127.0.0.1:{bench.http_port}", timeout=10) as browser:
        while not stop.is_set():
            try:
                if browser.post("/api/session", json={"username": name, "password": password}).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.2)
        with browser.stream("GET", "/api/stream") as stream:
            kind = ""
            for line in stream.iter_lines():
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: ") and kind == "readings":
                    now = time.time()
                    rows = json.loads(line[6:])
                    told += [(row["asset"], now, bool(row["value"])) for row in rows if row["point"] == "siren"]
                if stop.is_set():
                    return


def latencies(flips: list[tuple[str, float, bool]], told: list[tuple[str, float, bool]]) -> list[float]:
    """For each flip, when its value was told first; one that was never told would be a defect and ends the bench."""
    found = []
    for station, at, value in flips:
        later = [moment for name, moment, shown in told if name == station and moment >= at and shown is value]
        if not later:
            raise SystemExit(f"the flip of {station} at {at} was never told")
        found.append(later[0] - at)
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, PrivateBroker(Path(folder) / "broker") as broker:
        bench = Bench(Path(folder), broker)
        measure_scans(bench)
        for rate in (1.0, 5.0):
            measure_latency(bench, rate)


if __name__ == "__main__":
    main()
