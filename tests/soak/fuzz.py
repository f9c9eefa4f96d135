"""Coverage-guided fuzzing of the frame decoders: no crash but TransportError, no hang, bounded memory.

Argument: minutes, 10 by default.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.soak.job import Job

MINUTES = 10.0


def run(arguments: Sequence[str]) -> bool:
    minutes = float(arguments[0]) if arguments else MINUTES
    root = Path(__file__).parents[2]
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        command = [
            sys.executable,
            "-m",
            "tests.soak.fuzz_frames",
            str(round(minutes * 60)),
            str(corpus),
            f"-artifact_prefix={folder}/",
        ]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        last = re.findall(r"#(\d+)\s+\S+\s+cov: (\d+) ft: (\d+).*?(?:exec/s: (\d+) rss: (\d+)Mb)?$", done.stderr, re.M)
        runs = re.search(r"Done (\d+) runs in (\d+) second", done.stderr)
        if runs and last:
            print(f"{int(runs[1]):,} inputs in {runs[2]} s, {last[-1][1]} edges and {last[-1][2]} features covered, ")
            print(f"{len(list(corpus.iterdir()))} inputs kept, {last[-1][4] or '?'} MB of memory")
        if done.returncode:
            print(done.stderr[-6000:])
            for found in Path(folder).glob("*-*"):
                print(f"{found.name}: {found.read_bytes().hex()}")
        return done.returncode == 0 and runs is not None


JOB = Job("fuzz", "frame decoders under coverage-guided fuzzing", run)
