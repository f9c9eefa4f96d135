"""An owner of controllers: the field engine, the lease, the bus and the database of one trade, put together.

Every service with controllers is one of these plus its trade. The control loop needs none of broker, database and
gateway: it runs from the moment the process starts, and whatever it has to say waits in bounded files.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import structlog

from shared import errors
from shared.bus.bus import Bus
from shared.bus.consumer import Handler
from shared.bus.emitter import Emitter
from shared.bus.entrypoints import Entrypoints
from shared.bus.forwarding import Forwarder
from shared.bus.frames import ControllerSeen, Readings
from shared.bus.lease import Leases, LostBecause
from shared.bus.outbox import Cause
from shared.bus.spool import Spool
from shared.bus.telemetry import Lost as LostBatches
from shared.bus.telemetry import TelemetrySender
from shared.clock import Clock
from shared.contracts.decoding import plain
from shared.contracts.envelope import Envelope
from shared.contracts.field import (
    AreaReleased,
    AreaTaken,
    CommandSending,
    ConfigurationRefused,
    ControllerCommissioned,
    GapCause,
    PointMarkRefused,
    Report,
    ReportForwarded,
    ResyncRequested,
    StandingCondition,
    TelemetryGap,
)
from shared.contracts.gateway import (
    CancelOperate,
    CheckPoint,
    MarkPoint,
    Operate,
    SelectOperate,
    SignLoopTest,
    UnmarkPoint,
)
from shared.contracts.message import Actor, Event, Message, Reason, Scalar
from shared.database import DatabaseThread, Session
from shared.errors import Missing, Unavailable
from shared.field import storage
from shared.field.commands import Outcome, Refused, Unconfirmed
from shared.field.commissioning import Commissioning, profile_name
from shared.field.conditions import Conditions
from shared.field.configuration import Configuration
from shared.field.decider import Decider
from shared.field.engine import Engine, Lost, Unit
from shared.field.image import moment
from shared.field.judgement import Judgement
from shared.field.marks import Marks
from shared.field.operations import Operations, outcome_event
from shared.field.overrides import Overrides
from shared.field.profile_load import configuration_folders
from shared.field.reception import Reception
from shared.field.reloading import Reloader
from shared.field.reporter import Due
from shared.field.scanner import Scan
from shared.field.silence import poll_totals, silent_controllers
from shared.field.telling import in_columns, in_numbers, microseconds
from shared.field.wish import Wish
from shared.settings import CommonSettings
from shared.site.files import ConfigurationFiles

UPKEEP_EVERY_WALL_S = 0.5
UNLEASED_AFTER_WALL_S = 5.0
"""Without a broker at the start, the areas are taken unleased after this: the master watchdogs keep two apart."""
STANDING_AFTER_S = 15.0
"""At the latest so long after taking an area (city time) it is said what stands in it."""
MEMORY_EVERY = 1
"""Every so many turns of the upkeep the trade's memory is kept."""
SERVED_EVERY_WALL_S = 5.0
"""So often it is noted that an area is polled."""
UNSERVED_WALL_S_MAX = 10.0
"""An area nobody has polled for longer has a gap in its readings."""
KEPT_WITHIN_WALL_S = 5.0
"""So long a device waits for its answer while its report goes to the broker or to the disk."""
MIB = 1_048_576

_log = structlog.get_logger()


class OwnerSettings(CommonSettings):
    """What an owner of controllers can be told beside the common settings."""

    areas_preferred: str = "*"
    """Areas this instance takes at once, separated by commas; '*': all of its trade."""
    takeover_quiet_s: float = 12.0
    """So long (city time) a controller's master watchdog must have stood still before we write to it."""
    event_spool_mib_max: int = 64
    telemetry_spool_mib_max: int = 256


class Trade(Protocol):
    """What a service adds to being an owner. Called with nothing held; must be quick, but for `on_scan`."""

    def take(self, area: str, units: Sequence[Unit], memories: Mapping[str, dict[str, Any]]) -> None: ...

    def release(self, units: Sequence[Unit]) -> None: ...

    def decides(self, unit: Unit) -> bool:
        """Does anything hang on this taken unit's scans beyond its profile's conditions?"""
        ...

    def memories(self, area: str) -> dict[str, dict[str, Any]]:
        """What must be known of each asset after a restart."""
        ...

    def remember(self, area: str, asset: str, condition: str) -> bool:
        """After a restart: this condition of the trade's own stood. False when it has none such, or its controller is
        silent."""
        ...

    def write_computed(self, unit: Unit, point: str, value: Scalar) -> None: ...

    def on_command_started(self, wish: Wish) -> None:
        """Its row says `sending`; it is written next."""
        ...

    def on_command_ended(self, wish: Wish, outcome: Outcome) -> None: ...


@dataclass(slots=True)
class _Area:
    name: str
    conditions: Conditions
    decider: Decider
    taken_at: datetime
    built_at: datetime
    """When the newest of its units were built."""
    epoch: int
    leased: bool
    decided: set[str] = field(default_factory=set)
    """The units whose scans the trade wants to decide upon."""
    standing_due: bool = True
    recovery_due: bool = True
    recall_due: bool = True
    """Overrides, marks and who polled last are still to be remembered."""
    served_noted_wall_s: float = float("-inf")
    memories: dict[str, dict[str, Any]] = field(default_factory=dict)
    conditions_lock: threading.RLock = field(default_factory=threading.RLock)


class Owner:
    """One process's part in owning a trade's controllers."""

    def __init__(
        self,
        service: str,
        load: Callable[[], Configuration],
        settings: OwnerSettings,
        clock: Clock,
        database: DatabaseThread,
        trade: Trade,
    ) -> None:
        """`load` reads the configuration, now and whenever its files change. Raises what it raises."""
        self.service = service
        self.clock = clock
        self._database = database
        self._trade = trade
        instance = settings.instance or f"{service}-1"
        files = ConfigurationFiles(*configuration_folders(service, settings.site))
        self._reloader = Reloader(instance, load, files)
        self._reloader.current.adopt()
        site = self._reloader.current.site
        forwarder = Forwarder(settings.amqp_uri, service, instance, clock)
        self._reception = Reception(self._reloader.current, clock, forwarder, self._receive)
        checks = {"configuration": self._reloader.check, "reports": self._reception.check}
        self.bus = Bus(
            service,
            settings,
            clock,
            database,
            checks=checks,
            configuration=lambda: self._reloader.current.digest,
            silent=lambda: silent_controllers([unit.scanner for unit in list(self.engine.units.values())], clock),
            polls=lambda: poll_totals([unit.scanner for unit in list(self.engine.units.values())]),
        )
        self.engine = Engine(self._reloader.current, clock, self, takeover_quiet_s=settings.takeover_quiet_s)
        self._overrides = Overrides(service, clock)
        self._marks = Marks(service, clock)
        self._commissioning = Commissioning(service, clock)
        self.operations = Operations(
            self.engine,
            service,
            self,
            clock,
            self._overrides,
            on_started=trade.on_command_started,
            on_ended=trade.on_command_ended,
        )
        spools = settings.data_dir / "spool"
        self.emitter = Emitter(
            service,
            database=database,
            outbox=self.bus.outbox,
            spool=Spool(spools / f"{instance}-events", settings.event_spool_mib_max * MIB),
            clock=clock,
            on_overflow=self._tell_standing_again,
            fold=storage.fold,
        )
        self._telemetry = TelemetrySender(
            settings.amqp_uri,
            source=f"{service}/{instance}",
            trade=service,
            spool=Spool(spools / f"{instance}-telemetry", settings.telemetry_spool_mib_max * MIB),
            clock=clock,
            on_lost=self._on_telemetry_lost,
        )
        areas = site.areas_of(service)
        chosen = areas if settings.areas_preferred == "*" else settings.areas_preferred.split(",")
        self._preferred = [area for area in areas if area in chosen]
        self._leases = Leases(
            settings.amqp_uri,
            service,
            areas=areas,
            preferred=self._preferred,
            on_taken=self._on_lease,
            on_lost=self._on_lease_lost,
            on_held_elsewhere=self._on_held_elsewhere,
        )
        self._areas: dict[str, _Area] = {}
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._upkeep = threading.Thread(target=self._keep_up, name="owner upkeep", daemon=True)
        self._broker_seen = False
        self._entrypoints = Entrypoints()

    def start(self, entrypoints: Entrypoints) -> None:
        """Needs neither broker nor database."""
        self._entrypoints = entrypoints
        heard: dict[type[Message], Handler] = {ResyncRequested: self._on_resync}
        heard.update(entrypoints.hears.items())
        site = self._reloader.current.site
        self.bus.hear([site.city, *site.areas_of(self.service)], heard)
        self.bus.answer(
            {
                "list_commands": self.list_commands,
                "get_command": self.get_command,
                "list_marks": self.list_marks,
                "get_loop_test": self.get_loop_test,
                **entrypoints.answers,
            }
        )
        for part in (self.emitter, self._telemetry):
            part.start()
        self.engine.run()
        self._reception.adopt(self._reloader.current)
        self.bus.start()
        self._leases.start()
        self._upkeep.start()

    def stop(self) -> None:
        """Stops writing first, then says so, then lets the bus carry out what is left."""
        self._stopping.set()
        self._upkeep.join(UPKEEP_EVERY_WALL_S * 4)
        self._reception.stop()
        for area in list(self._areas):
            self._release(area, "stopped")
        self.engine.stop()
        self._leases.stop()
        self._telemetry.stop()
        self.emitter.stop()
        self.bus.stop()
        self._database.close()

    def owns(self, area: str) -> bool:
        """Do we hold the area's lease? Without it the control loop goes on and operators' commands are refused."""
        state = self._areas.get(area)
        return state is not None and state.leased

    def emit(self, events: Sequence[Event], wish: Wish | None = None) -> None:
        """Say events; never waits, never fails."""
        if events:
            self.emitter.emit(events, Cause(wish.correlation_id, wish.causation_id) if wish else None)

    def judge(self, unit: Unit, judgements: Sequence[Judgement]) -> None:
        """Say the changes of the trade's own conditions, as the engine says those of the profile."""
        assert not unit.scanner.silent, "nothing is decided upon what is not in service"
        self.on_judgements(unit, judgements)

    # What the engine says, on the lines' threads.

    def on_judgements(self, unit: Unit, judgements: Sequence[Judgement]) -> None:
        state = self._areas.get(unit.area)
        if state is not None:
            with state.conditions_lock:
                self.emit(state.conditions.apply(judgements, online=unit.scanner.online))

    def on_scan(self, unit: Unit, scan: Scan) -> None:  # noqa: ARG002 - the decider looks at the images itself
        state = self._areas.get(unit.area)
        if state is not None and unit.id in state.decided:
            state.decider.wake(unit.id)

    def on_report(self, unit: Unit, due: Due, scan: Scan) -> None:
        seen = ControllerSeen(unit.id, scan.group, microseconds(unit.image.last_good_s[scan.group]))
        readings = in_columns(unit.image, due.indices) if due.indices else None
        self._telemetry.report(unit.area, readings, seen, [in_numbers(each) for each in due.news])

    def on_found_again(self, unit: Unit, lost: Lost, at_s: float) -> None:
        self._tell_gap(unit.area, lost.cause, lost.since_s, at_s, controller=unit.id, asset=unit.entry.asset)

    def on_backfill(self, unit: Unit, readings: Readings) -> None:
        self._telemetry.report(unit.area, readings)

    def write_computed(self, unit: Unit, point: str, value: Scalar) -> None:
        self._trade.write_computed(unit, point, value)

    def _receive(self, controller: str, report: Report, arrived_at: datetime) -> bool:
        if not self.engine.receive(controller, report, arrived_at):
            return False
        if not self._telemetry.wait_kept(KEPT_WITHIN_WALL_S):
            raise Unavailable("report_not_kept", controller=controller)
        return True

    # What operators wish, on the bus's threads.

    def do_operate(self, command: Operate, envelope: Envelope) -> None:
        """Carry out an operator's command; every refusal is said as an event."""
        wish = self._wish(command, envelope)
        if self._is_timely(wish, envelope):
            self.operations.operate(wish, lambda: self.owns(command.area))

    def do_select_operate(self, command: SelectOperate, envelope: Envelope) -> None:
        """Lock the asset for an operator's command that is to follow."""
        wish = self._wish(command, envelope)
        if self._is_timely(wish, envelope):
            self.operations.select(wish, lambda: self.owns(command.area))

    def do_cancel_operate(self, command: CancelOperate, envelope: Envelope) -> None:  # noqa: ARG002
        if command.actor.may("operate", self.service, command.area):
            self.operations.cancel(command.command_id)

    def do_mark_point(self, command: MarkPoint, envelope: Envelope) -> None:
        """Set a point by hand; said as an event either way."""
        self._tell_mark(command, envelope, lambda units: self._marks.mark(command, units))

    def do_unmark_point(self, command: UnmarkPoint, envelope: Envelope) -> None:
        self._tell_mark(command, envelope, lambda units: self._marks.unmark(command, units))

    def _tell_mark(
        self,
        command: MarkPoint | UnmarkPoint,
        envelope: Envelope,
        change: Callable[[Sequence[Unit]], Event | Reason],
    ) -> None:
        told: Event | Reason | None = self._find_late(envelope)
        if not command.actor.may("operate", self.service, command.area):
            told = Reason(code="command_forbidden", params={"actor": command.actor.username})
        if told is None:
            told = change(self.engine.units_of(command.area))
        if isinstance(told, Reason):
            told = PointMarkRefused(
                area=command.area,
                trade=self.service,
                asset=command.asset,
                point=command.point,
                by=command.actor.username,
                reason=told,
            )
        self.emitter.emit([told], Cause(envelope.correlation_id, envelope.id))

    def do_check_point(self, command: CheckPoint, envelope: Envelope) -> None:
        """A line of a loop test; said as an event either way."""
        late = self._find_late(envelope)
        if late is None:
            told = self._commissioning.check(command, self.engine.units_of(command.area))
        else:
            told = self._commissioning.refuse(command, command.point, late)
        self.emitter.emit([told], Cause(envelope.correlation_id, envelope.id))

    def do_sign_loop_test(self, command: SignLoopTest, envelope: Envelope) -> None:
        """From here on the controller alarms and obeys."""
        units = self.engine.units_of(command.area)
        late = self._find_late(envelope)
        told = (
            self._commissioning.sign(command, units) if late is None else self._commissioning.refuse(command, "", late)
        )
        self.emitter.emit([told], Cause(envelope.correlation_id, envelope.id))
        state = self._areas.get(command.area)
        if state is not None and isinstance(told, ControllerCommissioned):
            for unit in units:
                if unit.id == command.controller and unit.scanner.silent:
                    unit.speak()
            state.decided = self._decided(units)

    def _decide(self, area: str, scanned: list[str]) -> None:
        """What was exchanged since its scan may be silent now."""
        state = self._areas.get(area)
        wanted = [unit for unit in scanned if state is not None and unit in state.decided]
        if wanted and self._entrypoints.scanned is not None:
            self._entrypoints.scanned(area, wanted)

    def _decided(self, units: Sequence[Unit]) -> set[str]:
        """The units whose scans the trade wants to decide upon, but for those that are being commissioned."""
        return {unit.id for unit in units if not unit.scanner.silent and self._trade.decides(unit)}

    def get_loop_test(self, controller: str) -> dict[str, Any]:
        """What was checked of a controller, and who signed. Raises Missing when it is not polled here."""
        unit = self.engine.units.get(controller)
        if unit is None:
            raise Missing("controller_missing", controller=controller)
        checks, signed = self._commissioning.record(unit)
        return {
            "profile": profile_name(unit.profile),
            "silent": unit.scanner.silent,
            "checks": [_plain(each) for each in checks],
            "signed": None if signed is None else _plain(signed),
        }

    def list_marks(self, asset: str) -> list[dict[str, Any]]:
        """What people have set of an asset's points."""
        return [_plain(mark) for mark in self._marks.of(asset)]

    def list_commands(self, asset: str, rows_max: int = 50) -> list[dict[str, Any]]:
        rows = self._database.run(lambda session: storage.list_commands(session, asset, min(rows_max, 500)))
        return [_plain(row) for row in rows]

    def get_command(self, command_id: str) -> dict[str, Any]:
        """Raises Missing."""
        row = self._database.run(lambda session: storage.find_command(session, command_id))
        if row is None:
            raise Missing("command_missing", command_id=command_id)
        return _plain(row)

    def _wish(self, command: Operate | SelectOperate, envelope: Envelope) -> Wish:
        return Wish(
            command_id=command.command_id,
            area=command.area,
            asset=command.asset,
            command=command.command,
            params=command.params,
            reason=command.reason,
            origin="operator",
            actor=command.actor,
            requested_at=command.requested_at,
            deadline=envelope.deadline or self.clock.now(),
            correlation_id=envelope.correlation_id,
            causation_id=envelope.id,
        )

    def _is_timely(self, wish: Wish, envelope: Envelope) -> bool:
        """False, and said so, when the sender's clock is too far from ours for its deadline to mean anything."""
        reason = self._find_skew(envelope)
        if reason is not None:
            self._refuse(wish, reason)
        return reason is None

    def _find_late(self, envelope: Envelope) -> Reason | None:
        """Whoever wished it was told long ago that nobody answers."""
        late_s = (self.clock.now() - envelope.deadline).total_seconds() if envelope.deadline else 0.0
        late = Reason(code="wish_late", params={"late_s": round(late_s, 1)}) if late_s > 0 else None
        return self._find_skew(envelope) or late

    def _find_skew(self, envelope: Envelope) -> Reason | None:
        try:
            self.bus.health.skew.require(envelope.source.split("/")[1])
        except errors.Refused as error:
            return Reason(code=error.code, params=error.params)
        return None

    # The ledger, for Operations.

    def begin(
        self, wish: Wish, event: CommandSending, also: Sequence[Event], not_more_than: tuple[int, datetime] | None
    ) -> Refused | None:
        def work(session: Session) -> Refused | None:
            if not_more_than is not None:
                count_max, since = not_more_than
                if storage.count_sent(session, wish.asset, wish.command, since) >= count_max:
                    return Refused(Reason(code="command_rate", params={"count_max": count_max}))
            for each in (event, *also):
                storage.fold(session, each, self.clock.now())
                self.bus.outbox.add(session, each, Cause(wish.correlation_id, wish.causation_id))
            return None

        return self._database.run(work, durable=True)  # a command that was sent is never forgotten

    def is_known(self, command_id: str) -> bool:
        return self._database.run(lambda session: storage.find_command(session, command_id)) is not None

    # Areas come and go.

    def _on_lease(self, area: str, epoch: int) -> None:
        self._broker_seen = True
        with self._lock:
            state = self._areas.get(area)
            if state is None:
                state = self._take(area, epoch, leased=True)
            else:
                state.epoch, state.leased = epoch, True
                self._telemetry.begin(area, epoch)
            state.standing_due = True
            self.emit([AreaTaken(area=area, trade=self.service, instance=self.bus.instance, epoch=epoch)])
            self._serve(area)

    def _serve(self, area: str) -> None:
        """Take what is for the owner of the area."""
        done: dict[type[Message], Handler] = {}
        done.update(self._entrypoints.does.items())
        reports: dict[type[Message], Handler] = {ReportForwarded: self._reception.on_forwarded}
        ahead: dict[type[Message], Handler] = {CancelOperate: self.do_cancel_operate}
        self.bus.do(area, done, ahead, reports if self._reception.listens else None)

    def _on_lease_lost(self, area: str, cause: LostBecause) -> None:
        with self._lock:
            for state in self._areas.values():  # the connection that held one lease held them all
                if cause == "broker" or state.name == area:
                    state.leased = False
        self.bus.cease(area)
        if cause == "broker":
            _log.warning("area_unleased", area=area)

    def _on_held_elsewhere(self, area: str) -> None:
        """Another instance has it: whoever was cut off lets go."""
        self._broker_seen = True
        with self._lock:
            state = self._areas.get(area)
            if state is not None and not state.leased:
                self._release(area, "broker")

    def _take(self, area: str, epoch: int, *, leased: bool) -> _Area:
        now = self.clock.now()
        state = _Area(
            name=area,
            conditions=Conditions(self.service, area),
            decider=Decider(area, self._decide),
            taken_at=now,
            built_at=now,
            epoch=epoch,
            leased=leased,
        )
        units = self.engine.take(area)
        standing = self._load(state, units)
        self._recall(state, units)
        self._trade.take(area, units, state.memories)
        state.decided = self._decided(units)
        self._remember(state, units, standing)
        self._areas[area] = state
        self._telemetry.begin(area, epoch)
        state.decider.start()
        self.engine.start(area)
        return state

    def _release(self, area: str, cause: LostBecause) -> None:
        with self._lock:
            state = self._areas.pop(area, None)
        if state is None:
            return
        units = self.engine.units_of(area)
        self.engine.release(area)
        self._overrides.forget(area)
        self._marks.forget(area)
        state.decider.stop()
        self._keep_memories(state)
        self._trade.release(units)
        self._note_served(state)
        self.emit(
            [AreaReleased(area=area, trade=self.service, instance=self.bus.instance, epoch=state.epoch, cause=cause)]
        )

    def _load(self, state: _Area, units: Sequence[Unit]) -> list[StandingCondition]:
        """What stood and what the trade knew before; without a database the area starts with nothing known."""
        assets = sorted({asset for unit in units for asset in unit.image.assets})

        def work(session: Session) -> tuple[list[StandingCondition], dict[str, dict[str, Any]]]:
            found = {asset: storage.find_memory(session, asset) for asset in assets}
            memories = {asset: memory for asset, memory in found.items() if memory is not None}
            return storage.list_standing(session, state.name), memories

        try:
            standing, state.memories = self._database.run(work)
        except Unavailable as error:
            _log.warning("area_taken_without_memory", area=state.name, code=error.code)
            return []
        return standing

    def _tell_unserved(self, state: _Area, served_at: datetime | None) -> None:
        """Nobody polled the area for a while: that is a gap too."""
        if served_at is not None:
            gap_s = (state.taken_at - served_at).total_seconds()
            if gap_s > self.clock.rate * UNSERVED_WALL_S_MAX:
                self._tell_gap(state.name, "service", served_at.timestamp(), state.taken_at.timestamp())

    def _note_served(self, state: _Area) -> None:
        """Not before it is known until when it was served before."""
        if state.recall_due:
            return
        now = self.clock.now()
        state.served_noted_wall_s = time.monotonic()
        try:
            self._database.run(lambda session: storage.note_served(session, state.name, now))
        except Unavailable as error:
            _log.debug("served_waits", area=state.name, code=error.code)

    def _recall(self, state: _Area, units: Sequence[Unit]) -> None:
        """The overrides that hold, what people have set, who polled last; without a database as soon as it is back."""

        def work(session: Session) -> datetime | None:
            self._overrides.remember(storage.list_overrides(session, state.name))
            self._marks.remember(storage.list_marks(session, state.name))
            self._commissioning.remember(*storage.list_loop_tests(session, state.name))
            return storage.find_served(session, state.name)

        self._commissioning.hush(units)  # without a database: what is to be commissioned stays silent
        try:
            served_at = self._database.run(work)
        except Unavailable as error:
            _log.debug("recall_waits", area=state.name, code=error.code)
            return
        self._tell_unserved(state, served_at)
        self._marks.show(units)
        self._commissioning.hush(units)
        state.recall_due = False

    def _remember(self, state: _Area, units: Sequence[Unit], standing: Sequence[StandingCondition]) -> None:
        for condition in standing:
            if self._is_remembered(state.name, condition, units):
                state.conditions.remember(condition)
            else:
                self.emit([state.conditions.withdraw(condition)])

    def _is_remembered(self, area: str, condition: StandingCondition, built: Sequence[Unit]) -> bool:
        """Does it stand on in what was just built? Not what hangs on controllers that are silent.

        Called with nothing held: the trade has a lock of its own, and judges while it holds it.
        """
        speaking = [unit for unit in built if not unit.scanner.silent]
        remembered = [unit for unit in speaking if unit.remember(condition.asset, condition.condition)]
        return bool(remembered) or self._trade.remember(area, condition.asset, condition.condition)

    # Upkeep, on a thread of its own.

    def _keep_up(self) -> None:
        turn, waited_s = 0, 0.0
        while not self._stopping.wait(UPKEEP_EVERY_WALL_S):
            turn += 1
            waited_s += UPKEEP_EVERY_WALL_S
            if not self._broker_seen and waited_s >= UNLEASED_AFTER_WALL_S:
                self._attempt(self._take_unleased)
            self._attempt(self._reload)
            self._attempt(self.operations.expire_selections)
            for state in list(self._areas.values()):
                self._attempt(partial(self._keep_up_area, state, keep_memory=turn % MEMORY_EVERY == 0))

    def _attempt(self, part: Callable[[], None]) -> None:
        """A part of the upkeep; what fails is tried again the next turn, and holds up nothing else."""
        try:
            part()
        except Unavailable as error:
            _log.debug("upkeep_waits", code=error.code)
        except Exception:
            _log.exception("upkeep_failed")

    def _reload(self) -> None:
        """Work by changed files, when there are any: what they do not touch does not notice."""
        found = self._reloader.look()
        if isinstance(found, ConfigurationRefused):
            self.emit([found])
        elif found is not None:
            with self._lock:
                for state in self._areas.values():
                    self._keep_memories(state)
                found.after.adopt()
                self._reloader.current = found.after
                ended, begun = self.engine.adopt(found.after, found.difference.touched)
                listened = self._reception.listens
                self._reception.adopt(found.after)
                if self._reception.listens != listened:
                    for area in [state.name for state in self._areas.values() if state.leased]:
                        self.bus.cease(area)
                        self._serve(area)
                for state in self._areas.values():
                    mine = [[unit for unit in units if unit.area == state.name] for units in (ended, begun)]
                    if any(mine):
                        self._attempt(partial(self._change, state, *mine))
            self.emit([found.event])

    def _change(self, state: _Area, ended: Sequence[Unit], begun: Sequence[Unit]) -> None:
        """Put units in the place of others; what stood and is still known stands, until it is seen.

        What begins is polled from the next turn of the upkeep on.
        """
        self._marks.show(begun)
        self._commissioning.hush(begun)
        self._trade.release(ended)
        self._trade.take(state.name, begun, state.memories)
        units = self.engine.units_of(state.name)
        state.decided = self._decided(units)
        touched = {asset for unit in (*ended, *begun) for asset in unit.image.assets}
        known = [unit for unit in units if unit not in begun]
        with state.conditions_lock:
            standing = state.conditions.standing().conditions
        for condition in standing:
            name = condition.asset, condition.condition
            if condition.asset not in touched or any(unit.knows(*name) for unit in known):
                continue
            if not self._is_remembered(state.name, condition, begun):
                with state.conditions_lock:
                    if state.conditions.is_standing(*name):
                        self.emit([state.conditions.withdraw(condition)])
        state.standing_due, state.built_at = True, self.clock.now()

    def _take_unleased(self) -> None:
        with self._lock:
            for area in self._preferred:
                if area not in self._areas and not self._broker_seen:
                    _log.warning("area_taken_unleased", area=area)
                    self._take(area, epoch=0, leased=False)

    def _keep_up_area(self, state: _Area, *, keep_memory: bool) -> None:
        self.engine.start(state.name)
        units = self.engine.units_of(state.name)
        waited_s = (self.clock.now() - state.built_at).total_seconds()
        if state.standing_due and (all(unit.judged for unit in units) or waited_s > STANDING_AFTER_S):
            state.standing_due = False
            with state.conditions_lock:
                self.emit([state.conditions.standing()])
        if state.recall_due:
            self._recall(state, units)
            state.decided = self._decided(units)
        everywhere = list(self.engine.units.values())  # a controller may have changed its area
        self.emit(self._marks.expire(state.name, everywhere))
        for wish in self._overrides.due(state.name):
            self.operations.act(wish)
        if keep_memory:
            self._keep_memories(state)
        if time.monotonic() - state.served_noted_wall_s > SERVED_EVERY_WALL_S:
            self._note_served(state)
        if state.recovery_due and self.emitter.waiting == 0:
            self._recover(state)  # last: it cannot go on without a database

    def _recover(self, state: _Area) -> None:
        """Commands that were on the wire when the last process ended: nobody knows; they are never sent again."""
        for row in self._database.run(lambda session: storage.list_sending(session, [state.name], state.taken_at)):
            if row.command_id in self.operations.live:
                continue
            wish = Wish(
                command_id=row.command_id,
                area=row.area,
                asset=row.asset,
                command=row.command,
                params=row.params,
                reason="",
                origin="operator" if row.origin == "operator" else "automatic",
                actor=Actor(username=row.actor, role="system", scopes=()),
                requested_at=row.requested_at,
                deadline=row.requested_at,
                correlation_id=row.command_id,
            )
            self.emit([outcome_event(self.service, wish, Unconfirmed(Reason(code="owner_restarted", params={})))], wish)
        state.recovery_due = False

    def _keep_memories(self, state: _Area) -> None:
        memories = self._trade.memories(state.name)
        changed = {asset: memory for asset, memory in memories.items() if state.memories.get(asset) != memory}
        if not changed:
            return

        def work(session: Session) -> None:
            for asset, memory in changed.items():
                storage.remember(session, asset, memory)

        try:
            self._database.run(work)
        except Unavailable as error:
            _log.debug("memory_waits", area=state.name, code=error.code)
            return
        state.memories = {**state.memories, **changed}

    def _on_resync(self, event: ResyncRequested, envelope: Envelope) -> None:  # noqa: ARG002
        state = self._areas.get(event.area)
        if state is not None and event.source.split("/")[0] == self.service:
            state.standing_due = True

    def _tell_standing_again(self) -> None:
        for state in self._areas.values():
            state.standing_due = True

    def _on_telemetry_lost(self, lost: LostBatches) -> None:
        self._tell_gap(lost.area, lost.cause, lost.from_us / 1e6, lost.to_us / 1e6, batches_lost=lost.batches)

    def _tell_gap(self, area: str, cause: GapCause, from_s: float, to_s: float, **more: Any) -> None:
        from_time, to_time = moment(from_s), moment(to_s)
        assert from_time is not None
        assert to_time is not None
        self.emit(
            [TelemetryGap(area=area, trade=self.service, cause=cause, from_time=from_time, to_time=to_time, **more)]
        )

    def _refuse(self, wish: Wish, reason: Reason) -> None:
        self.emit([outcome_event(self.service, wish, Refused(reason))], wish)


def _plain(row: object) -> dict[str, Any]:
    values: dict[str, Any] = plain(row)
    return values
