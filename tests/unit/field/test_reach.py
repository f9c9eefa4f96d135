"""Interval reasoning never calls impossible what can be seen."""

import ast

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.field.expression import parse, syntax
from shared.field.profile_lint.reach import Interval, can_be
from tests.unit.field.facts import Table

NAMES = ("a", "b", "c")
BOX = {"a": Interval(-3, 5, whole=True), "b": Interval(0, 1, whole=True), "c": Interval(-2.5, 4.5)}

numbers = st.recursive(
    st.sampled_from([*NAMES, "0", "1", "2.5", "-3", "7"]),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/"]), inner),
    max_leaves=3,
)
comparisons = st.builds("{} {} {}".format, numbers, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), numbers)
chains = st.builds("{} < {} <= {}".format, numbers, numbers, numbers)
expressions = st.recursive(
    comparisons | chains | st.sampled_from(NAMES),
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)
        | st.builds("(not {})".format, inner)
    ),
    max_leaves=5,
)
places = st.fixed_dictionaries({
    "a": st.integers(-3, 5),
    "b": st.integers(0, 1),
    "c": st.sampled_from([-2.5, 0.0, 1.0, 2.5, 4.5]) | st.floats(-2.5, 4.5),
})  # fmt: skip


@settings(deadline=None)
@given(expressions, places, st.sampled_from([0.0, 0.5, 3.0]))
def test_what_is_so_somewhere_can_be_so(text: str, place: dict[str, float], slack: float) -> None:
    truth = parse(text).truth(Table(dict(place)), slack)
    if truth is not None:
        assert can_be(syntax(text), truth, BOX, slack), text


@settings(deadline=None)
@given(comparisons)
def test_a_comparison_with_a_point_is_decided_exactly(text: str) -> None:
    tree = syntax(text)
    assert isinstance(tree, ast.Compare)
    assert can_be(tree, True, BOX) or can_be(tree, False, BOX)


def test_a_contradiction_through_three_names_is_seen() -> None:
    assert not can_be(syntax("a > c and c > 4 and a < 5"), True, BOX)
    assert can_be(syntax("a > c and c > 4"), True, BOX)
