"""What was reported goes into frames in an order in which nothing older hides something newer."""

from __future__ import annotations

import struct
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.bus.batch import Batch, Portion
from shared.bus.frames import ROWS_MAX, ControllerSeen, Frame, Numbers, Readings

POINTS = ["level", "flow"]


def number(asset: str, at: int) -> Numbers:
    return Numbers(POINTS, "ff", asset, at, b"", struct.pack("<2d", at, at))


def group(asset: str, at: int) -> Readings:
    return Readings(asset, POINTS, [None, None], "bad.timeout", at, at)


def rows(portions: list[Portion]) -> list[tuple[str, str, int]]:
    return [
        (row.asset, row.point, row.taken_us)
        for portion in portions
        for row in Frame(
            source="s", trade="flood", area="a", epoch=1, seq=1, sent_us=1, controllers=[],
            readings=portion.readings, tables=portion.tables,
        ).rows
    ]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.booleans(), st.booleans()), max_size=12))
def test_of_each_point_the_newest_comes_last_and_nothing_is_missing(
    scans: list[tuple[str, bool, bool]],
) -> None:
    batch, told = Batch(1), []
    for at, (asset, numbers, readings) in enumerate(scans):
        seen = ControllerSeen(asset, "fast", at)
        count = batch.add(group(asset, at) if readings else None, [number(asset, at)] if numbers else [], seen)
        told += [(asset, point, at) for point in POINTS] * (numbers + readings)
        assert 2 * (numbers + readings) == count
    found = rows(batch.taken())
    assert sorted(told) == sorted(found)
    for asset, point, _ in told:
        times = [at for each, name, at in found if (each, name) == (asset, point)]
        assert all(before <= after for before, after in pairwise(times))
    assert [] == batch.taken()


def test_scans_of_a_tick_share_a_frame_though_some_have_groups() -> None:
    batch = Batch(1)
    batch.add(group("a", 1), [number("a", 1)], ControllerSeen("a", "fast", 1))
    batch.add(None, [number("b", 1)], ControllerSeen("b", "fast", 1))
    (portion,) = batch.taken()
    assert (2, 1, 2) == (len(portion.tables[0].assets), len(portion.readings), len(portion.seen))


def test_a_frame_is_never_too_long_and_the_age_of_controllers_goes_with_the_last() -> None:
    batch = Batch(1)
    for at in range(ROWS_MAX):
        batch.add(group("a", at), [number(f"b-{at}", at)], ControllerSeen(f"c-{at}", "fast", at))
    portions = batch.taken()
    lengths = [sum(map(len, [*portion.tables, *portion.readings])) for portion in portions]
    assert (4 * ROWS_MAX, True) == (sum(lengths), max(lengths) <= ROWS_MAX)
    assert [0, 0, 0, ROWS_MAX] == [len(portion.seen) for portion in portions]


def test_a_controller_of_which_nothing_changed_tells_its_age() -> None:
    batch = Batch(1)
    batch.add(None, [], ControllerSeen("a", "fast", 7))
    (portion,) = batch.taken()
    assert ([], [], [ControllerSeen("a", "fast", 7)]) == (portion.tables, portion.readings, portion.seen)
