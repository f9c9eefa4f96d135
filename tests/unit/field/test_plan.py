"""The read plan: fewest legal blocks."""

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.field.plan import Block, plan_reads
from shared.field.profile import Profile
from tests.unit.field.profiles import profile


def test_neighbours_are_one_block() -> None:
    found = plan_reads(profile({f"p{at}": {"address": at} for at in range(10)}), "fast")
    assert [("holding", 0, 10)] == [(block.table, block.address, block.count) for block in found]


def test_a_gap_is_read_when_it_is_narrow_and_not_when_it_is_wide() -> None:
    points = {"a": {"address": 0}, "b": {"address": 5}, "c": {"address": 20}}
    found = plan_reads(profile(points, modbus={"max_gap": 4}), "fast")
    assert [(0, 6), (20, 1)] == [(block.address, block.count) for block in found]


def test_forbidden_registers_are_never_spanned() -> None:
    points = {"a": {"address": 1}, "b": {"address": 4}}
    walled = {"address_base": 1, "forbidden": [{"table": "holding", "from": 2, "to": 3}]}
    assert [(0, 1), (3, 1)] == [
        (block.address, block.count) for block in plan_reads(profile(points, modbus=walled), "fast")
    ]


def test_tables_and_poll_groups_are_apart() -> None:
    groups = {"fast": {"every": "1s", "stale_after": "5s"}, "slow": {"every": "9s", "stale_after": "30s"}}
    points = {
        "a": {"address": 0},
        "b": {"address": 1, "poll": "slow"},
        "c": {"address": 0, "table": "coil", "type": "bool"},
    }
    found = profile(points, poll_groups=groups)
    assert [("coil", ("c",)), ("holding", ("a",))] == [
        (block.table, block.points) for block in plan_reads(found, "fast")
    ]
    assert [("b",)] == [block.points for block in plan_reads(found, "slow")]


def test_a_long_value_is_never_cut() -> None:
    points = {"a": {"address": 0}, "b": {"address": 3, "type": "u64"}}
    found = plan_reads(profile(points, modbus={"max_registers": 5}), "fast")
    assert [(0, 1), (3, 4)] == [(block.address, block.count) for block in found]


MAPS = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["u16", "u32", "u64"])),
    min_size=1,
    max_size=7,
    unique_by=lambda p: p[0],
)


@settings(max_examples=150, deadline=None)
@given(MAPS, st.integers(4, 12), st.integers(0, 6), st.sets(st.integers(0, 45), max_size=3))
def test_blocks_are_legal_and_as_few_as_can_be(
    points: list[tuple[int, str]], registers_max: int, gap_max: int, walls: set[int]
) -> None:
    sizes = {"u16": 1, "u32": 2, "u64": 4}
    legal = [(first, kind) for first, kind in points if not any(first <= wall < first + sizes[kind] for wall in walls)]
    if not legal:
        return
    found = profile(
        {f"p{first}": {"address": first, "type": kind} for first, kind in legal},
        modbus={
            "max_registers": registers_max,
            "max_gap": gap_max,
            "forbidden": [{"table": "holding", "from": wall, "to": wall} for wall in walls],
        },
    )
    blocks = plan_reads(found, "fast")
    assert sorted(found.points) == sorted(name for block in blocks for name in block.points)
    assert all(_is_legal(found, block.points, walls) for block in blocks)
    assert all(_covers(found, block) for block in blocks)
    assert len(blocks) == _fewest(found, walls)


def _covers(found: Profile, block: Block) -> bool:
    return all(
        block.address <= found.points[name].address
        and found.points[name].address + found.points[name].count <= block.address + block.count
        for name in block.points
    )


def _is_legal(found: Profile, names: Any, walls: set[int]) -> bool:
    spans = sorted(
        (found.points[name].address, found.points[name].address + found.points[name].count) for name in names
    )
    start, end = spans[0]
    for first, last in spans[1:]:
        if first - end > found.modbus.max_gap:
            return False
        end = max(end, last)
    return end - start <= found.modbus.max_registers and not any(start <= wall < end for wall in walls)


def _fewest(found: Profile, walls: set[int]) -> int:
    """By trying every way to cut the sorted points into runs."""
    names = sorted(found.points, key=lambda name: (found.points[name].address, found.points[name].count))
    fewest = len(names)
    for cuts in product([False, True], repeat=len(names) - 1):
        runs: list[list[str]] = [[names[0]]]
        for cut, name in zip(cuts, names[1:], strict=True):
            if cut:
                runs.append([name])
            else:
                runs[-1].append(name)
        if all(_is_legal(found, run, walls) for run in runs):
            fewest = min(fewest, len(runs))
    return fewest
