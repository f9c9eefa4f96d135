"""Run the jobs of `make soak`: `python -m tests.soak` all of them, `python -m tests.soak polls=20000 fuzz=5` some.

Behind a job's name may stand its arguments: `name=first,second`. Exit code 1 when a job found something.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from tests.soak import archive, fuzz, polls, takeover, upgrade
from tests.soak.job import Job

JOBS: tuple[Job, ...] = (polls.JOB, fuzz.JOB, takeover.JOB, archive.JOB, upgrade.JOB)
"""In the order in which they run; a new job is a module with a JOB, named here."""


def main(wanted: Sequence[str]) -> int:
    by_name = {job.name: job for job in JOBS}
    asked = [text.partition("=") for text in wanted] or [(job.name, "", "") for job in JOBS]
    unknown = [name for name, _, _ in asked if name not in by_name]
    if unknown:
        print(f"no such job: {', '.join(unknown)}; there are:")
        for job in JOBS:
            print(f"  {job.name:<8} {job.title}")
        return 2
    failed = []
    for name, _, arguments in asked:
        job = by_name[name]
        print(f"== {job.name}: {job.title}", flush=True)
        began = time.monotonic()
        is_well = job.run(arguments.split(",") if arguments else [])
        print(f"== {job.name}: {'well' if is_well else 'FAILED'} after {time.monotonic() - began:.0f} s\n", flush=True)
        if not is_well:
            failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
