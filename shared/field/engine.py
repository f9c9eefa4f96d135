"""The field engine of one service: its lines, its controllers, and what each scan leads to.

scan -> judgements -> telemetry -> the trade. Areas are taken and released while it runs; a line belongs to one area.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from shared.bus.frames import Readings
from shared.clock import Clock
from shared.contracts.field import Priority, Report
from shared.contracts.message import Params, Reason, Scalar
from shared.errors import Unavailable
from shared.field.address import Address, parse_address
from shared.field.breaker import LossBudget
from shared.field.commands import (
    Failed,
    Outcome,
    Refused,
    Unconfirmed,
    Verification,
    reset_telegram,
    telegram,
    written_value,
)
from shared.field.configuration import Configuration
from shared.field.device_clock import read_drift
from shared.field.image import ControllerImage, ImageFacts
from shared.field.judgement import ConditionJudges, Delays, Judge, Judgement
from shared.field.line import Line
from shared.field.pacer import Pacer
from shared.field.profile import CommandSpec
from shared.field.quality import UNREAD as NOT_CONNECTED
from shared.field.reporter import Due, Reporter
from shared.field.scanner import Scan, Scanner
from shared.field.station import Station, in_columns
from shared.field.station_line import StationLine
from shared.field.timing import line_cost
from shared.field.transports import DeviceException, Transport, TransportError, open_line, open_transport
from shared.field.unit import LINK_CONDITIONS, Lost, OnOutcome, Pending, Unit
from shared.site import ControllerEntry

_WRITE_WAIT_WALL_S = 10.0
EXCEPTION_ACKNOWLEDGE = 5
"""The device has accepted the request and needs a long time for it (V1.1b3, 7): the proof tells the rest."""

_log = structlog.get_logger()


class EngineListener(Protocol):
    """The trade's side. Called on the line's thread; must be quick."""

    def write_computed(self, unit: Unit, point: str, value: Scalar) -> None:
        """A command wrote to a point that the trade itself keeps."""
        ...

    def on_judgements(self, unit: Unit, judgements: Sequence[Judgement]) -> None: ...

    def on_report(self, unit: Unit, due: Due, scan: Scan) -> None: ...

    def on_found_again(self, unit: Unit, lost: Lost, at_s: float) -> None:
        """It is read again, at `at_s`."""
        ...

    def on_backfill(self, unit: Unit, readings: Readings) -> None:
        """What a device kept and tells late; it changes nothing that stands."""
        ...

    def on_scan(self, unit: Unit, scan: Scan) -> None: ...


class Engine:
    """Built once a process; `take` and `release` say which areas it polls."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock,
        listener: EngineListener,
        *,
        takeover_quiet_s: float,
        transport_for: Callable[[Address], Transport] = open_transport,
    ) -> None:
        self._configuration = configuration
        self._zone = ZoneInfo(configuration.site.time_zone)
        self._clock = clock
        self._listener = listener
        self._takeover_quiet_s = takeover_quiet_s
        self._transport_for = transport_for
        self._lines: dict[str, dict[str, Line]] = {}
        self._stations: dict[str, StationLine] = {}
        """By area: its controllers that report by themselves."""
        self._pacer = Pacer(clock)
        self._waiting: list[tuple[str, Line, list[Scanner]]] = []
        """By area and line that goes on: what `adopt` built for it and `start` lets begin."""
        self.units: dict[str, Unit] = {}

    @property
    def areas(self) -> list[str]:
        return list(self._lines)

    def take(self, area: str) -> list[Unit]:
        """Begin to poll the area's controllers: reading first; writing when their watchdogs have been quiet."""
        assert area not in self._lines
        self._lines[area] = {}
        for line, controllers in self._wanted(area).items():
            self._open(area, line, controllers)
        self._hear(area, self._reporting(area))
        return self.units_of(area)

    def adopt(self, after: Configuration, touched: Collection[str]) -> tuple[list[Unit], list[Unit]]:
        """Work by another configuration: (units that end, units that begin), of the areas taken.

        Only the `touched` controllers are built anew; their commands that wait for a proof end Unconfirmed. What
        begins is polled after `start`. A line whose own entry is the same stays connected, and the others on it never
        miss a poll.
        """
        before, self._configuration = self._configuration, after
        wanted = {area: self._wanted(area) for area in self._lines}
        ended: list[Unit] = []
        joining: list[tuple[str, Line, list[ControllerEntry]]] = []
        for area, lines in self._lines.items():
            for name, line in list(lines.items()):
                old = [unit for unit in self.units.values() if unit.line is line]
                leaving = [unit for unit in old if unit.id in touched]
                goes_on = name in wanted[area] and before.site.lines_by_id[name] == after.site.lines_by_id[name]
                self._take_back(leaving if goes_on else old)
                if goes_on and self._leave(line, leaving):
                    joining.append((area, line, [each for each in wanted[area].pop(name) if each.id in touched]))
                else:
                    line.stop()
                    del lines[name]
                    self._waiting = [waiting for waiting in self._waiting if waiting[1] is not line]
                    leaving = old
                self._end(leaving, "configuration_changed")
                ended += leaving
        for area in self._lines:
            leaving = [unit for unit in self.units_of(area) if unit.profile.reports and unit.id in touched]
            self._stations[area].replace([unit.scanner for unit in leaving if isinstance(unit.scanner, Station)], ())
            self._end(leaving, "configuration_changed")
            ended += leaving
        # What begins is built when everything that ends has ended: a controller, or a serial device, may have moved.
        begun = [unit for area, line, controllers in joining for unit in self._join(area, line, controllers)]
        for area, others in wanted.items():
            for name, controllers in others.items():
                begun += self._open(area, name, controllers)
            begun += self._hear(area, [entry for entry in self._reporting(area) if entry.id in touched])
        before_them = {unit.id: unit for unit in ended}
        for unit in begun:
            if unit.id in before_them:
                unit.follow(before_them[unit.id])
        return ended, begun

    def receive(self, controller: str, report: Report, arrived_at: datetime) -> bool:
        """Take what a controller reported by itself. False when it is not one of ours."""
        unit = self.units.get(controller)
        if unit is None or not isinstance(unit.scanner, Station) or not isinstance(unit.line, StationLine):
            return False
        taken = unit.line.take(unit.scanner, report, arrived_at.timestamp())
        drift = unit.profile.reports.drift if unit.profile.reports else None
        if drift is not None and taken.drift_s is not None:
            unit.compute(drift, taken.drift_s, self._clock.now_s())
        if taken.backfill:
            self._listener.on_backfill(unit, in_columns(taken.backfill))
        for from_s, to_s in taken.gaps:
            self._listener.on_found_again(unit, Lost(from_s, "device"), to_s)
        return True

    def run(self) -> None:
        """Begin to pace the lines; until `stop`, areas may be taken and released."""
        self._pacer.start()

    def start(self, area: str) -> None:
        """What was taken or adopted in an area begins to be polled; before it, conditions may be remembered.

        Raises Unavailable when a line is too busy to hear of it: the rest of it is then still to be started.
        """
        for waiting in [each for each in self._waiting if each[0] == area]:
            _, line, scanners = waiting
            line.replace((), [scanner for scanner in scanners if scanner.enabled])
            self._waiting.remove(waiting)
        for line in self._lines[area].values():
            line.start()
        self._stations[area].start()

    def release(self, area: str) -> None:
        """Stop polling the area. Commands that wait for their proof end Unconfirmed."""
        self._take_back(self.units_of(area))
        for line in self._lines.pop(area, {}).values():
            line.stop()
        if area in self._stations:
            self._stations.pop(area).stop()
        self._waiting = [waiting for waiting in self._waiting if waiting[0] != area]
        self._end(self.units_of(area), "owner_stopped")

    def stop(self) -> None:
        for area in self.areas:
            self.release(area)
        self._pacer.stop()

    def units_of(self, area: str) -> list[Unit]:
        return [unit for unit in list(self.units.values()) if unit.area == area]

    def find_unit_for(self, asset: str, command: str) -> tuple[Unit, CommandSpec] | None:
        """The controller that offers this command for this asset, and the command."""
        for unit in list(self.units.values()):
            spec = unit.profile.commands.get(command)
            if spec is not None and unit.image.assets[unit.image.index[spec.point]] == asset:
                return unit, spec
        return None

    def send(
        self,
        unit: Unit,
        spec: CommandSpec,
        params: Params,
        *,
        still_wanted: Callable[[], Outcome | None],
        on_outcome: OnOutcome,
    ) -> None:
        """Write once, then watch for the proof. `on_outcome` is called exactly once, now or on a later scan.

        `still_wanted` is asked on the line, right before the write; an outcome from it ends the command unwritten.
        """
        result: list[Outcome | bool] = []

        def write() -> None:
            result.append(self._exchanged(unit) or still_wanted() or self._write(unit, spec, params))
            if isinstance(result[0], bool):
                sent_at_s = self._clock.now().timestamp()
                proof = Verification(spec, params, sent_at_s)
                unit.pending.append(Pending(proof, result[0], on_outcome))
                if spec.write.reset_after is not None:
                    self._take_back_later(unit, spec, unit.pending[-1])

        try:
            unit.line.run(write, _WRITE_WAIT_WALL_S)
        except Unavailable as error:
            on_outcome(Refused(Reason(code=error.code, params=error.params)))
            return
        outcome = result[0]
        if not isinstance(outcome, bool):
            on_outcome(outcome)

    def on_scan(self, scan: Scan) -> None:
        """Called by a line, on its thread."""
        unit = self.units.get(scan.image.controller)
        if unit is None or unit.image is not scan.image:  # another configuration is on its way
            return
        unit.facts.now_s = scan.at_s
        self._note_loss(unit, scan)
        computed = self._compute_drift(unit, scan)
        judgements = [] if unit.scanner.silent else self._judge(unit, scan, computed)
        if judgements:
            self._listener.on_judgements(unit, judgements)
        if unit.pending:
            self._verify(unit)
        self._listener.on_scan(unit, scan)
        self._listener.on_report(unit, unit.reporter.due(scan.news, scan.rest, scan.at_s), scan)

    def _compute_drift(self, unit: Unit, scan: Scan) -> list[str]:
        """The clock of the device was read: how far it is off. What was computed."""
        clock = unit.profile.clock
        if clock is None or scan.group != unit.profile.points[clock.fields()[0][1]].poll:
            return []
        unit.compute(clock.drift, read_drift(unit.image, clock, self._zone), scan.at_s)
        return [clock.drift]

    def _judge(self, unit: Unit, scan: Scan, computed: list[str]) -> list[Judgement]:
        marked, unit.marks_judged = unit.image.marks is not unit.marks_judged, unit.image.marks
        everything, unit.judged = marked or not unit.judged, True
        found = self._judge_link(unit)
        if scan.calm and not everything and unit.judges.may_rest():
            return found
        changed = [*unit.judged_among(scan.changed), *computed]
        return found + unit.judges.step(unit.facts, changed, all_of_them=everything, calm=scan.calm)

    def _wanted(self, area: str) -> dict[str, list[ControllerEntry]]:
        by_line: dict[str, list[ControllerEntry]] = {}
        for controller in self._configuration.site.controllers_of(self._configuration.trade, area):
            if self._configuration.profiles[controller.id].reports is None:
                by_line.setdefault(controller.line, []).append(controller)
        return by_line

    def _reporting(self, area: str) -> list[ControllerEntry]:
        entries = self._configuration.site.controllers_of(self._configuration.trade, area)
        return [entry for entry in entries if self._configuration.profiles[entry.id].reports is not None]

    def _hear(self, area: str, controllers: Sequence[ControllerEntry]) -> list[Unit]:
        """Build these, which report by themselves."""
        if area not in self._stations:
            self._stations[area] = StationLine(area, [], self._clock, self, self._pacer)
        line = self._stations[area]
        stations = [Station(self._image(controller), self._clock) for controller in controllers]
        begun = [self._unit(area, each, station, line) for each, station in zip(controllers, stations, strict=True)]
        line.replace((), stations)
        return begun

    def _open(self, area: str, name: str, controllers: Sequence[ControllerEntry]) -> list[Unit]:
        transport = open_line(self._configuration.site.lines_by_id[name], self._transport_for)
        losses = LossBudget(seen_at_s=time.monotonic(), sharers=len(controllers))
        scanners = [self._scanner(controller, transport, losses) for controller in controllers]
        line = self._lines[area][name] = Line(name, transport, scanners, self._clock, self, self._pacer, losses)
        return [self._unit(area, each, scanner, line) for each, scanner in zip(controllers, scanners, strict=True)]

    def _leave(self, line: Line, units: Sequence[Unit]) -> bool:
        """Poll these no longer. False when the line is too busy to hear of it."""
        try:
            if units:
                line.replace([unit.scanner for unit in units if isinstance(unit.scanner, Scanner)], ())
        except Unavailable:
            _log.warning("line_reopened", line=line.name)
            return False
        return True

    def _join(self, area: str, line: Line, controllers: Sequence[ControllerEntry]) -> list[Unit]:
        """Build these for a line that goes on."""
        scanners = [self._scanner(controller, line.transport, line.losses) for controller in controllers]
        if scanners:
            self._waiting.append((area, line, scanners))
        return [self._unit(area, each, scanner, line) for each, scanner in zip(controllers, scanners, strict=True)]

    def _unit(
        self, area: str, controller: ControllerEntry, scanner: Scanner | Station, line: Line | StationLine
    ) -> Unit:
        image = scanner.image
        scanner.silent = controller.commissioning  # until it is known that somebody has signed
        assets = dict(zip(image.names, image.assets, strict=True))
        unit = self.units[controller.id] = Unit(
            entry=controller,
            area=area,
            image=image,
            scanner=scanner,
            line=line,
            judges=ConditionJudges(image.profile, assets, controller.asset),
            link_judges={code: Judge(Delays()) for code in LINK_CONDITIONS},
            facts=ImageFacts(image),
            proof=ImageFacts(image, as_read=True),
            reporter=Reporter(image),
            read_before_s=self._clock.now_s(),
        )
        return unit

    def _end(self, units: Sequence[Unit], cause: str) -> None:
        for unit in units:
            for pending in unit.pending:
                pending.on_outcome(Unconfirmed(Reason(code=cause, params={})))
            del self.units[unit.id]

    def _scanner(self, controller: ControllerEntry, transport: Transport, losses: LossBudget) -> Scanner:
        profile = self._configuration.profiles[controller.id]
        address = parse_address(self._configuration.site.lines_by_id[controller.line].address)
        expected = line_cost(address, profile.modbus.answer_time)
        image = self._image(controller)
        return Scanner(
            image, controller.unit, transport, self._clock, self._takeover_quiet_s, expected=expected, losses=losses
        )

    def _note_loss(self, unit: Unit, scan: Scan) -> None:
        if isinstance(unit.line, StationLine):  # what a silent station observes, it tells when it is back
            return
        if unit.scanner.online:
            if unit.lost is not None and scan.answered:
                lost, unit.lost = unit.lost, None
                self._listener.on_found_again(unit, lost, scan.at_s)
        elif unit.lost is None or unit.lost.cause == "device":
            alone = not any(scanner.online for scanner in unit.line.scanners)
            is_link = alone and (len(unit.line.scanners) > 1 or _is_unconnected(unit, scan.group))
            unit.lost = Lost(unit.last_good_s(), "link" if is_link else "device")

    def _image(self, controller: ControllerEntry) -> ControllerImage:
        profile = self._configuration.profiles[controller.id]
        assets = {name: controller.points.get(name, controller.asset) for name in profile.names}
        return ControllerImage(controller.id, profile, assets)

    def _judge_link(self, unit: Unit) -> list[Judgement]:
        """The changes of the conditions that every controller may have."""
        scanner = unit.scanner
        dog = scanner.watchdog
        truths = (not scanner.online, scanner.wrong_device, dog is not None and dog.foreign)
        if truths == unit.link_truths:  # they have no delays
            return []
        unit.link_truths = truths
        found = []
        for code, truth in zip(LINK_CONDITIONS, truths, strict=True):
            standing = unit.link_judges[code].step(truth, unit.facts.now_s)
            if standing is not None:
                priority: Priority = (3 if unit.profile.commands else 4) if code == "offline" else 2
                params: Params = {"controller": unit.id, "line": unit.entry.line}
                identity = f"{code}:{unit.id}"
                found.append(Judgement(unit.entry.asset, identity, standing, priority, params, unit.facts.now_s))
        return found

    def _exchanged(self, unit: Unit) -> Outcome | None:
        """Nothing is written by a configuration that is over, and nobody would wait for its proof."""
        if isinstance(unit.scanner, Scanner) and not unit.scanner.enabled:
            return Refused(Reason(code="command_outdated", params={"controller": unit.id}))
        return None

    def _write(self, unit: Unit, spec: CommandSpec, params: Params) -> Outcome | bool:
        """True: confirmed. False: nobody knows whether the device heard. Else it said no, or nothing may be written."""
        if spec.point in unit.profile.computed:
            self._listener.write_computed(unit, spec.point, written_value(spec, params))
            return True
        if not unit.is_master():
            code = "not_commissioned" if unit.scanner.silent else "not_master"
            code = "wrong_device" if unit.scanner.wrong_device else code
            return Refused(Reason(code=code, params={"controller": unit.id}))
        assert isinstance(unit.scanner, Scanner), "a profile of a device that reports has no commands"
        try:
            unit.scanner.write(telegram(unit.profile, spec, params, self._clock.now(), self._zone))
        except DeviceException as error:
            if error.code == EXCEPTION_ACKNOWLEDGE:
                return True
            return Failed(Reason(code="device_exception", params={"exception": error.code}))
        except TransportError:
            return False
        return True

    def _take_back_later(self, unit: Unit, spec: CommandSpec, pending: Pending) -> None:
        """Take a pulse back when its time is over. One write, like any other; if it fails, nobody knows."""
        assert spec.write.reset_after is not None
        pending.pulse = "out"
        message = reset_telegram(unit.profile, spec)

        def write() -> None:
            if not unit.is_master():
                raise Unavailable("not_master", controller=unit.id)
            assert isinstance(unit.scanner, Scanner)
            unit.scanner.write(message)
            pending.pulse = "taken_back"

        def take_back() -> None:
            if pending.pulse != "out":  # its line was about to close, and it was taken back then
                return
            try:
                unit.line.run(write, _WRITE_WAIT_WALL_S)
            except (TransportError, Unavailable) as error:
                _log.warning("pulse_not_taken_back", controller=unit.id, point=spec.point, error=str(error))
                pending.pulse = "stuck"

        pending.take_back = take_back
        timer = threading.Timer(self._clock.wall_seconds(spec.write.reset_after), take_back)
        timer.daemon = True
        timer.start()

    def _take_back(self, units: Sequence[Unit]) -> None:
        """Take the pulses of these units back that are still out: nobody will when they have ended."""
        for unit in units:
            for pending in list(unit.pending):
                if pending.pulse == "out" and pending.take_back is not None:
                    pending.take_back()

    def _verify(self, unit: Unit) -> None:
        unit.proof.now_s = unit.facts.now_s
        for pending in list(unit.pending):
            outcome = pending.outcome or pending.verification.step(unit.proof)
            if pending.pulse == "stuck":
                outcome = Unconfirmed(Reason(code="pulse_not_taken_back", params={"point": pending.point}))
            pending.outcome = outcome
            if outcome is None or pending.pulse == "out":
                continue
            unit.pending.remove(pending)
            if isinstance(outcome, Failed) and not pending.answered:
                outcome = Unconfirmed(Reason(code="no_answer_to_write", params=outcome.reason.params))
            pending.on_outcome(outcome)


def _is_unconnected(unit: Unit, group: str) -> bool:
    """Had nobody a connection when the group was polled? What was never polled has the same quality."""
    image = unit.image
    return any(
        image.quality(at) == NOT_CONNECTED and unit.profile.group_of(name) == group
        for at, name in enumerate(image.names)
    )
