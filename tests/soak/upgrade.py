"""An older version's code by this one and back, with the pumps running: `upgrade=<git ref>,...`, each on its own."""

from __future__ import annotations

import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from infra.local.city import ROOT
from tests.soak.job import Job
from tests.system.rollout import FOLDERS, copy_tree, upgrade_and_roll_back


def run(arguments: Sequence[str]) -> bool:
    refs = arguments or [_last_release()]
    well = True
    for ref in refs:
        with tempfile.TemporaryDirectory() as directory:
            folder = Path(directory)
            try:
                found = upgrade_and_roll_back(folder, _checked_out(ref, folder / "old"), copy_tree(folder / "new"))
            except AssertionError as error:
                print(f"{ref}: {error}", flush=True)
                well = False
                continue
            wanted = ("seconds", "upgraded_after_s", "looks", "level_m_max", "started_at_m", "stopped_at_m")
            figures = {name: found[name] for name in wanted}
            print(f"{ref} -> this -> {ref}: {figures}", flush=True)
    return well


def _last_release() -> str:
    """The newest tag; without one, the first commit before this one."""
    asked = ["git", "describe", "--tags", "--abbrev=0"]
    found = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "HEAD~1"


def _checked_out(ref: str, target: Path) -> Path:
    target.mkdir()
    archive = target.with_suffix(".tar")
    subprocess.run(["git", "archive", "--output", str(archive), ref, *FOLDERS], cwd=ROOT, check=True)
    with tarfile.open(archive) as file:
        file.extractall(target, filter="data")
    return target


JOB = Job("upgrade", "an older version by this one and back, with the pumps running", run)
