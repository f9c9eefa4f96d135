"""Polls one controller: block reads, retries of reads, breaker, identity, master watchdog -> scans.

A failed poll is a scan too, with bad readings, so that whoever counts time goes on when a controller is dead.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import structlog

from shared.clock import Clock
from shared.field.breaker import Breaker, LossBudget
from shared.field.commands import Telegram
from shared.field.decoding import Answer, News, decode_together
from shared.field.image import ControllerImage
from shared.field.plan import Block, Learned, ReadCost
from shared.field.reading import PlannedReads
from shared.field.transports import DeviceException, EagerTransport, Transport, TransportError
from shared.field.watchdog import MasterWatchdog

WRONG_DEVICE = "bad.wrong_device"
MISSING = "bad.exception(2)"
"""The device does not have the point's registers."""
_REFUSALS = (2, 3)
"""Exceptions by which a device refuses a whole block for a part of it (V1.1b3, 7: illegal data address, value)."""
PROBES_MAX = 16
"""Reads that one poll may spend on finding what a device refuses."""
RETRY_MISSING_S = 300.0
"""So often it is tried whether a missing register is there by now, and a search that taught nothing is tried again."""

IS_ASKED = True
WAITS_BY_ITSELF = False
_T = TypeVar("_T")
Steps = Generator[bool | Answer, None, _T]
"""Work on a line, cut where it would wait. IS_ASKED: a question is on the wire, and going on before its answer is there
waits for it. WAITS_BY_ITSELF: going on asks and waits, so it belongs on the line's own thread. An answer: it is to be
decoded before it goes on, together with those of other lines where there are some."""

_log = structlog.get_logger()


def decode_alone(step: bool | Answer) -> None:
    """What a driver does with a step when nobody else has an answer."""
    if isinstance(step, Answer):
        decode_together([step])


class Scan(NamedTuple):
    """One poll of one poll group. `changed` are the indices of the points whose value or quality changed."""

    image: ControllerImage
    group: str
    at_s: float
    answered: bool
    changed: Sequence[int]
    news: Sequence[News] = ()
    """Numbers that are to be told."""
    rest: Sequence[int] = ()
    """Those of `changed` of which `news` says nothing."""
    calm: bool = False
    """It is certain that no number has passed a threshold of a condition."""


@dataclass(slots=True)
class PollCounts:
    """What the line has cost and lost with this controller, for the metrics."""

    polls: int = 0
    failed: int = 0
    retries: int = 0
    late: int = 0
    withheld: int = 0
    """Polls that were not sent because the controller is silent and its probe was not due."""


@dataclass(slots=True)
class _GroupRead:
    """What came of reading the blocks of a group."""

    changed: Sequence[int] = ()
    news: Sequence[News] = ()
    rest: Sequence[int] = ()
    calm: bool = True
    answered: bool = True
    lost: str = ""
    """The quality of everything after the link was lost."""
    refused: Block | None = None

    def add(self, changed: Sequence[int]) -> None:
        if changed:
            self.changed, self.rest = [*self.changed, *changed], [*self.rest, *changed]
            self.calm = False

    def take(self, answer: Answer) -> None:
        """A range stays one, for it is looked through quicker."""
        if answer.changed:
            self.changed = [*self.changed, *answer.changed] if self.changed else answer.changed
        if answer.rest:
            self.rest = [*self.rest, *answer.rest]
        self.calm = self.calm and answer.calm
        if answer.news is not None:
            self.news = [*self.news, answer.news]


class Scanner:
    """One controller on its line. Only whoever has the line's turn calls it."""

    def __init__(
        self,
        image: ControllerImage,
        unit: int,
        transport: Transport,
        clock: Clock,
        takeover_quiet_s: float,
        *,
        expected: ReadCost,
        losses: LossBudget | None = None,
    ) -> None:
        """`expected`: what a read should cost here. `losses`: what the silent ones of a shared line may cost it."""
        self.image = image
        self.unit = unit
        self.counts = PollCounts()
        self.wrong_device = False
        self.enabled = True
        self.silent = False
        """It is being commissioned: nothing is written to it, not even its watchdog."""
        profile = image.profile
        self._modbus = profile.modbus
        self.breaker = Breaker(profile.modbus.breaker.open_after, profile.modbus.breaker.probe)
        self.watchdog = (
            MasterWatchdog(profile.watchdog.every, takeover_quiet_s) if profile.watchdog is not None else None
        )
        self._losses = losses
        self._transport = transport
        self._eager = transport if isinstance(transport, EagerTransport) else None
        self._clock = clock
        self._reads = PlannedReads(image, expected)
        self._retry_at_s = dict.fromkeys(profile.poll_groups, float("-inf"))
        """When what a group was refused is tried again."""
        self._rests_until = 0.0
        """`time.monotonic` of the end of the device's rest after its last answer."""

    @property
    def online(self) -> bool:
        """False when so many polls failed in a row that the breaker opened."""
        return not self.breaker.is_open

    @property
    def learned(self) -> Learned:
        """What the device refuses although its profile allows it."""
        return self._reads.learned

    def blocks(self, group: str) -> list[Block]:
        """How a poll group is read now."""
        return [decoder.block for decoder in self._reads.of(group)]

    def poll(self, group: str) -> Scan:
        """Read every block of a poll group, waiting for each answer."""
        steps = self.steps(group)
        while True:
            try:
                decode_alone(next(steps))
            except StopIteration as end:
                scan: Scan = end.value
                return scan

    def steps(self, group: str) -> Steps[Scan]:
        """The poll in steps, for whoever has other things to do while the device thinks."""
        now_s = self._clock.now_s()
        if not self._may_ask():
            self.counts.withheld += 1
            return Scan(self.image, group, now_s, answered=False, changed=())
        self.counts.polls += 1
        read = yield from self._read_group(group)
        if read.lost:
            read.add(self._lost(read.lost))
        else:
            self.breaker.answered()
            if read.refused is not None:
                yield WAITS_BY_ITSELF
                read.add(self._search(group, read.refused))
            elif self.learned.illegal and self._clock.monotonic() >= self._retry_at_s[group]:
                yield WAITS_BY_ITSELF
                self._retry_missing(group)
            if self.image.profile.identity:
                read.add(self._check_identity())
            if self.watchdog is not None:
                self._watch(group)
                if self._feeding_due():
                    yield WAITS_BY_ITSELF
                    self._feed_watchdog()
        if read.answered:
            self.image.last_good_s[group] = now_s
        else:
            self.counts.failed += 1
        return Scan(self.image, group, now_s, read.answered, read.changed, read.news, read.rest, read.calm)

    def _read_group(self, group: str) -> Steps[_GroupRead]:
        read = _GroupRead()
        for decoder in self._reads.of(group):
            if read.lost:
                read.add(decoder.spoil(read.lost))
                continue
            try:
                raw = yield from self._read_eagerly(decoder.block)
            except DeviceException as error:
                read.answered = False
                read.add(decoder.spoil(error.quality))
                if error.code in _REFUSALS:
                    read.refused = decoder.block
            except TransportError as error:
                read.answered, read.lost = False, error.quality
                read.add(decoder.spoil(read.lost))
            else:
                answer = Answer(decoder, raw, self._clock.now_s())
                yield answer
                read.take(answer)
        return read

    def _may_ask(self) -> bool:
        if not self.breaker.failures:
            return True
        if not self.breaker.allows(self._clock.monotonic()):
            return False
        return self._losses is None or self._losses.allows(time.monotonic())

    def _read_eagerly(self, block: Block) -> Steps[bytes]:
        """One block: the question is sent at once where the transport can do so without waiting."""
        eager, began_s = self._eager, time.monotonic()
        if (
            eager is None
            or self.breaker.failures
            or began_s < self._rests_until
            or not eager.begin_read(self.unit, block.table, block.address, block.count, self._modbus.timeout)
        ):
            yield WAITS_BY_ITSELF
            return self._read(block)
        yield IS_ASKED
        try:
            raw = eager.end_read()
        except DeviceException:
            raise
        except TransportError:
            self._note_loss(began_s)
            if not self._modbus.read_retries:
                raise
        else:
            self._note_answer(block, began_s)
            return raw
        self.counts.retries += 1
        yield WAITS_BY_ITSELF
        return self._read(block, attempts=self._modbus.read_retries)

    def _read(self, block: Block, attempts: int | None = None) -> bytes:
        """One block; reads are harmless, so they are tried again, `read_retries` times unless the last poll failed."""
        if attempts is None:
            attempts = 1 if self.breaker.failures else 1 + self._modbus.read_retries
        for attempt in range(attempts):
            self._rest()
            began_s = time.monotonic()
            try:
                raw = self._transport.read(self.unit, block.table, block.address, block.count, self._modbus.timeout)
            except DeviceException:
                raise
            except TransportError:
                self._note_loss(began_s)
                if attempt == attempts - 1:
                    raise
                self.counts.retries += 1
            else:
                self._note_answer(block, began_s)
                return raw
        raise AssertionError("unreachable: at least one attempt is made")

    def _note_answer(self, block: Block, began_s: float) -> None:
        now_s = time.monotonic()
        self._reads.note(block, now_s - began_s)
        self._rests_until = now_s + self._modbus.request_gap

    def _rest(self) -> None:
        """Some devices miss what is asked too soon after their answer."""
        wait_s = self._rests_until - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)

    def _note_loss(self, began_s: float) -> None:
        if self._losses is not None:
            self._losses.spend(time.monotonic() - began_s)

    def _search(self, group: str, block: Block) -> list[int]:
        """Find what the device refuses in a block, a few reads a poll; then read the rest of it by a new plan."""
        if self._clock.monotonic() < self._retry_at_s[group]:
            return []
        probing = self._reads.search(group, block)
        if probing is None:
            return []
        for _ in range(PROBES_MAX):
            first, last = probing.next
            try:
                self._read(Block(block.table, first, last - first + 1, ()))
                refused = probing.answered(legal=True)
            except DeviceException:
                refused = probing.answered(legal=False)
            except TransportError:
                return []  # the next poll goes on here
            if refused is None:
                continue
            self._retry_at_s[group] = self._clock.monotonic() + RETRY_MISSING_S
            if not self._reads.found(group, refused):
                return []
            self._tell_learned(block)
            return self._read_anew(group)
        return []

    def _read_anew(self, group: str) -> list[int]:
        changed = self.image.spoil(self._reads.missing(group), MISSING)
        for decoder in self._reads.of(group):
            try:
                changed += decoder.decode(self._read(decoder.block), self._clock.now_s()).changed
            except TransportError as error:
                changed += decoder.spoil(error.quality)
        return changed

    def _retry_missing(self, group: str) -> None:
        """Now and then: is a register that the device did not have there by now?"""
        self._retry_at_s[group] = self._clock.monotonic() + RETRY_MISSING_S
        profile = self.image.profile
        for at in self._reads.missing(group):
            name = self.image.names[at]
            point = profile.points[name]
            try:
                self._read(Block(point.table, profile.wire_address(point), point.count, (name,)))
            except TransportError:
                continue
            self._reads.restore(name)

    def _tell_learned(self, block: Block) -> None:
        base = self._modbus.address_base
        places = [f"{table} {at + base}" for table, at in sorted(self.learned.illegal) if table == block.table]
        _log.warning(
            "controller_refuses_registers",
            controller=self.image.controller,
            forbidden=places,
            count_max=[f"{group} {table} {count}" for group, table, count in self.learned.count_max],
        )

    def _lost(self, quality: str) -> list[int]:
        """No answer: the breaker counts it, and when it opens nothing is known of the whole controller."""
        self.breaker.failed(self._clock.monotonic())
        if self.watchdog is not None:
            self.watchdog.lost_sight()
        if not self.breaker.is_open:
            return []
        return [at for decoder in self._reads.everything() for at in decoder.spoil(quality)]

    def _check_identity(self) -> list[int]:
        image, wrong = self.image, False
        for identity in image.profile.identity:
            at = image.index[identity.point]
            value = image.value(at)
            if value is not None and image.quality(at) in ("good", WRONG_DEVICE) and value != identity.equals:
                wrong = True
        if self.wrong_device and not wrong:
            for decoder in self._reads.everything():
                decoder.forget()
        self.wrong_device = wrong
        if not wrong:
            return []
        changed = [
            at for decoder in self._reads.everything() for at in decoder.indices if image.quality(at) != WRONG_DEVICE
        ]
        for at in changed:
            image.requalify(at, WRONG_DEVICE)
        return changed

    def _watch(self, group: str) -> None:
        watch, dog = self.image.profile.watchdog, self.watchdog
        if watch is None or dog is None or self.image.profile.points[watch.write].poll != group:
            return
        now_s = self._clock.now_s()
        value = self.image.proven(self.image.index[watch.write], now_s)
        if isinstance(value, int) and not self.wrong_device:
            dog.saw(value, now_s)
        else:
            dog.lost_sight()

    def write(self, message: Telegram) -> None:
        """One write, never repeated. Raises TransportError."""
        self._rest()
        if message.function == 22:
            keep, bits = int.from_bytes(message.data[:2], "big"), int.from_bytes(message.data[2:], "big")
            self._transport.mask_write(self.unit, message.address, keep, bits, self._modbus.timeout)
        else:
            self._transport.write(self.unit, message.function, message.address, message.data, self._modbus.timeout)

    def _feeding_due(self) -> bool:
        dog = self.watchdog
        return (
            dog is not None
            and not (self.wrong_device or self.silent)
            and dog.next_value(self._clock.now_s()) is not None
        )

    def _feed_watchdog(self) -> None:
        """Move the counter: one write, never repeated."""
        watch, dog = self.image.profile.watchdog, self.watchdog
        assert watch is not None
        assert dog is not None
        now_s = self._clock.now_s()
        value = dog.next_value(now_s)
        assert value is not None
        point = self.image.profile.points[watch.write]
        address = self.image.profile.wire_address(point)
        try:
            self.write(Telegram(6, address, point.codec(self._modbus).encode(value)))
        except TransportError:
            dog.could_not_write(value, now_s)
        else:
            dog.wrote(value, now_s)
