"""Everything of one service that speaks to the broker, built in its wiring and started as one.

It starts and stays without a broker and without a database: each part reconnects by itself, for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import structlog

from shared.bus.checks import database_check, disk_check
from shared.bus.consumer import Consumer, Dispatch, Handler, Parked, Retry
from shared.bus.health import Check, HealthListener, HealthPublisher, Heartbeat, PollTotals, SilentController
from shared.bus.outbox import Outbox, Relay, count_waiting
from shared.bus.query import QueryServer
from shared.bus.topology import command_queue, dotted, event_queue, report_queue
from shared.clock import Clock
from shared.contracts.codec import Letter
from shared.contracts.field import ConditionRaised
from shared.contracts.message import Message
from shared.database import DatabaseThread
from shared.settings import CommonSettings

PLATFORM = "platform"
"""The trade of conditions of the platform itself."""
MESSAGE_PARKED = "message_parked"
STOP_S_MAX = 3.0

log = structlog.get_logger()


class Part(Protocol):
    """Something with a thread of its own."""

    def start(self) -> None: ...

    def stop(self, within_s: float = ...) -> None: ...


class Bus:
    """The bus as one service sees it. Handlers are called one at a time per queue, in the queue's own thread."""

    def __init__(
        self,
        service: str,
        settings: CommonSettings,
        clock: Clock,
        database: DatabaseThread,
        *,
        checks: Mapping[str, Callable[[], Check]] | None = None,
        retry: Retry | None = None,
        configuration: Callable[[], str] = str,
        silent: Callable[[], Sequence[SilentController]] = tuple,
        polls: Callable[[], PollTotals] = PollTotals,
        on_heartbeat: Callable[[Heartbeat], None] | None = None,
    ) -> None:
        """`configuration`: the digest of the files this process works by. `silent`: who does not answer it now.
        `polls`: how it has polled. `on_heartbeat` is called for each that is heard, our own too."""
        self.service = service
        self.instance = settings.instance or f"{service}-1"
        self.uri = settings.amqp_uri
        self._clock = clock
        self._database = database
        self._retry = retry
        self.outbox = Outbox(service, self.instance, clock)
        self.relay = Relay(self.uri, self.instance, database)
        self.health = HealthListener(self.uri, service, on_heartbeat, configuration=configuration)
        self._heart = HealthPublisher(
            self.uri,
            service=service,
            instance=self.instance,
            restarts=settings.restarts,
            clock=clock,
            every_s=settings.heartbeat_every_s,
            checks={
                "database": lambda: database_check(database),
                "disk": lambda: disk_check(settings.data_dir, settings.disk_low_mb),
                "events": self._events_leave,
                "schema": self._schema_is_ours,
                "clocks": self.health.skew.check,
                "configurations": self.health.agreement.check,
                **(checks or {}),
            },
            configuration=configuration,
            silent=silent,
            polls=polls,
            alive_file=settings.alive_file,
        )
        self._parts: list[Part] = [self.relay, self.health, self._heart]
        self._owned: dict[str, list[Consumer]] = {}
        """By area: what is taken while we hold its lease."""
        self._started = False

    def add(self, part: Part) -> None:
        """Start and stop it with the bus."""
        self._parts.append(part)
        if self._started:
            part.start()

    def hear(
        self,
        areas: Iterable[str],
        table: Mapping[type[Message], Handler],
        others: Callable[[Letter], None] | None = None,
    ) -> None:
        """Hear all events of these areas, in order; `others` gets the letters that are not in the table."""
        for area in areas:
            self.add(self._consumer(event_queue(self.service, area), area, Dispatch(table, others)))

    def do(
        self,
        area: str,
        table: Mapping[type[Message], Handler],
        ahead: Mapping[type[Message], Handler] | None = None,
        reports: Mapping[type[Message], Handler] | None = None,
    ) -> None:
        """Take the commands of an area, until `cease`. An owner does so while it holds the area's lease.

        `ahead`: heard as soon as they come in, so that a wish can be withdrawn that still waits in the queue.
        `reports`: what devices of the area told another instance.
        """
        assert area not in self._owned, f"{area} is taken already"
        owned = self._owned[area] = [self._consumer(command_queue(self.service, area), area, Dispatch(table), ahead)]
        if reports is not None:
            owned.append(self._consumer(report_queue(self.service, area), area, Dispatch(reports)))
        for consumer in owned:
            self.add(consumer)

    def cease(self, area: str) -> None:
        """Take no more of what is an owner's; what was not finished goes back to its queue."""
        for consumer in self._owned.pop(area, []):
            self._parts.remove(consumer)
            consumer.stop(STOP_S_MAX)

    def answer(self, methods: Mapping[str, Callable[..., Any]]) -> None:
        """Offer these methods by RPC."""
        self.add(QueryServer(self.uri, self.service, methods))

    def start(self) -> None:
        self._started = True
        for part in list(self._parts):
            part.start()

    def stop(self) -> None:
        """First, all at once, what brings work in; last what carries events out."""
        incoming = [part for part in self._parts if part is not self.relay]
        stopping = [threading.Thread(target=part.stop, args=(STOP_S_MAX,)) for part in incoming]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()
        self.relay.stop(STOP_S_MAX)

    def _consumer(
        self, queue: Any, area: str, dispatch: Dispatch, ahead: Mapping[type[Message], Handler] | None = None
    ) -> Consumer:
        return Consumer(
            self.uri,
            queue,
            dispatch,
            on_parked=lambda parked: self._on_parked(area, parked),
            retry=self._retry,
            ahead=ahead,
        )

    def _on_parked(self, area: str, parked: Parked) -> None:
        """A parked message is a condition of this service, which services/alarms clears when nothing is parked."""
        if parked.envelope is not None and parked.envelope.service == self.service:
            return  # our own word about a parked message was parked: to say so again would never end
        params = {"queue": parked.queue, "code": parked.code, "detail": parked.detail}
        if parked.envelope is not None:
            params |= {"event_type": str(parked.envelope.type), "event_id": parked.envelope.id}
        event = ConditionRaised(
            area=area,
            trade=PLATFORM,
            asset=self.service,
            condition=f"{MESSAGE_PARKED}:{dotted(area)}",
            priority=2,
            params=dict(params),
            taken_at=self._clock.now(),
        )
        self._database.run(lambda session: self.outbox.add(session, event))

    def _events_leave(self) -> Check:
        outage = self.relay.outage
        if outage is None:
            return Check(ok=True, code="events_leave", params={})
        if outage.startswith("database"):
            return Check(ok=False, code="events_kept", params={})
        waiting = self._database.run(count_waiting)
        return Check(ok=False, code="events_wait", params={"cause": outage, "waiting": waiting})

    def _schema_is_ours(self) -> Check:
        newer = self._database.newer
        if newer is None:
            return Check(ok=True, code="schema_is_ours", params={})
        return Check(ok=False, code="schema_is_newer", params={"revision": newer})
