"""What a device refuses in a block is found by halves."""

from hypothesis import given
from hypothesis import strategies as st

from shared.field.bisection import Range, Refused, find_refused


def ask(block: Range, values: list[Range], holes: set[int], count_max: int = 125) -> tuple[Refused, list[Range]]:
    """The outcome of a search against a device with these holes, and every read that it took."""
    reads: list[Range] = []
    search = find_refused(block, values)
    try:
        read = next(search)
        while True:
            reads.append(read)
            first, last = read
            read = search.send(last - first < count_max and not any(first <= hole <= last for hole in holes))
    except StopIteration as end:
        return end.value, reads


def test_three_holes_in_a_hundred_registers() -> None:
    values = [(at, at) for at in range(0, 100, 2)]
    found, reads = ask((0, 99), values, {13, 48, 77})
    assert (13, 48, 77) == found.addresses
    assert len(reads) <= 3 * 2 * 7


def test_a_value_is_never_read_in_part() -> None:
    values = [(0, 1), (2, 5), (6, 6)]
    found, reads = ask((0, 6), values, {4})
    assert (2, 3, 4, 5) == found.addresses
    assert all(any(first == value[0] for value in values) for first, _ in reads)


def test_a_block_that_is_merely_too_long_teaches_how_long_it_may_be() -> None:
    found, _ = ask((0, 63), [(at, at) for at in range(64)], set(), count_max=40)
    assert Refused((), 32) == found


def test_a_device_that_refuses_everything_teaches_nothing() -> None:
    found, _ = ask((0, 7), [(at, at) for at in range(8)], set(range(8)))
    assert 0 == found.count_max


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 4)), min_size=2, max_size=20, unique_by=lambda each: each[0]),
    st.sets(st.integers(0, 70), min_size=1, max_size=4),
)
def test_what_is_found_is_what_is_missing(spans: list[tuple[int, int]], holes: set[int]) -> None:
    values = [(first, first + count - 1) for first, count in spans]
    block = (min(first for first, _ in values), max(last for _, last in values))
    holes = {hole for hole in holes if block[0] <= hole <= block[1]}
    found, _ = ask(block, values, holes)
    if found.count_max:
        assert holes <= set(found.addresses)
        good = [value for value in values if not set(range(value[0], value[1] + 1)) & set(found.addresses)]
        touched = [value for value in values if any(value[0] <= hole <= value[1] for hole in holes)]
        alone = [value for value in values if not any(_overlap(value, other) for other in touched)]
        assert set(alone) <= set(good)


def _overlap(one: Range, other: Range) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]
