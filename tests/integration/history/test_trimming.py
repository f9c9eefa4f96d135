"""Entries leave the journal when their time is over, a piece at a time; what is left of the audit is still proven."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from services.history import handlers
from services.history.domain.retention import Kind, Retention
from services.history.domain.words import parse
from services.history.journal import chain
from services.history.journal.chain import Verification
from services.history.journal.trimming import Trimmer
from services.history.storage import Filters
from shared.contracts.codec import open_letter
from shared.contracts.history import JournalTrimmed
from tests.integration.bus.rig import letter_bytes
from tests.integration.history.rig import NOON, Kept, signed_in, with_time

SECURITY, ALARMS = Kind(name="security", days=183), Kind(name="alarms", days=30)
RETENTION = Retention(kinds={"signed_in": SECURITY, "condition_raised": ALARMS}, default=ALARMS)
TRIMMER = Trimmer(retention=RETENTION, zone=ZoneInfo("Asia/Shanghai"), city="tangshan")
DAY = timedelta(days=1)


@pytest.fixture
def kept(engine: sa.Engine) -> Iterator[Kept]:
    """One entry of the audit and one of an alarm a day, for 250 days."""
    found = Kept(engine)
    letters = []
    for day in range(1, 251):
        at = NOON + day * DAY
        letters += [signed_in(day, "wang", at), with_time(open_letter(letter_bytes(day)), at)]
    found.hear(letters)
    yield found
    found.database.close()


def trim(kept: Kept, now: datetime) -> tuple[list[JournalTrimmed], int]:
    """What is told at the end, and in how many pieces it was done."""
    pieces = 1
    while (told := kept.database.run(lambda session: TRIMMER.piece(session, now))) is None:
        pieces += 1
    return told, pieces


def left(kept: Kept, service: str) -> int:
    with Session(kept.engine) as session:
        asked = sa.text("select count(*) from journal where service = :service")
        return session.scalar(asked, {"service": service}) or 0


def verified(kept: Kept) -> Verification:
    with Session(kept.engine) as session:
        (end,) = chain.verify(session, 1, None)
    assert isinstance(end, Verification)
    return end


def test_each_kind_has_its_own_time(kept: Kept) -> None:
    told, pieces = trim(kept, NOON + 250 * DAY)
    assert (183 + 1, 30 + 1) == (left(kept, "gateway"), left(kept, "flood"))
    assert pieces >= 4
    (alarms, security) = told
    assert ("alarms", 219, 30, 0, "") == (alarms.kind, alarms.rows, alarms.days, alarms.number, alarms.hash)
    assert ("security", 66, 66, 64) == (security.kind, security.rows, security.number, len(security.hash))
    assert NOON + 66 * DAY == security.until


def test_the_rest_of_the_audit_is_proven_from_the_anchor(kept: Kept) -> None:
    (_, security), _ = trim(kept, NOON + 250 * DAY)
    end = verified(kept)
    assert (184, 67, 250) == (end.well, end.first, end.head and end.head.number)
    assert (security.number, security.hash) == (end.anchor.number, end.anchor.hash)
    kept.hear([signed_in(251)])
    assert 185 == verified(kept).well


def test_removals_are_done_and_told_once_a_day(kept: Kept) -> None:
    trim(kept, NOON + 250 * DAY)
    assert ([], 1) == trim(kept, NOON + 250 * DAY + timedelta(hours=1))
    told, _ = trim(kept, NOON + 251 * DAY)
    assert [1, 1] == [event.rows for event in told]


def test_what_was_removed_is_found_no_more(kept: Kept) -> None:
    trim(kept, NOON + 250 * DAY)
    with Session(kept.engine) as session:
        page = handlers.page(session, Filters(), parse("wang"), 500)
        texts = session.scalar(sa.text("select count(*) from journal_text"))
    assert 184 == len(page["items"])
    assert 184 + 31 == texts


def test_what_cannot_be_proven_is_evidence_and_stays(kept: Kept) -> None:
    kept.execute("update journal set actor = 'nobody' where event_id = 'gateway-10'", guarded=False)
    trim(kept, NOON + 250 * DAY)
    assert 250 - 9 == left(kept, "gateway")


def test_when_everything_is_old_numbers_and_positions_go_on(kept: Kept) -> None:
    trim(kept, NOON + 900 * DAY)
    assert 0 == left(kept, "gateway")
    assert 250 == verified(kept).anchor.number
    kept.hear([signed_in(500)])
    end = verified(kept)
    assert (1, 251, 0) == (end.well, end.head and end.head.number, end.waiting)
