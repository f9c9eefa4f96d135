"""Two owners of one area, killed in turn in mid-command: `takeover=rounds`."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import services.flood
from tests.integration.conftest import start_broker
from tests.integration.flood.conftest import CLOCK, FloodProcess, furnish
from tests.integration.flood.desk import AREA, Desk
from tests.integration.flood.station_device import START, WATCHDOG, StationDevice, serving
from tests.soak.job import Job
from tests.waiting import eventually

ROUNDS = 50
STARTS_PER_HOUR = 30
"""The most that a site may allow a pump; each owner counts those that it saw."""
PROFILE = "drainage-pump-station"
COMMANDS_PER_HOUR = "rate: {count: 12, per: 1h}"
"""What the profile allows, and both owners count together."""
POLLED_WITHIN_S = 5.0


def run(arguments: Sequence[str]) -> bool:
    rounds = int(arguments[0]) if arguments else ROUNDS
    device = StationDevice()
    with tempfile.TemporaryDirectory() as directory, serving(device) as port:
        brokers = start_broker(Path(directory) / "broker", 1)
        folder = Path(directory) / "town"
        folder.mkdir()
        _furnish(folder)
        uri = brokers.uri(brokers.new_vhost())
        desk = Desk(uri, folder / CLOCK)
        owner, other = (
            FloodProcess(folder, port, uri, {"INSTANCE": name, "AREAS_PREFERRED": AREA if name == "flood-1" else ""})
            for name in ("flood-1", "flood-2")
        )
        try:
            owner.start()
            eventually(lambda: _counts(device), 40)
            other.start()
            polled_s, twice = [], 0
            for number in range(rounds):
                polled_s.append(_one_round(device, desk, owner, other))
                twice += device.pulses.count((5, START, 0xFF00)) > 1
                owner, other = other, owner
                print(
                    f"round {number + 1}: polled after {polled_s[-1]:.2f} s, commands written twice {twice}", flush=True
                )
            second_masters = owner.rows("select 1 from standing_condition where condition like 'second_master%'")
        finally:
            owner.stop()
            other.stop()
            desk.sender.close()
            brokers.node.stop()
    print(
        f"{rounds} kills: polled again after {statistics.median(polled_s):.2f} s (median), "
        f"{max(polled_s):.2f} s at most; commands written twice: {twice}; second masters: {len(second_masters)}"
    )
    return max(polled_s) <= POLLED_WITHIN_S and not twice and not second_masters


def _furnish(folder: Path) -> None:
    """The town with a profile that allows to start a pump again and again."""
    furnish(folder, STARTS_PER_HOUR)
    shipped = (Path(services.flood.__file__).parent / "profiles" / f"{PROFILE}.yaml").read_text(encoding="utf-8")
    assert COMMANDS_PER_HOUR in shipped
    free = shipped.replace(COMMANDS_PER_HOUR, "rate: {count: 1000, per: 1h}").replace(PROFILE, f"{PROFILE}-free")
    (folder / "profiles").mkdir()
    (folder / "profiles" / f"{PROFILE}-free.yaml").write_text(free, encoding="utf-8")
    site = (folder / "site.yaml").read_text(encoding="utf-8")
    (folder / "site.yaml").write_text(site.replace(PROFILE, f"{PROFILE}-free"), encoding="utf-8")


def _one_round(device: StationDevice, desk: Desk, owner: FloodProcess, other: FloodProcess) -> float:
    """Kill the owner while a command is on the wire; how long until the area was polled again."""
    eventually(lambda: _counts(device), 60)
    device.set_running(False)
    device.writes.clear()
    device.written_at.clear()
    device.hold_writes = device.deaf = True
    desk.operate("pump1_start")
    eventually(lambda: (5, START, 0xFF00) in device.pulses, 30)
    owner.kill()
    killed_at = time.monotonic()
    device.hold_writes = device.deaf = False
    eventually(lambda: device.read_at > killed_at, 30)
    polled_s = device.read_at - killed_at
    owner.start()
    eventually(lambda: any(at > killed_at for at in _counts(device)), 60)
    return polled_s


def _counts(device: StationDevice) -> list[float]:
    """When the master's counter was written."""
    pairs = zip(list(device.written_at), list(device.writes), strict=False)
    return [at for at, (function, address, _) in pairs if (function, address) == (6, WATCHDOG)]


JOB = Job("takeover", "two owners killed in turn in mid-command", run)
