"""The device behind the server: what its points hold now, what a write does to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from infra.simulator.maps.device import Table, packed
from infra.simulator.profiled.clock import RunningClock
from infra.simulator.profiled.encoding import NotInRange, from_words, to_words, word_count
from infra.simulator.profiled.normal import motions, value_where
from infra.simulator.rtu.refusal import ModbusException, WriteRefused
from shared.contracts.message import Scalar
from shared.field.profile import BIT_TABLES, CommandSpec, Point, Profile

PULSE_S = 1.0
"""How long a pulse coil reads 1 after it was set, wall seconds."""
ANSWER_S = 5.0
"""How long a device's answer to a command stands before its register is idle again, wall seconds."""


class ProfileDevice:
    """One device of a profile, unit id and all. `now_s` is a clock that only goes forward, in seconds."""

    def __init__(
        self,
        unit: int,
        profile: Profile,
        now_s: Callable[[], float],
        right_time: Callable[[], datetime] | None = None,
    ) -> None:
        """`right_time`: what the device's clock shows until somebody sets it, without a zone; else this machine's."""
        self.unit = unit
        self.profile = profile
        self._now_s = now_s
        self._since_s = now_s()
        self._motions = motions(profile)
        self.held: dict[str, Scalar] = {}
        """Values that were set by hand or by a master; they stand still."""
        self._pulses_s: dict[str, float] = {}
        self._pulsed = {each.point for each in profile.commands.values() if each.write.style == "pulse"}
        self._clock = RunningClock(profile.clock, right_time) if profile.clock is not None else None
        self._answers: dict[str, tuple[float, Scalar]] = {}
        """By handshake register: until when the answer stands, and what stands there afterwards."""

    def sizes(self) -> dict[Table, int]:
        found: dict[Table, int] = {}
        for point in self.profile.points.values():
            end = self.profile.wire_address(point) + word_count(point)
            found[point.table] = max(found.get(point.table, 0), end)
        return found

    def values(self) -> dict[str, Scalar]:
        """What every point is now."""
        return {name: self.value(name) for name in self.profile.points}

    def value(self, name: str) -> Scalar:
        if name in self._pulses_s:
            return self._now_s() - self._pulses_s[name] < PULSE_S
        if name in self._answers and self._now_s() >= self._answers[name][0]:
            return self._answers[name][1]
        if self._clock is not None and self._clock.shows(name) and name not in self.held:
            return self._clock.value(name)
        return self.held[name] if name in self.held else self._motions[name].at(self._now_s() - self._since_s)

    def words(self, table: Table) -> list[int]:
        image = [0] * self.sizes()[table]
        # Bits last: a bit named beside its word is laid over it.
        for name, point in sorted(self._of(table), key=lambda entry: entry[1].bit is not None):
            first = self.profile.wire_address(point)
            if table in BIT_TABLES:
                image[first] = int(bool(self.value(name)))
                continue
            words = to_words(point, self.profile.modbus, self.value(name))
            if point.bit is not None:
                mask = to_words(point, self.profile.modbus, True)[0]
                words = [image[first] & ~mask | words[0]]
            image[first : first + len(words)] = words
        return packed([bool(bit) for bit in image]) if table in BIT_TABLES else image

    def write(self, table: Table, address: int, values: Sequence[int], /) -> None:
        """Whole points that a master may write, within their valid range; anything else is refused whole."""
        touched = [
            (name, point)
            for name, point in self._of(table)
            if point.access == "rw" and self._covers(point, address, len(values))
        ]
        reached = {at for _, point in touched for at in self._addresses(point)}
        if not reached.issuperset(range(address, address + len(values))):
            raise WriteRefused(ModbusException.ILLEGAL_ADDRESS)
        written = {name: self._written(point, address, values) for name, point in touched}
        if self._clock is not None and any(self._clock.shows(name) for name in written):
            try:
                self._clock.set(written)
            except ValueError:
                raise WriteRefused(ModbusException.ILLEGAL_VALUE) from None
            written = {name: value for name, value in written.items() if not self._clock.shows(name)}
        for name in self._meant(written):
            self._take(name, written[name])

    def hold(self, name: str, value: Scalar) -> None:
        """Set by hand. Raises NotInRange when the registers cannot hold it."""
        to_words(self.profile.points[name], self.profile.modbus, value)
        self._pulses_s.pop(name, None)
        self._answers.pop(name, None)
        self.held[name] = value

    def let_go(self, name: str) -> None:
        """It moves by itself again."""
        self.held.pop(name, None)
        self._answers.pop(name, None)

    def _meant(self, written: dict[str, Scalar]) -> list[str]:
        """Of the bits that share a register those that a write changes, or all of them when it changes none."""
        bits = [name for name in written if self.profile.points[name].bit is not None]
        changed = [name for name in bits if bool(written[name]) != bool(self.value(name))]
        return [name for name in written if name not in bits or name in (changed or bits)]

    def _of(self, table: Table) -> list[tuple[str, Point]]:
        return [(name, point) for name, point in self.profile.points.items() if point.table == table]

    def _addresses(self, point: Point) -> range:
        first = self.profile.wire_address(point)
        return range(first, first + word_count(point))

    def _covers(self, point: Point, address: int, count: int) -> bool:
        place = self._addresses(point)
        return place.start < address + count and address < place.stop

    def _written(self, point: Point, address: int, values: Sequence[int]) -> Scalar:
        place = self._addresses(point)
        if point.table in BIT_TABLES:
            return bool(values[place.start - address])
        words = self.words(point.table)[place.start : place.stop]
        for at, value in enumerate(values, address):
            if at in place:
                words[at - place.start] = value
        try:
            found = from_words(point, self.profile.modbus, words)
        except NotInRange:
            raise WriteRefused(ModbusException.ILLEGAL_VALUE) from None
        low, high = point.valid or (found, found)
        if isinstance(found, int | float) and isinstance(low, int | float) and isinstance(high, int | float):
            slack = 1e-6 * max(abs(low), abs(high)) if point.type in ("f32", "f64") else abs(point.scale) / 2
            if not low - slack <= found <= high + slack:
                raise WriteRefused(ModbusException.ILLEGAL_VALUE)
        return found

    def _take(self, name: str, value: Scalar) -> None:
        if name in self._pulsed:
            self.held[name] = False
            if value:
                self._pulses_s[name] = self._now_s()
        else:
            self.held[name] = value
        for command, spec in self.profile.commands.items():
            if spec.point == name and _is_it(spec, value):
                self._act(command, spec, value)

    def _act(self, command: str, spec: CommandSpec, value: Scalar) -> None:
        """The device obeys: the command's proof comes true, and that of its inverse is true no more."""
        self._answer(spec)
        if spec.verify.point != spec.point:
            self._show(spec.verify.point, value_where(self.profile, command, value, self.values(), holds=True))
        if spec.inverse is None:
            return
        undone = self.profile.commands[spec.inverse]
        if undone.verify.point not in (spec.verify.point, spec.point):
            wished = undone.write.value
            self._show(undone.verify.point, value_where(self.profile, spec.inverse, wished, self.values(), holds=False))

    def _answer(self, spec: CommandSpec) -> None:
        handshake = spec.write.handshake
        if handshake is None or handshake.point not in self.profile.points:
            return
        self.held[handshake.point] = handshake.taken
        if handshake.idle is not None:
            self._answers[handshake.point] = self._now_s() + ANSWER_S, handshake.idle

    def _show(self, name: str, value: Scalar) -> None:
        if value is not None and name in self.profile.points:
            self.held[name] = value


def _is_it(spec: CommandSpec, value: Scalar) -> bool:
    """Is this what the command writes?"""
    if not isinstance(value, int | float):
        return False
    if spec.write.param is not None:
        return spec.write.param.min - 1e-9 <= value <= spec.write.param.max + 1e-9
    if spec.write.value is None:
        return False  # a clock, which goes its own way
    return abs(float(value) - float(spec.write.value)) < 1e-9
