"""Every process says every two seconds that it lives and how it is; whoever is silent for six has stopped.

The same heartbeats measure how far the clocks of two machines are apart.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import orjson
import structlog

from shared.bus.connection import BrokerLoop, Link, declare, declare_shared
from shared.bus.publisher import Outgoing, Publisher
from shared.bus.topology import HEALTH, health_queue
from shared.clock import Clock
from shared.contracts.decoding import decode_as, plain
from shared.contracts.message import Params
from shared.errors import Malformed, Refused, Unavailable

SILENT_S_MAX = 6.0
DIFFERS_S_MAX = 10.0
"""Instances may work by different site files for so long (wall time): they do not look at the same moment."""
SKEW_WARN_S = 0.5
SKEW_REFUSE_S = 2.0
SILENT_MAX = 500
"""So many silent controllers are named in a heartbeat; of the others their number alone."""
_SAMPLES = 5

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that a process looks at, as it is now: a code of shared/messages with its parameters."""

    ok: bool
    code: str
    params: Params


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentController:
    """Its breaker is not closed: nothing but a probe is sent to it, at `next_probe`; city times.

    `probing`: the probe is due, or on the wire.
    """

    controller: str
    state: Literal["open", "probing"]
    since: datetime
    next_probe: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PollTotals:
    """How a process has polled since it began, all its controllers together."""

    polls: int = 0
    failed: int = 0
    """Of the polls, those that did not read everything."""
    retries: int = 0
    late: int = 0
    """Polls that were left out because their line was still busy when the next was due."""
    withheld: int = 0
    """Polls that were not sent because the controller is silent and its probe was not due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """`time` is city time, `wall_s` the sender's wall clock (Unix time), `started_at` city time too.

    `configuration`: the digest of the site's files that the sender works by; empty when it works by none.
    `silent`: of the controllers that it polls those that do not answer, SILENT_MAX of `silent_count` at most.
    """

    service: str
    instance: str
    started_at: datetime
    restarts: int
    time: datetime
    wall_s: float
    checks: dict[str, Check]
    configuration: str = ""
    silent: tuple[SilentController, ...] = ()
    silent_count: int = 0
    polls: PollTotals = PollTotals()


class HealthPublisher:
    """One thread. Checks are asked in it, so they must be quick; one that raises is shown as failed."""

    def __init__(
        self,
        uri: str,
        *,
        service: str,
        instance: str,
        restarts: int,
        clock: Clock,
        every_s: float,
        checks: Mapping[str, Callable[[], Check]],
        alive_file: Path | None = None,
        configuration: Callable[[], str] = str,
        silent: Callable[[], Sequence[SilentController]] = tuple,
        polls: Callable[[], PollTotals] = PollTotals,
    ) -> None:
        """`alive_file` is touched at each heartbeat, sent or not: its age tells a health check whether we still run."""
        self._service, self._instance, self._restarts = service, instance, restarts
        self._clock = clock
        self._started_at = clock.now()
        self._every_s = every_s
        self._checks = checks
        self._alive_file = alive_file
        self._configuration = configuration
        self._silent = silent
        self._polls = polls
        self._publisher = Publisher(uri, f"{instance} health")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float = 3.0) -> None:
        self._stopping.set()
        self._thread.join(within_s)
        self._publisher.close()

    def heartbeat(self) -> Heartbeat:
        silent = self._silent()
        return Heartbeat(
            service=self._service,
            instance=self._instance,
            started_at=self._started_at,
            restarts=self._restarts,
            time=self._clock.now(),
            wall_s=time.time(),
            checks={name: _looked_at(name, check) for name, check in self._checks.items()},
            configuration=self._configuration(),
            silent=tuple(silent[:SILENT_MAX]),
            silent_count=len(silent),
            polls=self._polls(),
        )

    def _run(self) -> None:
        while True:
            beat = orjson.dumps(plain(self.heartbeat()))
            message = Outgoing(HEALTH, "", beat, "application/json", persistent=False)
            try:
                self._publisher.publish([message])
            except Unavailable as error:
                log.debug("no heartbeat was sent", code=error.code)
            if self._alive_file is not None:
                self._alive_file.touch()
            if self._stopping.wait(self._every_s):
                return


class HealthListener:
    """One thread that hears everybody's heartbeats and compares their clocks and site files with ours."""

    def __init__(
        self,
        uri: str,
        service: str,
        on_heartbeat: Callable[[Heartbeat], None] | None = None,
        configuration: Callable[[], str] = str,
    ) -> None:
        self._service = service
        self._on_heartbeat = on_heartbeat
        self.skew = SkewMeter()
        self.agreement = Agreement(configuration)
        self._loop = BrokerLoop(uri, f"{service} health listener", self._serve)
        self.start, self.stop = self._loop.start, self._loop.stop

    def _serve(self, link: Link) -> None:
        declare_shared(link)
        channel = link.channel()
        queue = health_queue(self._service)
        declare(channel, queue)
        channel.basic_consume(queue.name, no_ack=True, callback=self._take)
        self._loop.serving()
        while not self._loop.stopping.is_set():
            link.drain(0.5)

    def _take(self, raw: Any) -> None:
        try:
            heartbeat = decode_as(Heartbeat, orjson.loads(raw.body), "heartbeat")
        except (orjson.JSONDecodeError, Malformed) as error:
            log.warning("a heartbeat is malformed", detail=str(error))
            return
        self.skew.observe(heartbeat.instance, heartbeat.wall_s, time.time())
        self.agreement.observe(heartbeat.instance, heartbeat.configuration, time.monotonic())
        if self._on_heartbeat is not None:
            self._on_heartbeat(heartbeat)


class SkewMeter:
    """Clock differences, from when messages were sent and came; the quickest of the last few is nearest the truth."""

    def __init__(self) -> None:
        self._samples: dict[str, deque[float]] = {}

    def observe(self, instance: str, sent_wall_s: float, received_wall_s: float) -> None:
        samples = self._samples.setdefault(instance, deque(maxlen=_SAMPLES))
        samples.append(received_wall_s - sent_wall_s)

    def skew_s(self, instance: str) -> float | None:
        """How far our clock is ahead of theirs, None while too little was heard of them."""
        samples = self._samples.get(instance)
        return min(samples, key=abs) if samples and len(samples) == _SAMPLES else None

    def check(self) -> Check:
        """For the health page: not ok above half a second."""
        known = {name: skew for name in list(self._samples) if (skew := self.skew_s(name)) is not None}
        if not known:
            return Check(ok=True, code="clocks_agree", params={})
        instance, skew = max(known.items(), key=lambda item: abs(item[1]))
        if abs(skew) <= SKEW_WARN_S:
            return Check(ok=True, code="clocks_agree", params={})
        return Check(ok=False, code="clocks_differ", params={"instance": instance, "skew_s": round(skew, 2)})

    def require(self, instance: str) -> None:
        """Raises Refused when the clock of whoever sent a command is too far from ours to trust its deadline."""
        skew = self.skew_s(instance)
        if skew is not None and abs(skew) > SKEW_REFUSE_S:
            raise Refused("clocks_differ", instance=instance, skew_s=round(skew, 2))


class Agreement:
    """Do all processes work by the same site files? Files that are being changed may differ for some seconds."""

    def __init__(self, own: Callable[[], str]) -> None:
        self._own = own
        self._seen: dict[str, tuple[str, float]] = {}
        self._differs_since_s: dict[str, float] = {}

    def observe(self, instance: str, configuration: str, now_s: float) -> None:
        """`now_s`: this process's monotonic clock, in seconds."""
        self._seen[instance] = (configuration, now_s)
        if configuration and self._own() and configuration != self._own():
            self._differs_since_s.setdefault(instance, now_s)
        else:
            self._differs_since_s.pop(instance, None)

    def check(self) -> Check:
        """For the health page: not ok while another process that still runs works by other files."""
        now_s = time.monotonic()
        for instance, since_s in sorted(self._differs_since_s.items()):
            configuration, seen_s = self._seen[instance]
            if now_s - seen_s <= SILENT_S_MAX and now_s - since_s > DIFFERS_S_MAX and configuration != self._own():
                params: Params = {"instance": instance, "digest": configuration, "own": self._own()}
                return Check(ok=False, code="configurations_differ", params=params)
        return Check(ok=True, code="configurations_agree", params={})


def _looked_at(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as error:
        log.exception("defect in a health check", check=name)
        return Check(ok=False, code="check_failed", params={"check": name, "detail": str(error)[:200]})
