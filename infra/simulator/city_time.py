"""City time as the simulator rules it: the only writer of the clock file."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from shared.clock import Anchor, find_anchor, write_anchor

RATE_MIN, RATE_MAX = 1.0, 60.0


class RateRefused(ValueError):
    """City time cannot run at this rate here."""


class CityTime:
    """Runs on from the clock file, so that city time never goes backwards; without a file it is the wall's, at 1x."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        wall = time.time()
        before = None if path is None else find_anchor(path)
        if before is None:
            self._anchor = Anchor(wall_s=wall, city_s=wall, rate=1.0)
        else:
            city = before.city_s + max(0.0, wall - before.wall_s) * before.rate
            self._anchor = Anchor(wall_s=wall, city_s=max(city, wall), rate=before.rate)
        self._publish()

    @property
    def rate(self) -> float:
        return self._anchor.rate

    def now_s(self) -> float:
        """Unix time of the city."""
        return self._anchor.city_s + (time.time() - self._anchor.wall_s) * self._anchor.rate

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_s(), UTC)

    def set_rate(self, rate: float) -> None:
        """Raises RateRefused."""
        if not RATE_MIN <= rate <= RATE_MAX:
            raise RateRefused(f"City time runs at {RATE_MIN:.0f} to {RATE_MAX:.0f} times the wall's (given: {rate:g}).")
        if self._path is None and rate != 1:
            raise RateRefused("City time is the wall's here: no clock file is named (CLOCK_FILE).")
        self._anchor = Anchor(wall_s=time.time(), city_s=self.now_s(), rate=rate)
        self._publish()

    def _publish(self) -> None:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_anchor(self._path, self._anchor)
