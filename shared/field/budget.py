"""What a line will be busy with, before anything is installed: the planned reads, what they cost, what share of its
time that is. How old a point may become is the matter of `forecast.py`. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.field.address import Address, parse_address
from shared.field.plan import Block, ReadCost, plan_reads
from shared.field.profile import Profile
from shared.field.timing import line_cost
from shared.site.model import ControllerEntry, LineEntry, Site

UTILISATION_MAX = 0.8
"""Above it a serial line has no time left for commands, retries and silent units."""
_WRITE_REGISTERS = 2
"""A write of one register and its echo cost what a read of two costs: 16 or 17 characters on the wire."""


@dataclass(frozen=True, slots=True)
class GroupLoad:
    """One poll group of a controller on its line."""

    controller: str
    group: str
    blocks: tuple[Block, ...]
    block_s: tuple[float, ...]
    """How long each read keeps the line, with the device's rest before it where it is not the first."""
    every_s: float
    stale_after_s: float

    @property
    def poll_s(self) -> float:
        return sum(self.block_s)

    @property
    def utilisation(self) -> float:
        return self.poll_s / self.every_s


@dataclass(frozen=True, slots=True)
class ControllerLoad:
    """A controller on its line, and what it costs when it is silent."""

    id: str
    profile: Profile
    groups: tuple[GroupLoad, ...]
    watchdog_s: float
    """One write of the master's counter; 0 where there is none."""
    silence_s: float
    """A request that is not answered."""
    quiet_s: float
    """After it the line must be silent for so long before the same unit is asked again."""

    @property
    def utilisation(self) -> float:
        watchdog = self.profile.watchdog
        write = self.watchdog_s / watchdog.every if watchdog is not None else 0.0
        return sum(group.utilisation for group in self.groups) + write


@dataclass(frozen=True, slots=True)
class LineLoad:
    id: str
    address: Address
    controllers: tuple[ControllerLoad, ...]

    @property
    def is_serial(self) -> bool:
        return bool(self.address.device)

    @property
    def utilisation(self) -> float:
        """The share of its time that the line is busy; more than 1: it cannot be done."""
        return sum(each.utilisation for each in self.controllers)

    @property
    def overload(self) -> str | None:
        """The sentence by which the line is refused."""
        if not self.is_serial or self.utilisation <= UTILISATION_MAX:
            return None
        dearest = max((group for each in self.controllers for group in each.groups), key=lambda each: each.utilisation)
        return (
            f"line {self.id}: at most {UTILISATION_MAX:.0%} of its time is expected to be taken by polls "
            f"({self.utilisation:.0%} planned): poll less often, raise the baud rate, or divide the line; the dearest "
            f"is {dearest.group} of {dearest.controller}, {dearest.poll_s * 1000:.0f} ms every {dearest.every_s:g} s"
        )


ProfileOf = Callable[[ControllerEntry], Profile]


def line_loads(site: Site, profile_of: ProfileOf, measured: dict[str, ReadCost] | None = None) -> list[LineLoad]:
    """Every line of a site that has controllers to ask. `measured`: what a read really costs on a line, by its id."""
    by_line: dict[str, list[ControllerEntry]] = {}
    for controller in site.controllers:
        by_line.setdefault(controller.line, []).append(controller)
    return [
        line_load(line, [(each, profile_of(each)) for each in by_line[line.id]], (measured or {}).get(line.id))
        for line in site.lines
        if line.id in by_line and not parse_address(line.address).listens
    ]


def line_load(
    line: LineEntry, controllers: Sequence[tuple[ControllerEntry, Profile]], measured: ReadCost | None = None
) -> LineLoad:
    address = parse_address(line.address)
    return LineLoad(line.id, address, tuple(_controller(address, *each, measured) for each in controllers))


def _controller(
    address: Address, entry: ControllerEntry, profile: Profile, measured: ReadCost | None
) -> ControllerLoad:
    modbus = profile.modbus
    cost = measured or line_cost(address, modbus.answer_time)
    groups = []
    for name, group in profile.poll_groups.items():
        blocks = plan_reads(profile, name, cost)
        rests = (0.0, *[modbus.request_gap] * (len(blocks) - 1))
        seconds = [cost.of(block.table, block.count) + rest for block, rest in zip(blocks, rests, strict=False)]
        groups.append(GroupLoad(entry.id, name, tuple(blocks), tuple(seconds), group.every, group.stale_after))
    on_the_wire_s = line_cost(address, 0.0).of("holding", 1) if address.device else 0.0
    framed = address.framing not in ("tcp", "tls")
    return ControllerLoad(
        id=entry.id,
        profile=profile,
        groups=tuple(groups),
        watchdog_s=cost.of("holding", _WRITE_REGISTERS) if profile.watchdog is not None else 0.0,
        silence_s=on_the_wire_s + modbus.timeout,
        quiet_s=(modbus.timeout if address.quiet_s is None else address.quiet_s) if framed else 0.0,
    )
