"""The language of conditions and interlocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Malformed
from shared.field.expression import parse, parse_duration
from tests.unit.field.facts import Table

KNOWN = Table(
    {"level": 3.5, "running": True, "fault": False, "mode": 1},
    limits={("level", "hh"): 3.8, ("level", "l"): 0.9},
    taken={"level": 990.0},
    changed={"level": 970.0, "running": 999.0},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("level > 3", True),
        ("level >= level.hh", False),
        ("0.9 < level < 3.8", True),
        ("not fault and running", True),
        ("mode == 1 and level > level.l", True),
        ("mode != 1", False),
        ("level - 1 > 2.4", True),
        ("-level < 0", True),
        ("age(level) > 5s", True),
        ("changed_within(running, 10s)", True),
        ("changed_within(level, 10s)", False),
        ("missing > 3", None),
        ("missing > 3 or running", True),
        ("missing > 3 and running", None),
        ("missing > 3 and fault", False),
        ("not missing", None),
        ("level / 0 > 1", None),
        ("level > nothing.hh", None),
        ("changed_within(missing, 10s)", None),
    ],
)
def test_truth(text: str, expected: bool | None) -> None:
    assert expected is parse(text).truth(KNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "", "level >", "level = 3", "import os", "__import__('os')", "level.hh.x", "open('x')", "[1]",
        "level if running else 1",
        "lambda: 1", "level in (1, 2)", "'text' == level", "changed_within(level)", "age(3)",
        "level ** 2", "f'{level}'",
        "a" * 501, "not " * 60 + "running",
    ],
)  # fmt: skip
def test_whatever_is_not_of_the_language_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse(text)


def test_it_names_its_points_and_limits() -> None:
    expression = parse("level >= level.hh and age(pressure) < 3s or running")
    assert ({"level", "pressure", "running"}, {("level", "hh")}, True) == (
        set(expression.points),
        set(expression.limits),
        expression.timed,
    )


@pytest.mark.parametrize(
    ("text", "level", "without", "with_slack"),
    [
        ("level >= 3.8", 3.7, False, True),
        ("level >= 3.8", 3.6, False, False),
        ("level < 1.0", 1.1, False, True),
        ("not level < 3.8", 3.7, False, True),
        ("not (level > 1.0)", 1.1, False, True),
    ],
)
def test_slack_keeps_a_comparison_true_for_longer(text: str, level: float, without: bool, with_slack: bool) -> None:
    facts = Table({"level": level})
    assert (without, with_slack) == (parse(text).truth(facts), parse(text).truth(facts, slack=0.15))


@given(st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=6))
def test_kleene(values: list[bool | None]) -> None:
    """`and` is the least, `or` the greatest, of false < unknown < true."""
    facts = Table({f"p{at}": value for at, value in enumerate(values)})
    names = [f"p{at}" for at in range(len(values))]
    rank = {False: 0, None: 1, True: 2}
    assert min(values, key=rank.__getitem__) is parse(" and ".join(names)).truth(facts)
    assert max(values, key=rank.__getitem__) is parse(" or ".join(names)).truth(facts)


@given(st.text(max_size=60))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    try:
        parsed = parse(text)
    except Malformed:
        return
    assert parsed.truth(KNOWN) in (True, False, None)


@pytest.mark.parametrize(("text", "expected"), [("300ms", 0.3), ("10s", 10.0), ("5m", 300.0), ("1.5h", 5400.0)])
def test_durations(text: str, expected: float) -> None:
    assert expected == parse_duration(text)


@pytest.mark.parametrize("text", ["10", "s", "-3s", "3 s", "3d", ""])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        parse_duration(text)
