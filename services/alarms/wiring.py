"""Builds the alarm service: rules, database, bus, and the handlers between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import structlog

from services.alarms import handlers, storage
from services.alarms.domain.alarm import Rule
from services.alarms.domain.platform import Change, Fault
from services.alarms.platform_watch import PlatformWatch
from services.alarms.rules import load_rationalisation
from services.alarms.settings import Settings
from shared.bus.bus import MESSAGE_PARKED, PLATFORM, Bus
from shared.bus.consumer import Retry
from shared.bus.entrypoints import Entrypoints
from shared.bus.inbox import Inbox
from shared.bus.parked import ParkedWatch
from shared.clock import Clock, clock_at
from shared.contracts.codec import Letter
from shared.contracts.decoding import plain
from shared.contracts.envelope import Envelope
from shared.contracts.field import ResyncRequested
from shared.contracts.message import Message
from shared.database import DatabaseThread, NewThread, Session, WorkThread, engine_from
from shared.errors import Missing, Unavailable
from shared.site import load_site

SERVICE = "alarms"
ROWS_MAX = 1000
"""Rows of one answer; 1,000 alarms are about 0.6 MB."""
EMPTY_LOOKS = 2
"""A message reaches its parking place a moment after it was parked, so one look at an empty queue proves nothing."""

_TELLS_NOTHING_STANDING = frozenset({SERVICE, "gateway", "history"})
"""Services that own no conditions, so that there is nothing to ask them for."""

log = structlog.get_logger()

MessageT = TypeVar("MessageT", bound=Message)
T = TypeVar("T")
On = Callable[[MessageT, Envelope, handlers.Unit], None]


class AlarmsApp:
    """The running service."""

    def __init__(
        self,
        settings: Settings,
        areas: list[str],
        expected: Sequence[str],
        clock: Clock,
        database: DatabaseThread,
        rule_for: Callable[[str], Rule],
    ) -> None:
        """`areas`: the city first. `expected`: services whose silence is an alarm."""
        self._areas = areas
        self._clock = clock
        self._database = database
        self._rule_for = rule_for
        self._empty_looks = 0
        own = (SERVICE, settings.instance or f"{SERVICE}-1")
        self.platform = PlatformWatch(own, expected, clock, self._standing_faults, self._keep_faults)
        on_heartbeat = self.platform.on_heartbeat
        self.bus = Bus(SERVICE, settings, clock, database, retry=Retry(), on_heartbeat=on_heartbeat)
        self._inbox = Inbox(self._ask_again)
        self._watch = ParkedWatch(self.bus.uri, SERVICE, settings.parked_look_every_s, self._on_parked_look)

    def start(self, entrypoints: Entrypoints) -> None:
        self.bus.hear(self._areas, entrypoints.hears, others=self._note)
        for area in self._areas:
            self.bus.do(area, entrypoints.does)
        self.bus.answer(entrypoints.answers)
        self.bus.add(self._watch)
        self.bus.add(self.platform)
        self.bus.start()

    def stop(self) -> None:
        self.bus.stop()
        self._database.close()

    def handle(self, on: On[MessageT], message: MessageT, envelope: Envelope) -> None:
        """Apply a message once: inbox, alarms and events in one transaction."""

        def work(session: Session) -> None:
            if self._inbox.accept(session, envelope):
                on(message, envelope, self._unit(session))

        self._database.run(work)

    def list_alarms(
        self,
        state: list[str] | None = None,
        area: str | None = None,
        priority: list[int] | None = None,
        after: str = "",
        rows_max: int = ROWS_MAX,
    ) -> list[dict[str, Any]]:
        """Alarms by id, at most `rows_max`; `after` is the id of the last one of the page before."""
        found = self._database.run(
            lambda session: storage.list_displayed(
                session, states=state, area=area, priorities=priority, after=after, rows_max=min(rows_max, ROWS_MAX)
            )
        )
        return [plain(alarm.snapshot()) for alarm in found]

    def get_alarm(self, alarm_id: str) -> dict[str, Any]:
        """Raises Missing."""
        found = self._database.run(lambda session: storage.find_displayed(session, alarm_id))
        if found is None:
            raise Missing("alarm_missing", alarm=alarm_id)
        snapshot: dict[str, Any] = plain(found.snapshot())
        return snapshot

    def list_alarm_journal(self, alarm_id: str, after: int = 0, rows_max: int = ROWS_MAX) -> list[dict[str, Any]]:
        """Lines of the journal, the oldest first. Raises Missing."""
        self.get_alarm(alarm_id)
        found = self._database.run(
            lambda session: storage.list_lines(session, alarm_id, after, min(rows_max, ROWS_MAX))
        )
        shown = ("seq", "time", "event", "actor", "comment", "priority", "params")
        return [{"state": state, **{name: plain(getattr(line, name)) for name in shown}} for line, state in found]

    def _unit(self, session: Session) -> handlers.Unit:
        return handlers.Unit(storage.Alarms(session, self.bus.outbox), self._rule_for, self._clock.now())

    def _note(self, letter: Letter) -> None:
        """Nothing to do about it, but its number counts: a hole behind it may hide something we hear."""
        if letter.envelope.service in _TELLS_NOTHING_STANDING:
            return
        self._database.run(lambda session: self._inbox.accept(session, letter.envelope))

    def _ask_again(self, session: Session, envelope: Envelope, _missing: int) -> None:
        """Messages are missing before this one: ask its sender to tell what stands."""
        if envelope.service in _TELLS_NOTHING_STANDING:
            return
        request = ResyncRequested(area=envelope.subject, source=envelope.source)
        self.bus.outbox.add(session, request)

    def _standing_faults(self) -> list[Fault]:
        def work(session: Session) -> list[Fault]:
            active = self._unit(session).alarms.list_active_of_trade(PLATFORM)
            found = [Fault.of(alarm.key.asset, alarm.key.condition) for alarm in active]
            return [fault for fault in found if fault.code != MESSAGE_PARKED]

        return self._database.run(work)

    def _keep_faults(self, changes: Sequence[Change]) -> None:
        city = self._areas[0]
        self._database.run(lambda session: handlers.on_platform_changes(changes, city, self._unit(session)))

    def _on_parked_look(self, count: int) -> None:
        self._empty_looks = 0 if count else self._empty_looks + 1
        if self._empty_looks != EMPTY_LOOKS:
            return

        def work(session: Session) -> None:
            unit = self._unit(session)
            active = unit.alarms.list_active_of_trade(PLATFORM)
            handlers.on_nothing_parked([alarm for alarm in active if _is_parked(alarm.key.condition)], unit)

        try:
            self._database.run(work)
        except Unavailable as error:
            self._empty_looks = 0
            log.warning("parked messages could not be cleared", code=error.code)


def _is_parked(condition: str) -> bool:
    return condition.partition(":")[0] == MESSAGE_PARKED


def build(settings: Settings, new_thread: NewThread = WorkThread) -> AlarmsApp:
    """Raises MalformedDocument when the site or the rationalisation is wrong. Connects to nothing yet."""
    site = load_site(settings.site, settings.site_variables)
    rules = load_rationalisation(settings.rationalisation)
    database = DatabaseThread(engine_from(settings, SERVICE), Path(__file__).parent / "migrations", new_thread())
    areas = [site.city, *(area.id for area in site.areas)]
    expected = sorted({asset.trade for asset in site.assets} | {"history", "gateway"})
    return AlarmsApp(settings, areas, expected, clock_at(settings.clock_file), database, rules.rule_for)
