"""Rules about time: what must be noticed soon must be read soon, and stale must mean more than one lost poll."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from shared.documents import Where
from shared.field.expression import Expression, syntax
from shared.field.profile import Profile
from shared.field.profile_lint.finding import Finding, Subject

PERIOD_S_MAX = {1: 5.0, 2: 10.0, 3: 60.0, 4: 300.0}
"""How rarely, beyond its on-delay, a condition's points may be read, by its priority (1 is the highest).

Our own measure: a dispatcher has minutes to act, and a priority-1 condition should cost him no more than a few seconds.
"""
INTERLOCK_PERIOD_S_MAX = 5.0
"""What an interlock looks at should not be older than a person's decision."""


def check_timing(subject: Subject) -> Iterator[Finding]:
    profile = subject.profile
    for name, group in profile.poll_groups.items():
        where: Where = ("poll_groups", name, "stale_after")
        if group.stale_after < group.every:
            yield subject.error("stale", where, f"more than a poll period: {group.every:g} s")
        elif group.stale_after < 2 * group.every:
            yield subject.warning("stale", where, f"two polls or more ({2 * group.every:g} s): one may be lost")
    for name, condition in profile.conditions.items():
        limit_s = PERIOD_S_MAX[condition.priority] + condition.on_delay
        yield from _slow(subject, ("conditions", name, "when"), condition.when, limit_s)
        yield from _moments(subject, ("conditions", name, "when"), condition.when)
    for name, command in profile.commands.items():
        for index, requirement in enumerate(command.require):
            at: Where = ("commands", name, "require", index, "expr")
            yield from _slow(subject, at, requirement.expr, INTERLOCK_PERIOD_S_MAX)
            yield from _moments(subject, at, requirement.expr)
        yield from _proof(subject, name)
    yield from _watchdog(subject)


def _slow(subject: Subject, where: Where, expression: Expression, limit_s: float) -> Iterator[Finding]:
    """Set-points and identities are let pass: they change by hand, not by themselves."""
    for name in sorted(expression.points):
        point, every_s = subject.profile.device_point(name), period_s(subject.profile, name)
        if name in subject.profile.reported:  # how often it reports is the device's business
            continue
        if point is None or point.kind in ("setpoint", "identity") or every_s is None or every_s <= limit_s:
            continue
        yield subject.warning(
            "slow_group", where, f"points read at least every {limit_s:g} s: {name} is in {point.poll}, {every_s:g} s"
        )


def period_s(profile: Profile, name: str) -> float | None:
    """How often a point is read, seconds; None for a computed one."""
    group = profile.group_of(name)
    return None if group is None else profile.poll_groups[group].every


def _moments(subject: Subject, where: Where, expression: Expression) -> Iterator[Finding]:
    """`changed_within(p, t)` with t below two polls is false between two polls of a value that moves all the time."""
    for node in ast.walk(syntax(expression.text)):
        match node:
            case ast.Call(args=[ast.Name(id=name), ast.Constant(value=float() | int() as seconds)]):
                every_s = period_s(subject.profile, name)
                if every_s is not None and seconds < 2 * every_s:
                    yield subject.warning(
                        "moment", where, f"at least two polls of {name} in changed_within: {2 * every_s:g} s"
                    )
            case _:
                continue


def _proof(subject: Subject, name: str) -> Iterator[Finding]:
    verify = subject.profile.commands[name].verify
    every_s = period_s(subject.profile, verify.point)
    where: Where = ("commands", name, "verify", "within")
    if every_s is None:
        return
    if verify.within < every_s:
        yield subject.error("proof_time", where, f"more than a poll of {verify.point}: {every_s:g} s")
    elif verify.within < 2 * every_s:
        yield subject.warning("proof_time", where, f"two polls of {verify.point} or more: {2 * every_s:g} s")


def _watchdog(subject: Subject) -> Iterator[Finding]:
    watchdog = subject.profile.watchdog
    if watchdog is None:
        return
    every_s = period_s(subject.profile, watchdog.write)
    if every_s is not None and every_s > watchdog.every:
        yield subject.error(
            "watchdog", ("watchdog", "every"), f"a counter read at least as often as it is written: {every_s:g} s"
        )
