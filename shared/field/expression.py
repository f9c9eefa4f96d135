"""The small language of conditions and interlocks: names, numbers, comparisons, three-valued logic, no side effects.

A value that is not known makes what depends on it unknown, never true and never false by itself (Kleene's strong
logic): `unknown or true` is true, `unknown and true` is unknown. Names are points; `level.hh` is the limit `hh` of the
point `level`; `param` is a command's parameter. Durations are written `10s`, `5m`, `2h`, `300ms`.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from shared.contracts.message import Scalar
from shared.errors import Malformed


class Facts(Protocol):
    """What an expression is evaluated over. Times are seconds of city time since the epoch."""

    now_s: float

    def value(self, point: str) -> Scalar:
        """The value of a point, None when it is not known (only `good.*` counts as known)."""
        ...

    def limit(self, point: str, limit: str) -> float | None: ...

    def taken_at_s(self, point: str) -> float | None: ...

    def changed_at_s(self, point: str) -> float | None: ...


Truth = bool | None
"""True, False, or None: unknown."""

_Eval = Callable[[Facts, float, Mapping[str, Scalar]], Scalar]


@dataclass(frozen=True, slots=True)
class Threshold:
    """`point >= 3.5` or `point < point.ll`: a point against a number or a limit."""

    point: str
    order: Literal[">", ">=", "<", "<="]
    bound: float | tuple[str, str]
    """A number, or the point and name of a limit."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression. `points` and `limits` are what it names, so that a profile can be checked as a whole."""

    text: str
    points: frozenset[str]
    limits: frozenset[tuple[str, str]]
    timed: bool
    """True when it depends on the moment (`age`, `changed_within`) and not on readings alone."""
    threshold: Threshold | None
    """What it is when it is no more than that."""
    _evaluate: _Eval = field(compare=False)

    def truth(self, facts: Facts, slack: float = 0.0, params: Mapping[str, Scalar] | None = None) -> Truth:
        """Is it so? `slack` (in the unit of the compared value) widens every order comparison: hysteresis."""
        value = self._evaluate(facts, slack, params or {})
        return None if value is None else bool(value)

    def value(self, facts: Facts, params: Mapping[str, Scalar] | None = None) -> Scalar:
        return self._evaluate(facts, 0.0, params or {})


_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)(ms|s|m|h)\b")
_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_EQUALITY: dict[type[ast.cmpop], Callable[[object, object], bool]] = {ast.Eq: operator.eq, ast.NotEq: operator.ne}
_ORDER: dict[type[ast.cmpop], tuple[Callable[[float, float], bool], float]] = {
    ast.Gt: (operator.gt, -1.0),
    ast.GtE: (operator.ge, -1.0),
    ast.Lt: (operator.lt, 1.0),
    ast.LtE: (operator.le, 1.0),
}
"""The comparison, and the direction in which slack moves its right-hand side so that it stays true for longer."""

_SIGNS: dict[type[ast.cmpop], Literal[">", ">=", "<", "<="]] = {
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Lt: "<",
    ast.LtE: "<=",
}

TEXT_CHARS_MAX = 500
DEPTH_MAX = 30


def parse_duration(text: str) -> float:
    """`10s` -> 10.0; seconds. Raises Malformed."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text.strip())
    if match is None:
        raise Malformed("duration_malformed", given=text)
    return float(match[1]) * _UNITS_S[match[2]]


def parse(text: str) -> Expression:
    """Check and compile an expression. Raises Malformed, naming the part that is not of the language."""
    tree = syntax(text)
    compiler = _Compiler(text)
    evaluate = compiler.compile(tree, DEPTH_MAX)
    points, limits = frozenset(compiler.points), frozenset(compiler.limits)
    return Expression(text, points, limits, compiler.timed, _threshold(tree), evaluate)


def _threshold(tree: ast.expr) -> Threshold | None:
    match tree:
        case ast.Compare(left=ast.Name(id=point), ops=[op], comparators=[right]) if type(op) in _SIGNS:
            match right:
                case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                    return Threshold(point, _SIGNS[type(op)], float(number))
                case ast.Attribute(value=ast.Name(id=name), attr=limit):
                    return Threshold(point, _SIGNS[type(op)], (name, limit))
    return None


def syntax(text: str) -> ast.expr:
    """The tree of an expression, its durations as seconds, for those who reason about it without facts.

    Only what `parse` accepts is of the language. Raises Malformed.
    """
    if len(text) > TEXT_CHARS_MAX:
        raise Malformed("expression_too_long", chars_max=TEXT_CHARS_MAX)
    plain = _DURATION.sub(lambda match: repr(float(match[1]) * _UNITS_S[match[2]]), text.strip())
    try:
        return ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Malformed("expression_malformed", text=text, part=text, expected="an expression") from error


class _Compiler:
    def __init__(self, text: str) -> None:
        self._text = text
        self.points: set[str] = set()
        self.limits: set[tuple[str, str]] = set()
        self.timed = False

    def compile(self, node: ast.expr, depth: int, *, negated: bool = False) -> _Eval:
        if depth == 0:
            raise self._malformed(node, f"at most {DEPTH_MAX} levels")
        match node:
            case ast.Constant(value=bool() | int() | float() as constant):
                return lambda _facts, _slack, _params: constant
            case ast.Name(id="param"):
                return lambda _facts, _slack, params: params.get("param")
            case ast.Name(id=name):
                self.points.add(name)
                return lambda facts, _slack, _params: facts.value(name)
            case ast.Attribute(value=ast.Name(id=name), attr=limit):
                self.limits.add((name, limit))
                return lambda facts, _slack, _params: facts.limit(name, limit)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _negation(self.compile(operand, depth - 1, negated=not negated))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _negative(self.compile(operand, depth - 1))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return _arithmetic(_ARITHMETIC[type(op)], self.compile(left, depth - 1), self.compile(right, depth - 1))
            case ast.BoolOp(op=op, values=values):
                parts = [self.compile(value, depth - 1, negated=negated) for value in values]
                return _junction(parts, decisive=isinstance(op, ast.Or))
            case ast.Compare(left=left, ops=ops, comparators=rights):
                return self._comparison(node, [left, *rights], ops, depth, negated)
            case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
                return self._call(node, function, arguments)
            case _:
                raise self._malformed(node, "a point, a limit, a number, a comparison, and, or, not")

    def _comparison(
        self, node: ast.expr, sides: list[ast.expr], ops: list[ast.cmpop], depth: int, negated: bool
    ) -> _Eval:
        values = [self.compile(side, depth - 1) for side in sides]
        pairs: list[_Eval] = []
        for op, left, right in zip(ops, values, values[1:], strict=False):
            if type(op) in _EQUALITY:
                pairs.append(_equality(_EQUALITY[type(op)], left, right))
            elif type(op) in _ORDER:
                compare, direction = _ORDER[type(op)]
                pairs.append(_order(compare, -direction if negated else direction, left, right))
            else:
                raise self._malformed(node, "== != < <= > >=")
        return pairs[0] if len(pairs) == 1 else _junction(pairs, decisive=False)

    def _call(self, node: ast.expr, function: str, arguments: list[ast.expr]) -> _Eval:
        match function, arguments:
            case "age", [ast.Name(id=point)]:
                self.points.add(point)
                self.timed = True
                return lambda facts, _slack, _params: _elapsed(facts, facts.taken_at_s(point))
            case "changed_within", [ast.Name(id=point), ast.Constant(value=int() | float() as seconds)]:
                self.points.add(point)
                self.timed = True
                return lambda facts, _slack, _params: _changed_within(facts, point, float(seconds))
            case _:
                raise self._malformed(node, "age(point) or changed_within(point, 10s)")

    def _malformed(self, node: ast.expr, expected: str) -> Malformed:
        return Malformed("expression_malformed", text=self._text, part=ast.unparse(node), expected=expected)


def _negation(inner: _Eval) -> _Eval:
    def evaluate(facts: Facts, slack: float, params: Mapping[str, Scalar]) -> Scalar:
        value = inner(facts, slack, params)
        return None if value is None else not value

    return evaluate


def _negative(inner: _Eval) -> _Eval:
    def evaluate(facts: Facts, slack: float, params: Mapping[str, Scalar]) -> Scalar:
        value = _number(inner(facts, slack, params))
        return None if value is None else -value

    return evaluate


def _arithmetic(operate: Callable[[float, float], float], left: _Eval, right: _Eval) -> _Eval:
    def evaluate(facts: Facts, slack: float, params: Mapping[str, Scalar]) -> Scalar:
        a, b = _number(left(facts, slack, params)), _number(right(facts, slack, params))
        if a is None or b is None or (operate is operator.truediv and b == 0):
            return None
        return operate(a, b)

    return evaluate


def _junction(parts: list[_Eval], *, decisive: bool) -> _Eval:
    """`or` when True decides, `and` when False does; unknown when nothing decides and something is unknown."""

    def evaluate(facts: Facts, slack: float, params: Mapping[str, Scalar]) -> Scalar:
        unknown = False
        for part in parts:
            value = part(facts, slack, params)
            if value is None:
                unknown = True
            elif bool(value) is decisive:
                return decisive
        return None if unknown else not decisive

    return evaluate


def _equality(compare: Callable[[object, object], bool], left: _Eval, right: _Eval) -> _Eval:
    def evaluate(facts: Facts, slack: float, params: Mapping[str, Scalar]) -> Scalar:
        a, b = left(facts, slack, params), right(facts, slack, params)
        return None if a is None or b is None else compare(a, b)

    return evaluate


def _order(compare: Callable[[float, float], bool], direction: float, left: _Eval, right: _Eval) -> _Eval:
    def evaluate(facts: Facts, slack: float, params: Mapping[str, Scalar]) -> Scalar:
        a, b = _number(left(facts, slack, params)), _number(right(facts, slack, params))
        return None if a is None or b is None else compare(a, b + direction * slack)

    return evaluate


def _number(value: Scalar) -> float | None:
    return None if value is None or isinstance(value, str) else value


def _elapsed(facts: Facts, since_s: float | None) -> Scalar:
    return None if since_s is None else facts.now_s - since_s


def _changed_within(facts: Facts, point: str, seconds: float) -> Scalar:
    changed_at_s = facts.changed_at_s(point)
    if facts.value(point) is None or changed_at_s is None:
        return None
    return facts.now_s - changed_at_s <= seconds
