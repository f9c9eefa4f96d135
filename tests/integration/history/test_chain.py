"""The audit's chain in both databases: whatever is done to it is found and named."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.history.domain.chain import COLUMNS, Finding
from services.history.journal import chain
from services.history.journal.chain import Verification
from services.history.storage import journal_table
from shared.contracts.codec import open_letter
from shared.contracts.gateway import CommandSubmitted
from shared.database import postgres_engine
from tests.integration.bus.rig import letter_bytes
from tests.integration.history.rig import AREA, NOON, Kept, said, signed_in

ROWS = 9


@pytest.fixture
def kept(engine: sa.Engine) -> Iterator[Kept]:
    """Nine rows of the audit, among events of others: the audit's are at 1, 3, 5 ... 17."""
    found = Kept(engine)
    for number in range(1, ROWS + 1):
        at = NOON + timedelta(seconds=number)
        found.hear([signed_in(number, f"user{number}", at), open_letter(letter_bytes(number))])
    yield found
    found.database.close()


def verified(kept: Kept, number_from: int = 1, head: str | None = None) -> tuple[list[Finding], Verification]:
    with Session(kept.engine) as session:
        *findings, end = chain.verify(session, number_from, head)
    assert isinstance(end, Verification)
    return [each for each in findings if isinstance(each, Finding)], end


def faults(kept: Kept, **wish: Any) -> list[tuple[str, int | None, str | None]]:
    return [(each.fault, each.number, each.event_id) for each in verified(kept, **wish)[0]]


def test_numbers_have_no_holes_and_nothing_is_found(kept: Kept) -> None:
    findings, end = verified(kept)
    assert [] == findings
    assert (ROWS, ROWS, 0) == (end.well, end.head and end.head.number, end.waiting)


def test_a_message_that_comes_twice_is_chained_once(kept: Kept) -> None:
    kept.hear([signed_in(3)])
    assert ROWS == verified(kept)[1].well


@pytest.mark.parametrize("column", [column for column in COLUMNS if column != "position"])
def test_a_changed_column_is_found(kept: Kept, column: str) -> None:
    values: dict[str, Any] = {"time": NOON, "version": 2, "seq": 77}
    change = sa.update(journal_table).where(journal_table.c.position == 5).values({column: values.get(column, "other")})
    kept.execute(guarded=False)
    with kept.engine.begin() as connection:
        connection.execute(change)
    assert [("changed", 3, "gateway-3")] == faults(kept)
    assert ROWS - 1 == verified(kept)[1].well


def test_data_that_reads_the_same_but_is_other_is_found(kept: Kept) -> None:
    kept.execute("update journal set data = data || ' ' where position = 5", guarded=False)
    assert [("changed", 3, "gateway-3")] == faults(kept)


def test_a_row_that_was_moved_is_missing_where_it_was(kept: Kept) -> None:
    kept.execute("update journal set position = 4000 where position = 5", guarded=False)
    assert [("missing", 3, "gateway-3")] == faults(kept)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("update audit_chain set hash = 'x' where number = 4", ("changed", 4, "gateway-4")),
        ("update audit_chain set event_id = 'x' where number = 4", ("changed", 4, "x")),
        ("update audit_chain set number = 40 where number = 9", ("inserted", 40, "gateway-9")),
        ("update audit_mark set hash = 'x' where name = 'head'", ("head_changed", 9, None)),
        ("delete from audit_mark where name = 'head'", ("head_changed", None, None)),
    ],
)
def test_a_change_of_the_chain_itself_is_found(kept: Kept, change: str, found: tuple[str, int, str]) -> None:
    kept.execute(change, guarded=False)
    assert found == faults(kept)[0]


def test_a_row_deleted_from_the_journal_is_named(kept: Kept) -> None:
    kept.execute("delete from journal where position = 5", guarded=False)
    (found,) = verified(kept)[0]
    assert ("missing", 3, "gateway-3") == (found.fault, found.number, found.event_id)
    assert found.time == NOON + timedelta(seconds=3)


def test_a_row_deleted_from_both_is_missing_by_its_number(kept: Kept) -> None:
    kept.execute("delete from journal where position = 5", "delete from audit_chain where number = 3", guarded=False)
    assert [("missing", 3, None)] == faults(kept)


def test_a_cut_tail_is_found(kept: Kept) -> None:
    kept.execute("delete from journal where position >= 15", "delete from audit_chain where number >= 8", guarded=False)
    (found,) = verified(kept)[0]
    assert ("missing", 8, 9) == (found.fault, found.number, found.last)
    kept.hear([signed_in(10)])  # its position is new: nothing takes the place of what was cut
    assert ("missing", 8, None) == faults(kept)[0]


@pytest.mark.parametrize(("one", "other"), [(3, 4), (2, 7)])
def test_two_rows_that_changed_places_are_named(kept: Kept, one: int, other: int) -> None:
    first, second = 2 * one - 1, 2 * other - 1
    kept.execute(
        f"update journal set position = 999 where position = {first}",
        f"update journal set position = {first} where position = {second}",
        f"update journal set position = {second} where position = 999",
        guarded=False,
    )
    expected = [("out_of_order", one, f"gateway-{one}"), ("out_of_order", other, f"gateway-{other}")]
    assert expected == faults(kept)


@pytest.mark.parametrize(("one", "other"), [(3, 4), (2, 7)])
def test_two_numbers_that_changed_places_are_named(kept: Kept, one: int, other: int) -> None:
    kept.execute(
        f"update audit_chain set number = 999 where number = {one}",
        f"update audit_chain set number = {one} where number = {other}",
        f"update audit_chain set number = {other} where number = 999",
        guarded=False,
    )
    found = faults(kept)
    assert [("out_of_order", other, f"gateway-{one}"), ("out_of_order", one, f"gateway-{other}")] == found


def test_an_entry_put_into_the_journal_is_found(kept: Kept) -> None:
    _put_in(kept, position=4)
    assert [("inserted", None, "gateway-50")] == faults(kept)


@pytest.mark.parametrize("proper", [True, False])
def test_an_entry_put_into_the_chain_too_is_found(kept: Kept, proper: bool) -> None:
    """Those after it got new numbers; `proper`: its own hash fits the one before it."""
    row = _put_in(kept, position=4)
    with kept.engine.begin() as connection:
        before = connection.scalar(sa.text("select hash from audit_chain where number = 2"))
        own = chain.hash_of(before, row) if proper else "f" * 64
        for number in range(ROWS, 2, -1):
            connection.execute(sa.text(f"update audit_chain set number = {number + 1} where number = {number}"))
        connection.execute(sa.text("update audit_mark set number = 10 where name = 'head'"))
        link = {"number": 3, "position": 4, "event_id": "gateway-50", "time": NOON, "hash": own}
        connection.execute(sa.insert(chain.chain_table), link)
    assert [("inserted", 3, "gateway-50")] == faults(kept)


def test_an_entry_put_behind_the_end_is_found(kept: Kept) -> None:
    row = _put_in(kept, position=100)
    head = verified(kept)[1].head
    assert head is not None
    with kept.engine.begin() as connection:
        own = chain.hash_of(head.hash, row)
        link = {"number": 10, "position": 100, "event_id": "gateway-50", "time": NOON, "hash": own}
        connection.execute(sa.insert(chain.chain_table), link)
    assert [("inserted", 10, "gateway-50")] == faults(kept)


def test_a_chain_written_anew_is_found_by_a_head_that_was_noted_down(kept: Kept) -> None:
    head = verified(kept)[1].head
    assert head is not None
    kept.hear([signed_in(10)])
    assert [] == faults(kept, head=head.hash)
    kept.execute(
        "update journal set actor = 'nobody' where position = 5",
        "delete from audit_chain",
        "update audit_mark set number = 0, position = 0, hash = '" + "0" * 64 + "' where name = 'head'",
        guarded=False,
    )
    kept.database.run(chain.extend)
    assert [] == faults(kept)
    assert [("head_unknown", None, None)] == faults(kept, head=head.hash)


def test_it_may_begin_in_the_middle(kept: Kept) -> None:
    kept.execute("update journal set data = '{}' where position in (3, 13)", guarded=False)
    assert [("changed", 7, "gateway-7")] == faults(kept, number_from=5)


@pytest.mark.parametrize(
    "wrong",
    [
        "update journal set actor = 'nobody' where position = 5",
        "update journal set actor = 'nobody' where position = 6",
        "delete from journal where position = 5",
        "delete from journal",
        "update audit_chain set hash = 'x'",
        "delete from audit_chain where number = 9",
        "delete from audit_mark",
        "truncate journal",
        "truncate audit_chain",
    ],
)
def test_nothing_is_changed_or_removed_by_accident(kept: Kept, wrong: str) -> None:
    if "truncate" in wrong and kept.engine.dialect.name == "sqlite":
        wrong = wrong.replace("truncate", "delete from")
    with pytest.raises(sa.exc.DBAPIError, match=r"append-only|stay"):
        kept.execute(wrong)
    assert [] == faults(kept)


def test_rows_of_an_older_build_are_chained_before_new_ones(engine: sa.Engine) -> None:
    kept = Kept(engine)
    kept.hear([signed_in(number) for number in range(1, 31)])
    kept.execute(
        "delete from audit_chain",
        "update audit_mark set number = 0, position = 0, hash = '" + "0" * 64 + "'",
        guarded=False,
    )
    kept.hear([signed_in(31)])  # brings a few of those before it in, and waits for the rest
    findings, end = verified(kept)
    assert ([], 20, 11) == (findings, end.head and end.head.number, end.waiting)
    more = kept.database.run(lambda session: chain.extend(session, 10))
    assert more
    assert not kept.database.run(lambda session: chain.extend(session, 10))
    findings, end = verified(kept)
    assert ([], 31, 0) == (findings, end.head and end.head.number, end.waiting)
    kept.database.close()


def test_two_instances_do_not_fork_it(postgres: str) -> None:
    instances = [Kept(postgres_engine(postgres, schema="two_histories")) for _ in range(2)]
    instances[0].hear([])

    def write(kept: Kept, first: int) -> None:
        for number in range(first, first + 50):
            kept.hear([signed_in(number)])

    threads = [threading.Thread(target=write, args=(kept, 1000 * at + 1)) for at, kept in enumerate(instances)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    findings, end = verified(instances[0])
    assert ([], 100, 0) == (findings, end.well, end.waiting)
    for kept in instances:
        kept.database.close()


def test_what_a_command_says_is_covered_to_the_last_letter(kept: Kept) -> None:
    wish = CommandSubmitted(
        area=AREA,
        username="wang",
        address="10.0.0.1",
        command_id="c1",
        asset="xinhua",
        command="start",
        params={},
        reason="检修",
    )
    kept.hear([said(60, wish, "gateway")])
    kept.execute("update journal set data = replace(data, '检修', '抢修') where event_id = 'gateway-60'", guarded=False)
    assert [("changed", 10, "gateway-60")] == faults(kept)


def _put_in(kept: Kept, position: int) -> dict[str, Any]:
    """An entry that nobody said."""
    kept.execute(f"delete from journal where position = {position}", guarded=False)
    with kept.engine.begin() as connection:
        found = connection.execute(sa.select(journal_table).where(journal_table.c.position == 5)).one()
        row = {**found._mapping, "position": position, "event_id": "gateway-50", "time": NOON}
        connection.execute(sa.insert(journal_table), row)
    return row
