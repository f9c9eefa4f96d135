"""Rules about commands: an independent proof, a value the registers can take, a watchdog, an identity."""

from __future__ import annotations

from collections.abc import Iterator

from shared.documents import Where
from shared.field.profile import BIT_TABLES, CommandSpec, Point, Profile
from shared.field.profile_lint.finding import Finding, Subject
from shared.field.profile_lint.value_ranges import known_range, written_range


def check_commands(subject: Subject) -> Iterator[Finding]:
    profile = subject.profile
    for name, command in profile.commands.items():
        point = profile.points.get(command.point)
        if point is None:
            continue  # the platform keeps a computed point itself: nothing is written to the device
        yield from _verification(subject, name, command, point)
        yield from _written(subject, name, command, point)
        yield from _telegram(subject, name, command, point)
        yield from _inverse(subject, name, command)
    written = [name for name, command in profile.commands.items() if command.point in profile.points]
    if written and profile.watchdog is None:
        yield subject.error(
            "watchdog", ("commands",), "a watchdog: without one two masters do not notice each other, nor does the "
            "device notice that its master is gone"
        )  # fmt: skip
    if written and not profile.identity:
        yield subject.warning("identity", ("commands",), "an identity, so that a wrong device gets no command")


def _verification(subject: Subject, name: str, command: CommandSpec, point: Point) -> Iterator[Finding]:
    """A set-point's proof may be a fresh read of its register (warning). A switch's may not (error): the register
    says what was wished, the contact or the current what became of it; and a pulse coil resets itself. Where the
    profile knows no status of the same thing, a level switch is let pass with a warning.
    """
    if command.verify.point != command.point:
        return
    where: Where = ("commands", name, "verify", "point")
    if command.write.style == "pulse":
        yield subject.error("own_register", where, "a feedback: a pulse resets itself and proves nothing")
    elif point.type != "bool":
        yield subject.warning("own_register", where, "an independent feedback; this only reads the set-point back")
    elif found := statuses_of(subject.profile, command.point):
        yield subject.error("own_register", where, f"a feedback that is not the switch itself, like {found[0]}")
    else:
        yield subject.warning("own_register", where, "an independent feedback; this only reads the switch back")


def statuses_of(profile: Profile, written: str) -> list[str]:
    """Points that tell what became of a switch: not writable, named by the same first word; contacts before numbers."""
    stem = written.split("_", maxsplit=1)[0]
    found = [
        (point.type != "bool", name)
        for name, point in profile.points.items()
        if name.split("_")[0] == stem and point.access == "r" and point.type != "string"
    ]
    return [name for _, name in sorted(found)]


def _written(subject: Subject, name: str, command: CommandSpec, point: Point) -> Iterator[Finding]:
    if command.write.style == "clock":
        return
    wished, held = written_range(command), known_range(point)
    where: Where = ("commands", name, "write")
    if held is None:
        yield subject.error("write", where, "a point that is a number or a switch: this one is text")
    elif wished.low < held.low or wished.high > held.high:
        yield subject.error(
            "write", where, f"values that {command.point} can take: {held.low:.12g}-{held.high:.12g} "
            f"(given: {wished.low:.12g}-{wished.high:.12g})"
        )  # fmt: skip
    param = command.write.param
    if param is not None and point.type not in ("f32", "f64", "bool"):
        steps = param.step / abs(point.scale)
        if abs(steps - round(steps)) > 1e-6 or round(steps) == 0:
            yield subject.warning(
                "write", (*where, "param", "step"), f"a multiple of the register's resolution {abs(point.scale):g}"
            )


def _telegram(subject: Subject, name: str, command: CommandSpec, point: Point) -> Iterator[Finding]:
    where: Where = ("commands", name, "write")
    function, is_coil = command.write.function, point.table in BIT_TABLES
    if function != "auto" and is_coil != (function in (5, 15)):
        expected = "5 or 15 for a coil" if is_coil else "6 or 16 for holding registers"
        yield subject.error("function", (*where, "function"), f"{expected} (given: {function})")
    elif function == 6 and point.count > 1:
        yield subject.error("function", (*where, "function"), f"16: {point.type} has {point.count} registers")
    if command.write.style == "pulse" and point.type != "bool":
        yield subject.error("write", (*where, "style"), f"level: a pulse is for switches, not for {point.type}")
    if command.write.style == "pulse" and command.write.reset_after is not None and point.table != "coil":
        yield subject.error("write", (*where, "reset_after"), "a coil: what is taken back is written a second time")


def _inverse(subject: Subject, name: str, command: CommandSpec) -> Iterator[Finding]:
    if command.inverse is None:
        return
    other = subject.profile.commands[command.inverse]
    if other.inverse != name:
        yield subject.warning("inverse", ("commands", name, "inverse"), f"a command whose inverse is {name} in turn")
