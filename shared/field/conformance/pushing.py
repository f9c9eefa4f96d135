"""Faults against an adapter by which devices report: on the bytes of a connection, without a socket."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise

from shared.field.adapters.port import Arrival, PushingAdapter, Session
from shared.field.conformance.case import Broken, Case

WAITING_BYTES_MAX = 65_536
"""More than any report: what a connection may hold of what is not whole."""
LONG_BYTES = 2_000_000
FUZZED = 2000
_OBSERVED_AT = datetime(2026, 7, 29, 2, 0, tzinfo=UTC)
_SEED = 651


def pushing_cases(adapter: PushingAdapter) -> list[Case]:
    trials: list[tuple[str, Callable[[_Bench], None]]] = [
        ("a whole report is read as it was sent", _whole),
        ("a byte at a time", _bytewise),
        ("several reports at once", _glued),
        ("a report cut off anywhere, and another behind it", _cut),
        ("garbage before, between and behind reports", _garbage),
        ("any byte changed", _changed),
        ("two stations on one connection", _stations),
        ("a report sent again, and another with the same values", _again),
        ("two connections, each with a half", _halves),
        ("endless garbage", _endless),
        ("endless beginnings of a report", _beginnings),
        ("reports with bytes changed, lost and doubled", _fuzz),
    ]
    bench = _Bench(adapter)
    return [Case(name, lambda trial=trial: trial(bench)) for name, trial in trials]  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class _Read:
    """What is compared of a report."""

    station: str
    values: tuple[tuple[str, object, datetime], ...]


class _Bench:
    def __init__(self, adapter: PushingAdapter) -> None:
        self.adapter = adapter
        self.zone: tzinfo = UTC
        self.random = random.Random(_SEED)  # noqa: S311 - the same faults each time
        first, second = adapter.stations
        self.first, self.second = first, second

    def sent(self, number: int, station: str = "") -> tuple[bytes, _Read]:
        """A report of its own by its number, and what must be read of it."""
        station = station or self.first
        observed_at = _OBSERVED_AT + timedelta(minutes=5 * number)
        values = {name: float(10 * number + at) + 0.5 for at, name in enumerate(self.adapter.elements)}
        raw = self.adapter.specimen(station, number, observed_at, values)
        return raw, _Read(station, tuple((name, value, observed_at) for name, value in values.items()))

    def several(self, count: int) -> tuple[list[bytes], list[_Read]]:
        made = [self.sent(number) for number in range(1, count + 1)]
        return [raw for raw, _ in made], [read for _, read in made]

    def session(self) -> Session:
        return self.adapter.session(self.zone)

    def noise(self, count: int) -> bytes:
        return self.random.randbytes(count)


def feed(session: Session, pieces: Iterable[bytes]) -> list[Arrival]:
    """The reports in what came. Raises Broken when the session holds too much."""
    found = []
    for piece in pieces:
        found += [each for each in session.feed(piece) if isinstance(each, Arrival)]
        if session.waiting > WAITING_BYTES_MAX:
            raise Broken(
                f"the session holds {session.waiting} bytes that are not whole; {WAITING_BYTES_MAX} are enough"
            )
    return found


def _require(expected: Sequence[_Read], arrivals: Sequence[Arrival], what: str) -> None:
    found = [
        _Read(each.report.station, tuple((value.element, value.value, value.taken_at) for value in each.report.values))
        for each in arrivals
    ]
    if list(expected) != found:
        raise Broken(f"{what}: {len(expected)} reports were sent, {len(found)} came, or with other values")


def _whole(bench: _Bench) -> None:
    raw, expected = bench.sent(1)
    arrivals = feed(bench.session(), [raw])
    _require([expected], arrivals, "one report")
    if any(value.taken_at.tzinfo is None for value in arrivals[0].report.values):
        raise Broken("times without a zone")
    if not bench.adapter.is_station(bench.first) or not all(map(bench.adapter.is_element, bench.adapter.elements)):
        raise Broken("it does not know its own stations and elements")


def _bytewise(bench: _Bench) -> None:
    raws, expected = bench.several(3)
    joined = b"".join(raws)
    _require(expected, feed(bench.session(), (joined[at : at + 1] for at in range(len(joined)))), "a byte at a time")


def _glued(bench: _Bench) -> None:
    raws, expected = bench.several(20)
    _require(expected, feed(bench.session(), [b"".join(raws)]), "twenty at once")


def _cut(bench: _Bench) -> None:
    raw, _ = bench.sent(1)
    other, expected = bench.sent(2)
    for at in range(1, len(raw)):
        _require([expected], feed(bench.session(), [raw[:at], other]), f"cut off behind byte {at}")


def _garbage(bench: _Bench) -> None:
    for length in (1, 7, 64, 500):
        raws, expected = bench.several(3)
        pieces = [piece for raw in raws for piece in (bench.noise(length), raw)]
        _require(expected, feed(bench.session(), [*pieces, bench.noise(length)]), f"among {length} bytes of garbage")


def _changed(bench: _Bench) -> None:
    """A report of other content must not come of it; the same may, where the byte means nothing."""
    raw, expected = bench.sent(1)
    for at in range(len(raw)):
        changed = bytearray(raw)
        changed[at] ^= 1 << at % 8
        arrivals = feed(bench.session(), [bytes(changed)])
        if arrivals:
            _require([expected], arrivals, f"with byte {at + 1} changed")


def _stations(bench: _Bench) -> None:
    (first, one), (second, two) = bench.sent(1), bench.sent(2, bench.second)
    _require([one, two, one], feed(bench.session(), [first, second, first]), "of two stations")


def _again(bench: _Bench) -> None:
    session = bench.session()
    (raw, _), (other, _) = bench.sent(1), bench.sent(2)
    found = [each.report.identity for each in feed(session, [raw, raw, other])]
    later = [each.report.identity for each in feed(bench.session(), [raw])]
    if len(found) != 3 or found[0] != found[1] or found[:1] != later:
        raise Broken("a report that is sent again must have the identity it had, on another connection too")
    if found[0] == found[2]:
        raise Broken("another report has the same identity: it would be taken for the first sent again")


def _halves(bench: _Bench) -> None:
    raw, _ = bench.sent(1)
    first, second = bench.session(), bench.session()
    half = len(raw) // 2
    if feed(first, [raw[:half]]) or feed(second, [raw[half:]]):
        raise Broken("halves of two connections were put together")


def _endless(bench: _Bench) -> None:
    session = bench.session()
    block = bench.noise(4096)
    if feed(session, (block for _ in range(LONG_BYTES // len(block)))):
        raise Broken("a report was read out of garbage")
    _find_at_last(bench, session)


def _beginnings(bench: _Bench) -> None:
    raw, _ = bench.sent(1)
    session = bench.session()
    block = raw[: len(raw) // 2] * 50
    if feed(session, (block for _ in range(LONG_BYTES // len(block) // 4))):
        raise Broken("a report was read out of halves")
    _find_at_last(bench, session)


def _find_at_last(bench: _Bench, session: Session) -> None:
    """After all that, reports are heard again, once what was begun can no longer be one."""
    numbers = range(100, 100 + WAITING_BYTES_MAX // len(bench.sent(1)[0]) + 2)
    made = [bench.sent(number) for number in numbers]
    if not any(feed(session, [raw]) for raw, _ in made):
        raise Broken("no report is heard any more")


def _fuzz(bench: _Bench) -> None:
    """Whatever happens to the bytes, nothing is raised and nothing of other content comes."""
    raws, expected = bench.several(4)
    sent = {read.values for read in expected}
    for _ in range(FUZZED):
        stream = bytearray(b"".join(raws))
        for _ in range(bench.random.randint(1, 4)):
            _harm(stream, bench.random)
        cuts = sorted(bench.random.randrange(len(stream) + 1) for _ in range(bench.random.randint(0, 5)))
        ends = [0, *cuts, len(stream)]
        for each in feed(bench.session(), (bytes(stream[start:end]) for start, end in pairwise(ends))):
            values = tuple((value.element, value.value, value.taken_at) for value in each.report.values)
            if values not in sent:
                raise Broken("a report came that nobody sent")


def _harm(stream: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(stream))
    match chance.randrange(3):
        case 0:
            stream[at] ^= chance.randint(1, 255)
        case 1:
            del stream[at : at + chance.randint(1, 30)]
        case _:
            stream[at:at] = stream[at : at + chance.randint(1, 30)]
