"""The journal with a real broker and both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.history.settings import Settings
from services.history.wiring import HistoryApp
from shared.bus.entrypoints import Entrypoints
from shared.bus.query import QueryClient
from shared.bus.topology import event_queue
from shared.clock import FakeClock
from shared.contracts.codec import Letter, encode, open_letter
from shared.contracts.envelope import TypeName
from shared.contracts.gateway import SignedIn
from shared.errors import Malformed
from tests.integration.bus.rig import AREA, NOON, OTHER_AREA, declared, letter_bytes, parked, publish_events
from tests.integration.history.archives import archive_of
from tests.integration.history.rig import history_app
from tests.waiting import eventually


@pytest.fixture
def app(amqp_uri: str, engine: sa.Engine, tmp_path: Path) -> Iterator[HistoryApp]:
    declared(amqp_uri, *(event_queue("history", area) for area in (AREA, OTHER_AREA)))
    settings = Settings(amqp_uri=amqp_uri, data_dir=tmp_path)
    archive = archive_of(engine)
    found = history_app(settings, FakeClock(NOON), archive)
    found.start(Entrypoints(answers={"list_journal": found.list_journal}))
    yield found
    found.stop()


def ids(page: dict[str, Any]) -> list[str]:
    return [item["event_id"] for item in page["items"]]


def letter(number: int, area: str = AREA, **changes: Any) -> Letter:
    opened = open_letter(letter_bytes(number, area))
    return replace(opened, envelope=replace(opened.envelope, **changes))


def test_every_event_is_in_the_journal_once_in_its_order(app: HistoryApp, amqp_uri: str) -> None:
    bodies = [letter_bytes(n) for n in range(1, 31)]
    publish_events(amqp_uri, bodies)
    publish_events(amqp_uri, bodies[10:20])  # the broker's answer was lost, the relay sends again
    publish_events(amqp_uri, [letter_bytes(99, OTHER_AREA)], OTHER_AREA)
    eventually(lambda: len(app.list_journal(rows_max=500)["items"]) == 31, 10)
    assert [f"e{n}" for n in range(30, 0, -1)] == ids(app.list_journal(area=AREA))
    item = app.list_journal(area=OTHER_AREA)["items"][0]
    assert ("condition_raised", "flood", "xinhua", None) == (
        item["event"],
        item["service"],
        item["asset"],
        item["actor"],
    )
    assert "2026-07-29T12:00:00Z" == item["time"]
    assert 2 == item["data"]["priority"]
    assert [] == parked(amqp_uri)


def test_events_that_this_build_does_not_know_are_kept_too(app: HistoryApp, amqp_uri: str) -> None:
    body = letter_bytes(1).replace(b"condition_raised.v1", b"sun_shone.v3").replace(b'"seq":1', b'"seq":1,"new":2')
    publish_events(amqp_uri, [body])
    page = eventually(lambda: (page := app.list_journal())["items"] and page, 10)
    assert "sun_shone" == page["items"][0]["event"]


def test_pages_follow_each_other_without_gap_or_repetition(app: HistoryApp) -> None:
    for number in range(25):
        app.on_event(letter(number))
    seen: list[str] = []
    after: str | None = None
    while True:
        page = app.list_journal(after=after, rows_max=10)
        seen += ids(page)
        after = page["next"]
        if after is None:
            break
        app.on_event(letter(100 + len(seen)))  # what comes meanwhile does not move the pages
    assert [f"e{n}" for n in range(24, -1, -1)] == seen


def test_a_page_stays_below_a_megabyte(app: HistoryApp, amqp_uri: str) -> None:
    for number in range(30):
        big = letter(number)
        app.on_event(replace(big, data={**big.data, "condition": "x" * 100_000}))
    queries = QueryClient(amqp_uri, "gateway")
    queries.start()
    eventually(lambda: queries._reply_to, 10)
    first = queries.call("history", "list_journal", rows_max=500)
    assert 1 <= len(first["items"]) < 30
    assert first["next"] is not None
    queries.stop()


def test_filters(app: HistoryApp) -> None:
    app.on_event(letter(1))
    app.on_event(letter(2, OTHER_AREA))
    app.on_event(letter(3, time=NOON + timedelta(hours=1)))
    audit = SignedIn(area="tangshan", username="wang", address="127.0.0.1")
    signed_in = replace(
        letter(4).envelope, subject="tangshan", source="gateway/gateway-1/s", type=TypeName.of("gateway", SignedIn)
    )
    app.on_event(open_letter(encode(audit, signed_in)))
    assert ["e2"] == ids(app.list_journal(area="tangshan/lunan"))
    assert ["e4", "e3", "e2", "e1"] == ids(app.list_journal(area="tangshan"))
    assert ["e3", "e1"] == ids(app.list_journal(areas=[AREA]))
    assert ["e3", "e2", "e1"] == ids(app.list_journal(asset="xinhua"))
    assert ["e3"] == ids(app.list_journal(since="2026-07-29T20:30:00+08:00"))
    assert ["e4", "e2", "e1"] == ids(app.list_journal(until="2026-07-29T12:30:00Z"))
    audited = app.list_journal(service="gateway")["items"]
    assert ["e3", "e2", "e1"] == ids(app.list_journal(without_service="gateway"))
    assert ["e4", "e3", "e2", "e1"] == ids(app.list_journal(without_service="gateway", except_events=["signed_in"]))
    assert [("signed_in", "wang")] == [(item["event"], item["actor"]) for item in audited]


@pytest.mark.parametrize("wrong", [{"after": "x"}, {"since": "yesterday"}, {"until": "2026-07-29T12:00:00"}])
def test_a_wrong_question_is_refused_with_what_was_expected(app: HistoryApp, wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        app.list_journal(**wrong)
