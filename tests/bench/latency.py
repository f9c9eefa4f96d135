"""From a coil in the device to a consumer on the broker and to a screen, wall time."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from shared.bus.frames import Frame
from shared.bus.telemetry import StreamPlace, StreamReader
from tests.bench.rig import ACCOUNTS, Bench
from tests.bench.stations_site import asset, write_site

STATIONS = 100
LATENCY_S = 40.0
FLIPS_PER_S = 10.0

Flip = tuple[str, float, bool]
"""Station, wall time, the coil's new state."""


def measure(bench: Bench) -> None:
    """At a scan of one second, and of a fifth of it."""
    site = bench.folder / "stations"
    write_site(site, bench.farm_port, STATIONS)
    for rate in (1.0, 5.0):
        measure_at(bench, site, rate)


@contextmanager
def stations(bench: Bench, flips: list[Flip]) -> Iterator[None]:
    with bench.process("tests.bench.stations", str(bench.farm_port), str(STATIONS), str(FLIPS_PER_S)) as farm:

        def listen() -> None:
            assert farm.stdout is not None
            for line in farm.stdout:
                number, at, value = line.split()
                flips.append((asset(int(number)), float(at), value == "1"))

        listening = threading.Thread(target=listen, daemon=True)
        listening.start()
        yield


def measure_at(bench: Bench, site: Path, rate: float) -> None:
    """From the flip of a coil in the device to the stream's reader and to a browser's stream, wall seconds."""
    seen: dict[str, list[Flip]] = {"AMQP": [], "SSE": []}
    flips: list[Flip] = []
    environment = bench.environment(f"latency-{rate:g}", site, rate)

    def on_frame(frame: Frame, _offset: int) -> None:
        now = time.time()
        seen["AMQP"] += [(row.asset, now, bool(row.value)) for row in frame.rows if row.point == "siren"]

    with (
        stations(bench, flips),
        bench.process("services.flood", environment=environment),
        bench.process("gateway", environment=environment),
    ):
        reader = StreamReader(bench.broker.amqp_uri, "gateway", lambda: StreamPlace("next"), on_frame)
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
        delays = sorted(latencies([flip for flip in flips if began < flip[1] < ended], told))
        p50, p99 = statistics.median(delays) * 1000, delays[int(len(delays) * 0.99)] * 1000
        print(f"flip to {name:4}  {STATIONS} controllers, {1 / rate:g} s group: p50 {p50:5.0f} ms, p99 {p99:5.0f} ms"
              f"  ({len(delays)} flips; in scans: {p50 * rate / 1000:.2f}, {p99 * rate / 1000:.2f})")  # fmt: skip


def watch(bench: Bench, told: list[Flip], stop: threading.Event) -> None:
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


def latencies(flips: list[Flip], told: list[Flip]) -> list[float]:
    """For each flip, when its value was told first; one that was never told would be a defect and ends the bench."""
    found = []
    for station, at, value in flips:
        later = [moment for name, moment, shown in told if name == station and moment >= at and shown is value]
        if not later:
            raise SystemExit(f"the flip of {station} at {at} was never told")
        found.append(later[0] - at)
    return found
