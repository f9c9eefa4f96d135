"""Which controllers do not answer, as their breakers stand: for whoever looks after the links."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.bus.health import SilentController
from shared.clock import Clock
from shared.field.scanner import Scanner


def silent_controllers(scanners: Iterable[Scanner], clock: Clock) -> list[SilentController]:
    """Those whose breaker is not closed, the one that is silent longest first. Times to the second."""
    now, now_s = clock.now(), clock.monotonic()

    def moment(at_s: float) -> datetime:
        return (now + timedelta(seconds=at_s - now_s + 0.5)).replace(microsecond=0)

    found = []
    for scanner in scanners:
        breaker = scanner.breaker
        state = breaker.state(now_s)
        if state != "closed":
            found.append(
                SilentController(
                    controller=scanner.image.controller,
                    state=state,
                    since=moment(breaker.opened_at_s),
                    next_probe=moment(breaker.probe_at_s),
                )
            )
    return sorted(found, key=lambda each: (each.since, each.controller))
