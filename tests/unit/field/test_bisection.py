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


def test_a_device_that_answers_by_now_teaches_nothing() -> None:
    found, reads = ask((0, 9), [(at, at) for at in range(10)], set())
    assert 0 == found.count_max
    assert [(0, 9)] == reads


def test_a_device_that_refuses_everything_teaches_nothing() -> None:
    found, _ = ask((0, 7), [(at, at) for at in range(8)], set(range(8)))
    assert 0 == found.count_max


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4)), min_size=2, max_size=20),
    st.sets(st.integers(0, 70), min_size=1, max_size=4),
)
def test_what_is_found_is_what_is_missing(steps: list[tuple[int, int]], holes: set[int]) -> None:
    """`steps`: the gap before each value, and its registers."""
    values: list[Range] = []
    for gap, count in steps:
        first = (values[-1][1] + 1 if values else 0) + gap
        values.append((first, first + count - 1))
    block = (values[0][0], values[-1][1])
    holes = {hole for hole in holes if block[0] <= hole <= block[1]}
    found, _ = ask(block, values, holes)
    if found.count_max:
        broken = {at for first, last in values if holes & set(range(first, last + 1)) for at in range(first, last + 1)}
        assert holes | broken == set(found.addresses)
