"""What the simulated city remembers between two runs, in one file that is replaced whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = "state.json"
VERSION = 1


def write_state(folder: Path, state: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f"{FILE}.new"
    beside.write_text(json.dumps({"version": VERSION, **state}), encoding="utf-8")
    beside.replace(folder / FILE)


def find_state(folder: Path) -> dict[str, Any] | None:
    """The state of the last run; None when there is none, or when it is of another version of the simulator."""
    try:
        state: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return state if state["version"] == VERSION else None
