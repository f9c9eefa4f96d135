"""Polls one controller: block reads, retries of reads, breaker, identity, master watchdog -> scans.

A failed poll is a scan too, with bad readings, so that whoever counts time goes on when a controller is dead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.clock import Clock
from shared.field.breaker import Breaker
from shared.field.commands import Telegram
from shared.field.decoding import BlockDecoder
from shared.field.image import ControllerImage
from shared.field.transports import DeviceException, Transport, TransportError
from shared.field.watchdog import MasterWatchdog

WRONG_DEVICE = "bad.wrong_device"


@dataclass(frozen=True, slots=True)
class Scan:
    """One poll of one poll group. `changed` are the indices of the points whose value or quality changed."""

    image: ControllerImage
    group: str
    at_s: float
    answered: bool
    changed: Sequence[int]


@dataclass(slots=True)
class PollCounts:
    """What the line has cost and lost with this controller, for the metrics."""

    polls: int = 0
    failed: int = 0
    retries: int = 0
    late: int = 0


class Scanner:
    """One controller on its line. Only the line's own thread or greenlet calls it."""

    def __init__(
        self, image: ControllerImage, unit: int, transport: Transport, clock: Clock, takeover_quiet_s: float
    ) -> None:
        self.image = image
        self.unit = unit
        self.counts = PollCounts()
        self.wrong_device = False
        self.enabled = True
        profile = image.profile
        self._modbus = profile.modbus
        self.breaker = Breaker(profile.modbus.breaker.open_after, profile.modbus.breaker.probe)
        self.watchdog = (
            MasterWatchdog(profile.watchdog.every, takeover_quiet_s) if profile.watchdog is not None else None
        )
        self._transport = transport
        self._clock = clock
        self._decoders = {
            group: [BlockDecoder(image, block) for block in blocks] for group, blocks in image.blocks.items()
        }

    @property
    def online(self) -> bool:
        """False when so many polls failed in a row that the breaker opened."""
        return not self.breaker.is_open

    def poll(self, group: str) -> Scan:
        """Read every block of a poll group."""
        now_s = self._clock.now().timestamp()
        if not self.breaker.allows(now_s):
            return Scan(self.image, group, now_s, answered=False, changed=())
        self.counts.polls += 1
        changed: list[int] = []
        answered, lost = True, ""
        for decoder in self._decoders[group]:
            if lost:
                changed += decoder.spoil(lost)
                continue
            try:
                raw = self._read(decoder)
            except DeviceException as error:
                answered = False
                changed += decoder.spoil(error.quality)
            except TransportError as error:
                answered, lost = False, error.quality
                changed += decoder.spoil(lost)
            else:
                changed += decoder.decode(raw, self._clock.now().timestamp())
        if lost:
            changed += self._lost(lost, now_s)
        else:
            self.breaker.answered()
            changed += self._check_identity()
            self._watch(group)
        if answered:
            self.image.last_good_s[group] = now_s
        self.counts.failed += not answered
        return Scan(self.image, group, now_s, answered, changed)

    def _read(self, decoder: BlockDecoder) -> bytes:
        """One block; reads are harmless, so they are tried again, `read_retries` times unless the breaker is open."""
        block = decoder.block
        attempts = 1 if self.breaker.is_open else 1 + self._modbus.read_retries
        for attempt in range(attempts):
            try:
                return self._transport.read(self.unit, block.table, block.address, block.count, self._modbus.timeout)
            except DeviceException:
                raise
            except TransportError:
                if attempt == attempts - 1:
                    raise
                self.counts.retries += 1
        raise AssertionError("unreachable: at least one attempt is made")

    def _lost(self, quality: str, now_s: float) -> list[int]:
        """No answer: the breaker counts it, and when it opens nothing is known of the whole controller."""
        self.breaker.failed(now_s)
        if self.watchdog is not None:
            self.watchdog.lost_sight()
        if not self.breaker.is_open:
            return []
        return [at for decoders in self._decoders.values() for decoder in decoders for at in decoder.spoil(quality)]

    def _check_identity(self) -> list[int]:
        image, wrong = self.image, False
        for identity in image.profile.identity:
            at = image.index[identity.point]
            value = image.values[at]
            if value is not None and image.qualities[at] in ("good", WRONG_DEVICE) and value != identity.equals:
                wrong = True
        if self.wrong_device and not wrong:
            for decoders in self._decoders.values():
                for decoder in decoders:
                    decoder.forget()
        self.wrong_device = wrong
        if not wrong:
            return []
        changed = []
        for decoders in self._decoders.values():
            for decoder in decoders:
                changed += [at for at in decoder.indices if image.qualities[at] != WRONG_DEVICE]
                for at in decoder.indices:
                    image.qualities[at] = WRONG_DEVICE
        return changed

    def _watch(self, group: str) -> None:
        watch, dog = self.image.profile.watchdog, self.watchdog
        if watch is None or dog is None or self.image.profile.points[watch.write].poll != group:
            return
        now_s = self._clock.now().timestamp()
        value = self.image.known(self.image.index[watch.write], now_s)
        if isinstance(value, int) and not self.wrong_device:
            dog.saw(value, now_s)
        else:
            dog.lost_sight()

    def write(self, message: Telegram) -> None:
        """One write, never repeated. Raises TransportError."""
        self._transport.write(self.unit, message.function, message.address, message.data, self._modbus.timeout)

    def feed_watchdog(self) -> None:
        """Move the counter when it is time: one write, never repeated."""
        watch, dog = self.image.profile.watchdog, self.watchdog
        if watch is None or dog is None or self.breaker.is_open or self.wrong_device:
            return
        now_s = self._clock.now().timestamp()
        value = dog.next_value(now_s)
        if value is None:
            return
        point = self.image.profile.points[watch.write]
        address = self.image.profile.wire_address(point)
        try:
            self.write(Telegram(6, address, point.codec(self._modbus).encode(value)))
        except TransportError:
            dog.could_not_write(value, now_s)
        else:
            dog.wrote(value, now_s)
