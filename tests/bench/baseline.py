"""The bare loop to compare with: pymodbus clients in greenlets that read the same blocks at the same pace, no more.

Run as `python -m tests.bench.baseline SITE SECONDS`; prints `scans cpu_seconds`.
"""

import eventlet

eventlet.monkey_patch()

import resource  # noqa: E402 - patched first
import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

from pymodbus.client import ModbusTcpClient  # noqa: E402

from shared.field.address import parse_address  # noqa: E402
from shared.field.plan import Block, plan_reads  # noqa: E402
from shared.field.profile_load import profiles_for  # noqa: E402
from shared.site import load_site  # noqa: E402

PHASES = 50
WARM_UP_S = 5.0


class Loop:
    """One controller, read at its phase."""

    def __init__(self, host: str, port: int, unit: int, blocks: list[Block]) -> None:
        self.scans = 0
        self._unit, self._blocks = unit, blocks
        self._client = client = ModbusTcpClient(host, port=port, timeout=1, retries=0)
        self._read = {
            "coil": client.read_coils, "discrete": client.read_discrete_inputs,
            "input": client.read_input_registers, "holding": client.read_holding_registers,
        }  # fmt: skip

    def run(self, due: float, every_s: float, ends_at: float) -> None:
        self._client.connect()
        while due < ends_at:
            eventlet.sleep(max(0.0, due - time.monotonic()))
            for block in self._blocks:
                answer = self._read[block.table](block.address, count=block.count, device_id=self._unit)
                assert not answer.isError()
            self.scans += 1
            due += every_s


def main(folder: Path, seconds: float) -> None:
    site = load_site(folder)
    library = profiles_for("flood", folder)
    begins_at = time.monotonic() + WARM_UP_S
    pool = eventlet.GreenPool(len(site.controllers))
    loops = []
    for number, controller in enumerate(site.controllers):
        profile = library.get(controller.profile, controller.parameters)
        address = parse_address(site.lines_by_id[controller.line].address)
        every_s = profile.poll_groups["fast"].every
        loops.append(Loop(address.host, address.port, controller.unit, plan_reads(profile, "fast")))
        due = begins_at - 2 + every_s * (number % PHASES) / PHASES
        pool.spawn(loops[-1].run, due, every_s, begins_at + seconds + 1)
    eventlet.sleep(begins_at - time.monotonic())
    before, scans_before = resource.getrusage(resource.RUSAGE_SELF), sum(loop.scans for loop in loops)
    eventlet.sleep(seconds)
    after, scans_after = resource.getrusage(resource.RUSAGE_SELF), sum(loop.scans for loop in loops)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(scans_after - scans_before, cpu_s, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
