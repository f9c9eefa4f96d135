"""How the polls go, and which controllers do not answer, as their breakers stand: for whoever looks after the links."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.bus.health import PollTotals, SilentController
from shared.clock import Clock
from shared.field.scanner import Scanner
from shared.field.station import Station


def poll_totals(scanners: Iterable[Scanner | Station]) -> PollTotals:
    counts = [scanner.counts for scanner in scanners if not isinstance(scanner, Station)]
    return PollTotals(
        polls=sum(each.polls for each in counts),
        failed=sum(each.failed for each in counts),
        retries=sum(each.retries for each in counts),
        late=sum(each.late for each in counts),
        withheld=sum(each.withheld for each in counts),
    )


def silent_controllers(scanners: Iterable[Scanner | Station], clock: Clock) -> list[SilentController]:
    """Those whose breaker is not closed, and those that should have reported by now, the one that is silent longest
    first. Times to the second.
    """
    now, now_s = clock.now(), clock.monotonic()

    def moment(at_s: float) -> datetime:
        return (now + timedelta(seconds=at_s - now_s + 0.5)).replace(microsecond=0)

    found = []
    for scanner in scanners:
        if isinstance(scanner, Station):
            if not scanner.online:  # it is waited for all the time
                since = moment(now_s - scanner.overdue_s)
                name = scanner.image.controller
                found.append(SilentController(controller=name, state="probing", since=since, next_probe=since))
            continue
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
