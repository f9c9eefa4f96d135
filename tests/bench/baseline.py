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
from shared.field.engine import profile_folder  # noqa: E402
from shared.field.plan import Block, plan_reads  # noqa: E402
from shared.field.profile_load import ProfileLibrary  # noqa: E402
from shared.site import load_site  # noqa: E402


def loop(host: str, port: int, unit: int, blocks: list[Block], every_s: float, ends_at: float) -> int:
    scans = 0
    client = ModbusTcpClient(host, port=port, timeout=1, retries=0)
    client.connect()
    read = {
        "coil": client.read_coils, "discrete": client.read_discrete_inputs,
        "input": client.read_input_registers, "holding": client.read_holding_registers,
    }  # fmt: skip
    due = time.monotonic() + (unit * 0.02) % every_s
    while due < ends_at:
        eventlet.sleep(max(0.0, due - time.monotonic()))
        for block in blocks:
            assert not read[block.table](block.address, count=block.count, device_id=unit).isError()
        scans += 1
        due += every_s
    client.close()
    return scans


def main(folder: Path, seconds: float) -> None:
    site = load_site(folder)
    library = ProfileLibrary(profile_folder("flood"))
    begun = resource.getrusage(resource.RUSAGE_SELF)
    ends_at = time.monotonic() + seconds
    pool = eventlet.GreenPool(len(site.controllers) * 2)
    loops = []
    for controller in site.controllers:
        profile = library.get(controller.profile, controller.parameters)
        address = parse_address(site.lines_by_id[controller.line].address)
        for group, poll in profile.poll_groups.items():
            if group == "fast":
                blocks = plan_reads(profile, group)
                loops.append(pool.spawn(loop, address.host, address.port, controller.unit, blocks, poll.every, ends_at))
    scans = sum(each.wait() for each in loops)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(scans, used.ru_utime + used.ru_stime - begun.ru_utime - begun.ru_stime)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
