"""The chain of the audit: each hash covers its row and the hash before it, so that no row can be changed, taken out or
put in without all that follow telling.

The rows are walked in the order in which they were written (their position in the journal); their numbers, which have
no holes, must follow that order, and each hash must be that of the hash before it and of the row as it is now.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

GENESIS = "0" * 64
"""What stands before the first row."""
COLUMNS = (
    "position",
    "event_id",
    "time",
    "service",
    "event",
    "version",
    "area",
    "asset",
    "actor",
    "source",
    "seq",
    "correlation_id",
    "causation_id",
    "data",
)
"""Every column of the journal, in the order in which the hash covers them."""

Fault = Literal["changed", "missing", "inserted", "out_of_order", "head_changed", "head_unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place in the chain: its head, or (the anchor) what retention has removed up to."""

    number: int
    position: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One row of the chain, and the journal's row at that position; None where there is none any more."""

    number: int
    position: int
    event_id: str
    time: datetime
    hash: str
    row: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong. `number` is None for a row of the journal that the chain does not know; `last` ends a range."""

    fault: Fault
    number: int | None = None
    last: int | None = None
    time: datetime | None = None
    event_id: str | None = None


def hash_of(previous: str, row: Mapping[str, Any]) -> str:
    """SHA-256 over the hash before and the canonical bytes of the row: a JSON list of its columns, time in UTC."""
    values = [_canonical(row[name]) for name in COLUMNS]
    canonical = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{canonical}".encode()).hexdigest()


def _canonical(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value


class Known(Protocol):
    """What the walk asks of the chain as a whole, when something is wrong."""

    def has_number(self, first: int, last: int) -> bool:
        """True when a row with one of these numbers is anywhere in the chain."""
        ...

    def has_event(self, event_id: str) -> bool: ...


class Walk:
    """Holds each link against those before it."""

    def __init__(self, before: Mark, head: Mark | None, known: Known) -> None:
        self._before, self._head, self._known = before, head, known
        self._expected = before.number + 1
        self._hashes: tuple[str, ...] = (before.hash,)
        """What the next row's hash may be built on; empty when nobody can know any more."""
        self._at_head: tuple[str, ...] = self._hashes
        self._older: tuple[str, ...] = ()
        """The same of the row before it: when the next one is built on that, the row between was put in."""
        self._previous: Link | None = None
        self._suspect: Finding | None = None
        self._faulty: set[int] = set()
        self.seen = 0

    @property
    def well(self) -> int:
        return self.seen - len(self._faulty)

    def over(self, links: Iterable[Link]) -> Iterator[Finding]:
        for link in links:
            self.seen += 1
            for finding in (*self._number(link), *self._row(link)):
                yield self._noted(finding, link)
            self._previous = link
            if self._head is None or link.number <= self._head.number:
                self._at_head = self._hashes

    def end(self) -> Iterator[Finding]:
        """What the head, which is kept apart, says of the end."""
        yield from self._released()
        head, last = self._head, self._expected - 1
        if head is None:
            yield Finding(fault="head_changed")
        elif head.number > last:
            yield _missing(last + 1, head.number)
        elif head.number == last and self._at_head and head.hash not in self._at_head:
            yield Finding(fault="head_changed", number=head.number)

    def _noted(self, finding: Finding, link: Link) -> Finding:
        self._faulty.update({link.number, self._previous.number if self._previous else 0} & {finding.number})
        return finding

    def _number(self, link: Link) -> Iterator[Finding]:
        if self._head is not None and link.number > self._head.number:
            yield _of(link, "inserted")
            return
        if link.number == self._expected:
            self._expected += 1
        elif link.number > self._expected and not self._known.has_number(self._expected, link.number - 1):
            yield _missing(self._expected, link.number - 1)
            self._expected, self._hashes = link.number + 1, ()
        else:
            self._expected += 1
            yield _of(link, "out_of_order")

    def _row(self, link: Link) -> Iterator[Finding]:
        hashes, older = self._hashes, self._older
        self._older, self._hashes = hashes, (link.hash,)
        if link.row is None:
            yield from self._released()
            yield _of(link, "missing")
            return
        agrees = link.row["event_id"] == link.event_id and link.row["time"] == link.time
        if not agrees and link.row["event_id"] != link.event_id and self._known.has_event(link.row["event_id"]):
            yield from self._released()
            yield _of(link, "out_of_order")
            return
        built = [hash_of(each, link.row) for each in hashes]
        if agrees and (not hashes or link.hash in built):
            yield from self._released()
        elif agrees and self._previous and any(hash_of(each, link.row) == link.hash for each in older):
            self._suspect, self._older = None, older
            yield _of(self._previous, "inserted")
        else:
            yield from self._released()
            self._suspect, self._hashes = _of(link, "changed"), (link.hash, *built)
            self._faulty.add(link.number)

    def _released(self) -> Iterator[Finding]:
        """The row before is what it seemed to be: a changed one."""
        if self._suspect is not None:
            yield self._suspect
        self._suspect = None


def _of(link: Link, fault: Fault) -> Finding:
    return Finding(fault=fault, number=link.number, time=link.time, event_id=link.event_id)


def _missing(first: int, last: int) -> Finding:
    return Finding(fault="missing", number=first, last=last if last > first else None)
