"""The lines a person types while the device runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import yaml

from infra.simulator.lines import Line
from infra.simulator.profiled.device import ProfileDevice
from infra.simulator.profiled.encoding import NotInRange

HELP = """set POINT VALUE   hold a point at a value
free POINT        let it move by itself again
broken POINT      the code by which the device says: sensor fault
fail              nothing answers any more
restore           it answers again
show [POINT]      what the points are
quit"""


class Refusal(Exception):
    """Why a line was not carried out, in one sentence."""


class Quit(Exception):
    """The person is done."""


class Console:
    """Carries out one line at a time."""

    def __init__(self, device: ProfileDevice, line: Line) -> None:
        self._device = device
        self._line = line
        self._verbs: dict[tuple[str, int], Callable[..., Awaitable[str]]] = {
            ("set", 2): self._set,
            ("free", 1): self._free,
            ("broken", 1): self._broken,
            ("fail", 0): self._fail,
            ("restore", 0): self._restore,
            ("show", 0): self._show,
            ("show", 1): self._show,
            ("help", 0): self._help,
        }

    async def do(self, text: str) -> str:
        """What to print. Raises Refusal, Quit."""
        verb, *arguments = text.split()
        if verb in ("quit", "exit"):
            raise Quit
        act = self._verbs.get((verb, len(arguments)))
        if act is None:
            raise Refusal(f"{text.strip()!r} is not understood; type help.")
        return await act(*arguments)

    async def _set(self, name: str, text: str) -> str:
        hold(self._device, name, text)
        return f"{name} = {shown(self._device, name)}"

    async def _free(self, name: str) -> str:
        self._device.let_go(_known(self._device, name))
        return f"{name} moves by itself"

    async def _broken(self, name: str) -> str:
        if not self._device.profile.points[_known(self._device, name)].nan:
            raise Refusal(f"{name} has no code that says: sensor fault.")
        self._device.hold(name, None)
        return f"{name} is broken"

    async def _fail(self) -> str:
        await self._line.cut_off()
        return "nothing answers"

    async def _restore(self) -> str:
        await self._line.mend()
        return "it answers"

    async def _show(self, name: str | None = None) -> str:
        names = [_known(self._device, name)] if name else list(self._device.profile.points)
        return "\n".join(f"{each:<28} {shown(self._device, each)}" for each in names)

    async def _help(self) -> str:
        return HELP


def hold(device: ProfileDevice, name: str, text: str) -> None:
    """`set`, and `--set` at the start. Raises Refusal."""
    try:
        value = yaml.safe_load(text)
        if not isinstance(value, bool | int | float | str):
            raise ValueError
        device.hold(_known(device, name), value)
    except (yaml.YAMLError, NotInRange, ValueError, OverflowError):
        raise Refusal(f"{name} cannot be {text!r}.") from None


def shown(device: ProfileDevice, name: str) -> str:
    value, unit = device.value(name), device.profile.points[name].unit
    number = f"{value:.6g}" if isinstance(value, float) else str(value)
    mark = "" if name not in device.held else "  (held)"
    return f"{number} {unit}".strip() + mark


def _known(device: ProfileDevice, name: str) -> str:
    if name not in device.profile.points:
        raise Refusal(f"There is no point {name}.")
    return name
