"""Rules about units: a known code, and only like compared with like. The engine compares numbers as they stand."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from shared.documents import Where
from shared.errors import Malformed
from shared.field.expression import Expression, syntax
from shared.field.profile_lint.finding import Finding, Subject
from shared.field.ucum import ONE, Unit, find_unit, parse_unit


def check_units(subject: Subject) -> Iterator[Finding]:
    profile = subject.profile
    yield from _codes(subject)
    for name, condition in profile.conditions.items():
        at: Where = ("conditions", name)
        yield from _comparisons(subject, (*at, "when"), condition.when, None)
        if condition.suppress_when is not None:
            yield from _comparisons(subject, (*at, "suppress_when"), condition.suppress_when, None)
    for name, command in profile.commands.items():
        at = ("commands", name)
        for index, requirement in enumerate(command.require):
            yield from _comparisons(subject, (*at, "require", index, "expr"), requirement.expr, command.point)
        if command.verify.tolerance is None:
            yield from _comparisons(subject, (*at, "verify", "expect"), command.verify.expression, command.point)
        else:
            yield from _tolerance(subject, name)
    yield from _parameters(subject)


def _codes(subject: Subject) -> Iterator[Finding]:
    profile = subject.profile
    sections: list[tuple[str, Mapping[str, Any]]] = [
        ("points", profile.points),
        ("reported", profile.reported),
        ("computed", profile.computed),
        ("parameters", profile.parameters),
    ]
    for section, entries in sections:
        for name, entry in entries.items():
            try:
                parse_unit(entry.unit)
            except Malformed:
                better = find_unit(entry.unit)
                hint = f", {better}" if better else ""
                yield subject.error("unit", (section, name, "unit"), f"a UCUM code{hint} (given: {entry.unit!r})")


def _tolerance(subject: Subject, name: str) -> Iterator[Finding]:
    command, units = subject.profile.commands[name], subject.units()
    written, proof = units[command.point], units.get(command.verify.point, "")
    if not _alike(written, proof):
        yield subject.error(
            "unit_mismatch",
            ("commands", name, "verify", "tolerance"),
            f"a proof in the unit of what is written: {command.point} is in {written or '1'}, "
            f"{command.verify.point} in {proof or '1'}",
        )


def _alike(a: str, b: str) -> bool:
    try:
        return parse_unit(a).is_same(parse_unit(b))
    except Malformed:
        return True  # told already, as a unit that is none


@dataclass(slots=True)
class _Measure:
    """Finds the unit of each part of an expression, and notes comparisons and sums of unlike units."""

    units: Mapping[str, str]
    unlike: list[tuple[str, str]] = field(default_factory=list)

    def of(self, node: ast.expr) -> Unit | None:
        """None: a bare number, a truth, or a unit that is not known; it agrees with everything."""
        match node:
            case ast.Name(id=name):
                return self._named(name)
            case ast.Attribute(value=ast.Name(id=name)):
                return self._named(name)
            case ast.Call(func=ast.Name(id="age")):
                return parse_unit("s")
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.of(operand)
            case ast.BinOp(left=left, op=op, right=right):
                return self._composed(left, op, right)
            case ast.Compare(left=left, comparators=rights):
                sides = [left, *rights]
                for a, b in pairwise(sides):
                    self._meet(a, b)
                return None
            case ast.BoolOp(values=values):
                for value in values:
                    self.of(value)
                return None
            case ast.UnaryOp(operand=operand):
                self.of(operand)
                return None
            case _:
                return None

    def _named(self, name: str) -> Unit | None:
        try:
            return parse_unit(self.units.get(name, ""))
        except Malformed:
            return None

    def _composed(self, left: ast.expr, op: ast.operator, right: ast.expr) -> Unit | None:
        if isinstance(op, ast.Add | ast.Sub):
            return self._meet(left, right)
        a, b = self.of(left), self.of(right)
        if a is None and b is None:
            return None
        return (a or ONE).times(b or ONE, -1 if isinstance(op, ast.Div) else 1)

    def _meet(self, left: ast.expr, right: ast.expr) -> Unit | None:
        a, b = self.of(left), self.of(right)
        if a is not None and b is not None and not a.is_same(b):
            self.unlike.append((ast.unparse(left), ast.unparse(right)))
        return a if a is not None else b


def _comparisons(subject: Subject, where: Where, expression: Expression, written: str | None) -> Iterator[Finding]:
    units = subject.units(written)
    measure = _Measure(units)
    measure.of(syntax(expression.text))
    for left, right in measure.unlike:
        yield subject.error(
            "unit_mismatch", where, f"like units: {_told(left, units)} stands against {_told(right, units)}"
        )


def _told(side: str, units: Mapping[str, str]) -> str:
    name = side.split(".", maxsplit=1)[0]
    return f"{side} in {units[name] or '1'}" if name in units else side


def _parameters(subject: Subject) -> Iterator[Finding]:
    """A parameter with a unit that fills in a limit or a range of a point with another unit."""
    content = subject.written.content
    assert isinstance(content, dict)
    places: list[tuple[Where, Any]] = [((), content)]
    places += [(("repeat", index), block) for index, block in enumerate(content.get("repeat") or [])]
    for at, block in places:
        for section in ("points", "computed"):
            for name, entry in (block.get(section) or {}).items():
                yield from _filled(subject, (*at, section, name), entry)


def _filled(subject: Subject, at: Where, entry: Mapping[str, Any]) -> Iterator[Finding]:
    fields: list[tuple[Where, object]] = [
        (("limits", limit), value) for limit, value in (entry.get("limits") or {}).items()
    ]
    for field_name in ("range", "valid"):
        fields += [((field_name, index), value) for index, value in enumerate(entry.get(field_name) or ())]
    unit = str(entry.get("unit", ""))
    for where, value in fields:
        name = value[2:-1] if isinstance(value, str) and value.startswith("${") and value.endswith("}") else ""
        parameter = subject.profile.parameters.get(name)
        if parameter is not None and not _alike(parameter.unit, unit):
            yield subject.error(
                "unit_mismatch",
                (*at, *where),
                f"a parameter in {unit or '1'}: {name} is in {parameter.unit or '1'}",
            )
