"""What every process looks at: does its database work, and has its disk room?"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from shared.bus.health import Check
from shared.contracts.message import Params
from shared.database import DatabaseThread

FULL_MB = 32.0
"""With less than this free, nothing more can be counted on to be written."""
_MB = 1e6


def database_check(database: DatabaseThread) -> Check:
    """Away, slow, or neither; from the work that was given to it, so it asks nothing and waits for nothing."""
    state = database.state()
    if state.away_s is not None:
        return Check(ok=False, code="database_away", params={"away_s": round(state.away_s), "detail": state.detail})
    if state.is_slow:
        return Check(ok=False, code="database_slow", params={"took_s": round(state.slowest_s, 1)})
    return Check(ok=True, code="database_available", params={})


def disk_check(folder: Path, low_mb: float, free_bytes: Callable[[Path], int] | None = None) -> Check:
    """Of the disk on which spools and SQLite files lie. Raises OSError when it cannot be asked."""
    free_mb = (free_bytes or _free_bytes)(folder) / _MB
    params: Params = {"free_mb": round(free_mb), "folder": str(folder)}
    if free_mb < min(FULL_MB, low_mb):
        return Check(ok=False, code="disk_full", params=params)
    if free_mb < low_mb:
        return Check(ok=False, code="disk_low", params=params)
    return Check(ok=True, code="disk_free", params=params)


def _free_bytes(folder: Path) -> int:
    """Of a folder that is yet to be made, the disk is that of the one it will be in."""
    path = folder.resolve()
    return shutil.disk_usage(next(each for each in (path, *path.parents) if each.exists())).free
