"""Rules about expressions: what can never be so, or is never otherwise, is a mistake of whoever wrote it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from shared.documents import Where
from shared.field.expression import Expression, syntax
from shared.field.profile import Condition, Profile
from shared.field.profile_lint.finding import Finding, Subject
from shared.field.profile_lint.reach import Interval, can_be, interval
from shared.field.profile_lint.value_ranges import box_of, written_range


def check_logic(subject: Subject) -> Iterator[Finding]:
    profile, box = subject.profile, box_of(subject.profile)
    for name, condition in profile.conditions.items():
        yield from _condition(subject, ("conditions", name), condition, box)
    for name, command in profile.commands.items():
        at: Where = ("commands", name)
        with_param = {**box, "param": written_range(command)}
        for index, requirement in enumerate(command.require):
            where: Where = (*at, "require", index, "expr")
            yield from _parts(subject, where, requirement.expr, with_param)
            if not can_be(syntax(requirement.expr.text), True, with_param):
                yield subject.error("unreachable", where, "an interlock that can hold: the command is always refused")
            elif not can_be(syntax(requirement.expr.text), False, with_param):
                yield subject.warning("always", where, "an interlock that can fail: this one holds whatever is read")
        yield from _proof(subject, name, with_param)


def _condition(subject: Subject, at: Where, condition: Condition, box: Mapping[str, Interval]) -> Iterator[Finding]:
    tree = syntax(condition.when.text)
    where: Where = (*at, "when")
    yield from _parts(subject, where, condition.when, box)
    reachable = can_be(tree, True, box)
    if not reachable:
        yield subject.error("unreachable", where, "a condition that can come true within its points' valid ranges")
    elif not can_be(tree, False, box):
        yield subject.error("always", where, "a condition that can be false: this one stands whatever is read")
    elif condition.hysteresis and not can_be(tree, False, box, condition.hysteresis):
        yield subject.error(
            "never_ends", (*at, "hysteresis"), f"less than {condition.hysteresis:g}: with it the condition cannot end"
        )
    if condition.hysteresis and not _orders(tree):
        yield subject.warning("hysteresis", (*at, "hysteresis"), "none where nothing is compared by < <= > >=")
    if condition.suppress_when is None:
        return
    yield from _parts(subject, (*at, "suppress_when"), condition.suppress_when, box)
    suppress = syntax(condition.suppress_when.text)
    if not can_be(suppress, False, box):
        yield subject.error("unreachable", (*at, "suppress_when"), "an expression that can be false: it hides all")
    elif reachable and not can_be(_both(tree, suppress, negated=True), True, box):
        yield subject.error("unreachable", (*at, "suppress_when"), "less than `when` itself: it hides all of it")
    elif reachable and not can_be(_both(tree, suppress, negated=False), True, box):
        yield subject.warning(
            "always", (*at, "suppress_when"), "an expression that can be true while `when` is: it hides nothing"
        )


def _both(tree: ast.expr, other: ast.expr, *, negated: bool) -> ast.expr:
    second: ast.expr = ast.UnaryOp(op=ast.Not(), operand=other) if negated else other
    return ast.BoolOp(op=ast.And(), values=[tree, second])


def _proof(subject: Subject, name: str, box: Mapping[str, Interval]) -> Iterator[Finding]:
    command = subject.profile.commands[name]
    field = "expect" if command.verify.expect is not None else "tolerance"
    where: Where = ("commands", name, "verify", field)
    tree = syntax(command.verify.expression.text)
    if not can_be(tree, True, box):
        yield subject.error("unreachable", where, "a proof that the point's valid range allows: this one never comes")
    elif not can_be(tree, False, box):
        yield subject.error("always", where, "a proof that can fail: this one holds whatever the device did")


def _orders(tree: ast.expr) -> bool:
    compares = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    return any(isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for node in compares for op in node.ops)


def _parts(subject: Subject, where: Where, expression: Expression, box: Mapping[str, Interval]) -> Iterator[Finding]:
    """Comparisons that are constant by themselves, or that compare what cannot be compared."""
    tree = syntax(expression.text)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        yield from _uncomparable(subject, where, node)
        text = ast.unparse(node)
        if node is not tree and not can_be(node, True, box):
            yield subject.warning("part_constant", where, f"parts that can be true: `{text}` is outside what is valid")
        elif node is not tree and not can_be(node, False, box):
            yield subject.warning("part_constant", where, f"parts that can be false: `{text}` always holds")


def _uncomparable(subject: Subject, where: Where, node: ast.Compare) -> Iterator[Finding]:
    profile = subject.profile
    sides = [node.left, *node.comparators]
    names = [side.id for side in sides if isinstance(side, ast.Name)]
    for name in names:
        point = profile.points.get(name)
        if point is not None and point.type == "string":
            yield subject.error("text", where, f"numbers in comparisons: {name} is text")
        elif any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            yield from _unlabelled(subject, where, name, sides, profile)


def _unlabelled(
    subject: Subject, where: Where, name: str, sides: list[ast.expr], profile: Profile
) -> Iterator[Finding]:
    shown = profile.shown(name)
    labels = shown.labels if shown is not None else None
    for side in sides:
        if not isinstance(side, ast.Constant | ast.UnaryOp):
            continue
        given = interval(side, {})
        if labels and given.low == given.high and given.low not in labels:
            known = ", ".join(map(str, labels))
            yield subject.warning("labels", where, f"a code of {name} that has a label: {known} (given: {given.low:g})")
