"""Can an expression ever be true, ever be false? Interval reasoning over what its points can hold.

A box gives each name an interval. An expression is split into boxes in which it has the wanted truth; none left means
that it can never have it. Never wrong in the strict sense: where the reasoning is too coarse (products, correlated
terms, too many boxes) it says that the truth is possible.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise, product

BOXES_MAX = 256


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends belong to it; `whole`: only whole numbers do."""

    low: float = -math.inf
    high: float = math.inf
    whole: bool = False

    def is_empty(self) -> bool:
        return self.low > self.high


ANYTHING = Interval()
TRUTH = Interval(0, 1, whole=True)
Box = Mapping[str, Interval]


def can_be(node: ast.expr, wanted: bool, box: Box, slack: float = 0.0) -> bool:
    """Is there a place in the box where the expression is `wanted`? `slack` is hysteresis, as the engine applies it."""
    return bool(places(node, wanted, box, slack))


def places(node: ast.expr, wanted: bool, box: Box, slack: float = 0.0) -> list[Box]:
    """The parts of the box outside which the expression is never `wanted`."""
    return _boxes(node, wanted, box, slack, negated=False)


def _boxes(node: ast.expr, wanted: bool, box: Box, slack: float, *, negated: bool) -> list[Box]:
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _boxes(operand, not wanted, box, slack, negated=not negated)
        case ast.BoolOp(op=op, values=values):
            return _junction(values, wanted, box, slack, negated, every=isinstance(op, ast.And) == wanted)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compare(op, left, right, wanted, box, _shift(op, slack, negated))
        case ast.Compare(left=left, ops=ops, comparators=rights):
            pairs: list[ast.expr] = [
                ast.Compare(left=a, ops=[op], comparators=[b])
                for op, (a, b) in zip(ops, pairwise([left, *rights]), strict=True)
            ]
            return _junction(pairs, wanted, box, slack, negated, every=wanted)
        case _:
            zero: ast.expr = ast.Constant(0)
            return _compare(ast.NotEq(), node, zero, wanted, box, 0.0)


def _junction(parts: list[ast.expr], wanted: bool, box: Box, slack: float, negated: bool, *, every: bool) -> list[Box]:
    if not every:
        found = [each for part in parts for each in _boxes(part, wanted, box, slack, negated=negated)]
        return found if len(found) <= BOXES_MAX else [box]
    boxes = [box]
    for part in [*parts, *parts]:  # twice, so that what a later part says narrows an earlier one too
        boxes = [each for one in boxes for each in _boxes(part, wanted, one, slack, negated=negated)]
        if len(boxes) > BOXES_MAX:
            return [box]
    return boxes


def _compare(op: ast.cmpop, left: ast.expr, right: ast.expr, wanted: bool, box: Box, shift: float) -> list[Box]:
    """The part of the box where `left op right + shift` is as wanted."""
    a, b = interval(left, box), interval(right, box)
    if a.is_empty() or b.is_empty():
        return []
    b = Interval(b.low + shift, b.high + shift, b.whole and shift == 0)
    kind = type(op) if wanted else _OPPOSITE[type(op)]
    return [
        narrowed
        for left_part, right_part in _parts(kind, a, b)
        if (narrowed := _narrow(box, (left, left_part), (right, _moved(right_part, -shift)))) is not None
    ]


def _shift(op: ast.cmpop, slack: float, negated: bool) -> float:
    """How far hysteresis moves the right-hand side, so that the whole stays true for longer."""
    if isinstance(op, ast.Eq | ast.NotEq):
        return 0.0
    return -slack if isinstance(op, ast.Gt | ast.GtE) != negated else slack


_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip


def _parts(kind: type[ast.cmpop], a: Interval, b: Interval) -> list[tuple[Interval, Interval]]:
    if kind is ast.Eq:
        both = Interval(max(a.low, b.low), min(a.high, b.high))
        return [(both, both)]
    if kind is ast.NotEq:
        return _parts(ast.Lt, a, b) + _parts(ast.Gt, a, b)
    if kind in (ast.Gt, ast.GtE):
        return [(x, y) for y, x in _parts(ast.Lt if kind is ast.Gt else ast.LtE, b, a)]
    strict = kind is ast.Lt
    return [
        (
            Interval(a.low, min(a.high, _below(b.high, a.whole) if strict else b.high)),
            Interval(max(b.low, _above(a.low, b.whole) if strict else a.low), b.high),
        )
    ]


def _below(bound: float, whole: bool) -> float:
    return math.ceil(bound) - 1 if whole and math.isfinite(bound) else math.nextafter(bound, -math.inf)


def _above(bound: float, whole: bool) -> float:
    return math.floor(bound) + 1 if whole and math.isfinite(bound) else math.nextafter(bound, math.inf)


def _moved(given: Interval, by: float) -> Interval:
    return Interval(given.low + by, given.high + by) if by else given


def _narrow(box: Box, *sides: tuple[ast.expr, Interval]) -> Box | None:
    """The box with what is known of names put in; None when nothing is left of one."""
    narrowed = dict(box)
    return narrowed if all(_push(node, part, narrowed) for node, part in sides) else None


def _push(node: ast.expr, part: Interval, box: dict[str, Interval]) -> bool:
    """Narrow the names in `node` so that it lies in `part`, through sums and differences; False when none is left."""
    if part.is_empty():
        return False
    match node:
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            a, b = interval(left, box), interval(right, box)
            return _push(left, _less(part, b), box) and _push(right, _less(part, a), box)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            a, b = interval(left, box), interval(right, box)
            return _push(left, _widened(part.low + b.low, part.high + b.high), box) and _push(
                right, _less(a, part), box
            )
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _push(operand, Interval(-part.high, -part.low), box)
    key = name_of(node)
    if key is None:
        return True
    old = interval(node, box)
    low, high = max(old.low, part.low), min(old.high, part.high)
    if old.whole:
        low = math.ceil(low) if math.isfinite(low) else low
        high = math.floor(high) if math.isfinite(high) else high
    box[key] = Interval(low, high, old.whole)
    return low <= high


def _less(part: Interval, other: Interval) -> Interval:
    return _widened(part.low - other.high, part.high - other.low)


def _widened(low: float, high: float) -> Interval:
    """A little more than was computed: floating-point sums are not exact, and too much is only coarse."""
    if math.isnan(low) or math.isnan(high):
        return ANYTHING
    return Interval(low - 1e-9 * (1 + abs(low)), high + 1e-9 * (1 + abs(high)))


def name_of(node: ast.expr) -> str | None:
    """The key of a name, a limit or a call in a box; None for anything composed."""
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute | ast.Call) else None


def interval(node: ast.expr, box: Box) -> Interval:
    """What a number in an expression can be."""
    match node:
        case ast.Constant(value=bool() | int() | float() as value):
            return Interval(value, value, whole=float(value).is_integer())
        case ast.Name() | ast.Attribute():
            return box.get(ast.unparse(node), ANYTHING)
        case ast.Call(func=ast.Name(id=function)):
            elapsed = Interval(0.0, math.inf)
            return box.get(ast.unparse(node), TRUTH if function == "changed_within" else elapsed)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = interval(operand, box)
            return Interval(-inner.high, -inner.low, inner.whole)
        case ast.BinOp(left=left, op=op, right=right):
            return _arithmetic(op, interval(left, box), interval(right, box))
        case _:
            return TRUTH


def _arithmetic(op: ast.operator, a: Interval, b: Interval) -> Interval:
    whole = a.whole and b.whole
    if a.is_empty() or b.is_empty():
        return Interval(math.inf, -math.inf)
    match op:
        case ast.Add():
            return _spanned([a.low + b.low, a.high + b.high], whole)
        case ast.Sub():
            return _spanned([a.low - b.high, a.high - b.low], whole)
        case ast.Mult():
            return _spanned([_times(x, y) for x, y in product((a.low, a.high), (b.low, b.high))], whole)
        case ast.Div() if b.low > 0 or b.high < 0:
            return _spanned([x / y for x, y in product((a.low, a.high), (b.low, b.high))], whole=False)
        case _:
            return ANYTHING


def _times(x: float, y: float) -> float:
    return 0.0 if x == 0 or y == 0 else x * y


def _spanned(ends: list[float], whole: bool) -> Interval:
    return ANYTHING if any(math.isnan(end) for end in ends) else Interval(min(ends), max(ends), whole)
