"""Rules about what is there for nothing, or is there without a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shared.field.profile import Profile, Shown
from shared.field.profile_lint.finding import Finding, Subject


def check_upkeep(subject: Subject) -> Iterator[Finding]:
    profile = subject.profile
    used_groups = {profile.group_of(name) for name in profile.names}
    for name in profile.poll_groups:
        if name not in used_groups:
            yield subject.warning("empty_group", ("poll_groups", name), "a poll group with points")
    yield from _titles(subject)
    yield from _unused(subject)
    yield from _parameters(subject)


def _titles(subject: Subject) -> Iterator[Finding]:
    profile = subject.profile
    sections: tuple[tuple[str, Mapping[str, Shown]], ...] = (
        ("points", profile.points),
        ("reported", profile.reported),
        ("computed", profile.computed),
    )
    for section, entries in sections:
        for name, shown in entries.items():
            if shown.title is None:
                yield subject.warning("title", (section, name), "a title in zh and en: screens show it")


def _unused(subject: Subject) -> Iterator[Finding]:
    """What is kept in history is used; a point that is not, must be named by something."""
    profile = subject.profile
    named = names_used(profile)
    written = {command.point for command in profile.commands.values()}
    if profile.watchdog is not None:
        written.add(profile.watchdog.write)
    if profile.clock is not None:
        clock = {name for _, name in profile.clock.fields()}
        named |= clock
        written |= clock if any(each.write.style == "clock" for each in profile.commands.values()) else set()
    for name, point in profile.points.items():
        if point.access == "rw" and name not in written:
            yield subject.warning("unused", ("points", name, "access"), "access r, or a command that writes it")
        if point.history == "none" and name not in named | written:
            yield subject.warning(
                "unused", ("points", name), "a history, or a condition, command, identity or watchdog that needs it"
            )


def names_used(profile: Profile) -> set[str]:
    """Every point that a condition, an interlock, a proof or the identity names."""
    used = {identity.point for identity in profile.identity}
    for condition in profile.conditions.values():
        for expression in filter(None, (condition.when, condition.suppress_when)):
            used |= expression.points | {name for name, _ in expression.limits}
        used |= {condition.about} if condition.about else set()
    for command in profile.commands.values():
        used.add(command.verify.point)
        for expression in (command.verify.expression, *(each.expr for each in command.require)):
            used |= expression.points | {name for name, _ in expression.limits}
    return used


def _parameters(subject: Subject) -> Iterator[Finding]:
    content = subject.written.content
    assert isinstance(content, dict)
    rest = repr({key: value for key, value in content.items() if key != "parameters"})
    for name in subject.profile.parameters:
        if "${" + name + "}" not in rest:
            yield subject.warning("unused", ("parameters", name), "a parameter that the profile uses somewhere")
