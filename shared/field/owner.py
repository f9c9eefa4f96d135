"""An owner of controllers: the field engine, the lease, the bus and the database of one trade, put together.

Every service with controllers is one of these plus its trade. The control loop needs none of broker, database and
gateway: it runs from the moment the process starts, and whatever it has to say waits in bounded files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from shared.bus.bus import Bus
from shared.bus.consumer import Handler
from shared.bus.emitter import Emitter
from shared.bus.entrypoints import Entrypoints
from shared.bus.forwarding import Forwarder
from shared.bus.spool import Spool
from shared.bus.telemetry import TelemetrySender
from shared.clock import Clock
from shared.contracts.envelope import Envelope
from shared.contracts.field import Report, ResyncRequested
from shared.contracts.message import Event, Message
from shared.database import DatabaseThread
from shared.errors import Unavailable
from shared.field import storage
from shared.field.areas import Areas
from shared.field.by_hand import ByHand
from shared.field.commissioning import Commissioning
from shared.field.configuration import Configuration
from shared.field.engine import Engine
from shared.field.exchange import Exchange
from shared.field.gaps import Gaps
from shared.field.hearing import Hearing
from shared.field.holding import Holding
from shared.field.judgement import Judgement
from shared.field.ledger import CommandLedger
from shared.field.loop_test_commands import LoopTestCommands
from shared.field.mark_commands import MarkCommands
from shared.field.marks import Marks
from shared.field.operate_commands import OperateCommands
from shared.field.operations import Operations
from shared.field.overrides import Overrides
from shared.field.profile_load import configuration_folders
from shared.field.punctuality import Punctuality
from shared.field.recall import Recall
from shared.field.reception import Reception
from shared.field.reloading import Reloader
from shared.field.silence import poll_totals, silent_controllers
from shared.field.tenure import Tenure
from shared.field.trade import Trade
from shared.field.unit import Unit
from shared.field.upkeep import Upkeep
from shared.settings import CommonSettings
from shared.site.files import ConfigurationFiles

KEPT_WITHIN_WALL_S = 5.0
"""So long a device waits for its answer while its report goes to the broker or to the disk."""
MIB = 1_048_576


class OwnerSettings(CommonSettings):
    """What an owner of controllers can be told beside the common settings."""

    areas_preferred: str = "*"
    """Areas this instance takes at once, separated by commas; '*': all of its trade."""
    takeover_quiet_s: float = 12.0
    """So long (city time) a controller's master watchdog must have stood still before we write to it."""
    event_spool_mib_max: int = 64
    telemetry_spool_mib_max: int = 256


class Owner:
    """One process's part in owning a trade's controllers: what it is made of, and how it starts and stops."""

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
        self.areas = Areas()
        self._build_bus(load, settings)
        hearing = Hearing(self.areas, self._telemetry, self._gaps, trade)
        self.engine = Engine(self._reloader.current, clock, hearing, takeover_quiet_s=settings.takeover_quiet_s)
        self._build_commands(trade)
        self._build_tenure(settings, trade)

    def _build_bus(self, load: Callable[[], Configuration], settings: OwnerSettings) -> None:
        """What is said and heard."""
        instance = settings.instance or f"{self.service}-1"
        files = ConfigurationFiles(*configuration_folders(self.service, settings.site))
        self._reloader = Reloader(instance, load, files)
        self._reloader.current.adopt()
        forwarder = Forwarder(settings.amqp_uri, self.service, instance, self.clock)
        self._reception = Reception(self._reloader.current, self.clock, forwarder, self._receive)
        self.bus = Bus(
            self.service,
            settings,
            self.clock,
            self._database,
            checks={"configuration": self._reloader.check, "reports": self._reception.check},
            configuration=lambda: self._reloader.current.digest,
            silent=lambda: silent_controllers([each.scanner for each in list(self.engine.units.values())], self.clock),
            polls=lambda: poll_totals([each.scanner for each in list(self.engine.units.values())]),
        )
        spools = settings.data_dir / "spool"
        self.emitter = Emitter(
            self.service,
            database=self._database,
            outbox=self.bus.outbox,
            spool=Spool(spools / f"{instance}-events", settings.event_spool_mib_max * MIB),
            clock=self.clock,
            on_overflow=self.areas.tell_standing,
            fold=storage.fold,
        )
        self._gaps = Gaps(self.service, self.emitter)
        self._telemetry = TelemetrySender(
            settings.amqp_uri,
            source=f"{self.service}/{instance}",
            trade=self.service,
            spool=Spool(spools / f"{instance}-telemetry", settings.telemetry_spool_mib_max * MIB),
            clock=self.clock,
            on_lost=self._gaps.on_telemetry_lost,
        )

    def _build_commands(self, trade: Trade) -> None:
        """What people wish, and what the platform does by itself."""
        service, clock, engine, emitter = self.service, self.clock, self.engine, self.emitter
        self._by_hand = ByHand(Overrides(service, clock), Marks(service, clock), Commissioning(service, clock))
        self.ledger = CommandLedger(service, self._database, self.bus.outbox, emitter, clock)
        self.operations = Operations(
            engine,
            service,
            self.ledger,
            clock,
            self._by_hand.overrides,
            on_started=trade.on_command_started,
            on_ended=trade.on_command_ended,
        )
        punctuality = Punctuality(clock, self.bus.health.skew)
        self.operating = OperateCommands(service, self.operations, self.areas, self.ledger, punctuality, clock)
        self.marking = MarkCommands(service, self._by_hand.marks, engine, emitter, punctuality)
        self.loop_tests = LoopTestCommands(self._by_hand.commissioning, self.areas, engine, emitter, punctuality, trade)

    def _build_tenure(self, settings: OwnerSettings, trade: Trade) -> None:
        """How areas are held, and what is looked after meanwhile."""
        areas, engine, emitter, clock = self.areas, self.engine, self.emitter, self.clock
        site = self._reloader.current.site
        names = site.areas_of(self.service)
        chosen = names if settings.areas_preferred == "*" else settings.areas_preferred.split(",")
        recall = Recall(self._database, clock, trade, self._by_hand, self.emitter, self._gaps)
        self._holding = Holding(
            self.service,
            self.bus.instance,
            trade,
            areas,
            engine,
            recall,
            self._by_hand,
            emitter,
            self._telemetry,
            clock,
        )
        self._tenure = Tenure(
            areas,
            self._holding,
            self.bus,
            emitter,
            self._reception,
            area_names=names,
            preferred=[name for name in names if name in chosen],
            on_cancel=self.operating.do_cancel_operate,
        )
        exchange = Exchange(
            self._reloader, areas, self._tenure, engine, recall, self._by_hand, self._reception, trade, emitter, clock
        )
        self._upkeep = Upkeep(
            areas,
            self._tenure,
            exchange,
            engine,
            recall,
            self.operations,
            self._by_hand,
            self.ledger,
            emitter,
            clock,
        )

    def start(self, entrypoints: Entrypoints) -> None:
        """Needs neither broker nor database."""
        self._holding.scanned = entrypoints.scanned
        heard: dict[type[Message], Handler] = {ResyncRequested: self._on_resync}
        heard.update(entrypoints.hears.items())
        site = self._reloader.current.site
        self.bus.hear([site.city, *site.areas_of(self.service)], heard)
        self.bus.answer(
            {
                "list_commands": self.ledger.list_commands,
                "get_command": self.ledger.get_command,
                "list_marks": self.marking.list_marks,
                "get_loop_test": self.loop_tests.get_loop_test,
                **entrypoints.answers,
            }
        )
        for part in (self.emitter, self._telemetry):
            part.start()
        self.engine.run()
        self._reception.adopt(self._reloader.current)
        self.bus.start()
        self._tenure.start(entrypoints)
        self._upkeep.start()

    def stop(self) -> None:
        """Stops writing first, then says so, then lets the bus carry out what is left."""
        self._upkeep.stop()
        self._reception.stop()
        for area in self.areas.list_held():
            self._holding.release(area.name, "stopped")
        self.engine.stop()
        self._tenure.stop()
        self._telemetry.stop()
        self.emitter.stop()
        self.bus.stop()
        self._database.close()

    def emit(self, events: Sequence[Event]) -> None:
        """Say what the trade has decided; never waits, never fails."""
        if events:
            self.emitter.emit(events)

    def judge(self, unit: Unit, judgements: Sequence[Judgement]) -> None:
        """Say the changes of the trade's own conditions, as the engine says those of the profile."""
        assert not unit.scanner.silent, "nothing is decided upon what is not in service"
        self.areas.apply(unit, judgements)

    def _receive(self, controller: str, report: Report, arrived_at: datetime) -> bool:
        if not self.engine.receive(controller, report, arrived_at):
            return False
        if not self._telemetry.wait_kept(KEPT_WITHIN_WALL_S):
            raise Unavailable("report_not_kept", controller=controller)
        return True

    def _on_resync(self, event: ResyncRequested, envelope: Envelope) -> None:  # noqa: ARG002
        area = self.areas.find(event.area)
        if area is not None and event.source.split("/")[0] == self.service:
            area.standing_due = True
