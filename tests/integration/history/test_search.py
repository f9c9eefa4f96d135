"""The journal is found by what people read, in both databases alike."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from services.history import handlers
from services.history.domain.words import parse
from services.history.journal import search
from services.history.storage import Filters
from services.history.telling import Teller
from shared.contracts.codec import Letter
from shared.contracts.field import CommandRefused, ConditionRaised, PointMarked
from shared.contracts.message import Reason
from shared.database import postgres_engine, sqlite_engine
from shared.field.catalogue import load_catalogue
from tests.integration.bus.rig import OTHER_AREA
from tests.integration.history.rig import AREA, NOON, SITE, Kept, catalogue, said, signed_in

ASSET = next(asset for asset in catalogue().site.assets if asset.area == AREA and asset.trade == "flood")
PROFILE = catalogue().profile_of(ASSET.id)


@pytest.fixture
def kept(engine: sa.Engine) -> Iterator[Kept]:
    found = Kept(engine)
    yield found
    found.database.close()


def raised(number: int, condition: str = "offline:rtu", area: str = AREA) -> Letter:
    event = ConditionRaised(
        area=area, trade="flood", asset=ASSET.id, condition=condition, priority=2, params={}, taken_at=NOON
    )
    return said(number, event, "flood", NOON + timedelta(minutes=number))


def refused(number: int) -> Letter:
    event = CommandRefused(
        area=AREA,
        trade="flood",
        asset=ASSET.id,
        command_id="c",
        command="start_pump1",
        params={},
        origin="operator",
        actor="zhang",
        requested_at=NOON,
        reason=Reason(code="not_master", params={"controller": "x"}),
    )
    return said(number, event, "flood")


def found(kept: Kept, q: str, **filters: Any) -> list[str]:
    with Session(kept.engine) as session:
        page = handlers.page(session, Filters(**filters), parse(q), 100)
    return [item["event_id"] for item in page["items"]]


def test_it_is_found_by_what_is_read_in_either_language(kept: Kept) -> None:
    kept.hear([raised(1), refused(2), signed_in(3, "Wang")])
    area = next(each for each in catalogue().site.areas if each.id == AREA)
    name = ASSET.name.text()
    for wish in (name["zh"], name["zh"][:2], name["zh"][0], name["en"].upper(), area.name.text()["zh"][-2:], ASSET.id):
        assert ["flood-2", "flood-1"] == found(kept, wish), wish
    assert ["flood-1"] == found(kept, "通信")
    assert ["flood-1"] == found(kept, "COMM lost")
    assert ["flood-2"] == found(kept, "主站")
    assert ["flood-2"] == found(kept, "zhang")
    assert ["gateway-3"] == found(kept, "wan")
    assert ["gateway-3"] == found(kept, "登录 10.0.0.1")
    assert [] == found(kept, "wang 通信")
    assert [] == found(kept, "——")


def test_it_is_found_by_the_title_of_a_point_and_by_what_somebody_wrote(kept: Kept) -> None:
    assert PROFILE is not None
    point = next(name for name in PROFILE.names if PROFILE.shown(name).title)  # type: ignore[union-attr]
    title = PROFILE.shown(point).title.text()  # type: ignore[union-attr]
    mark = PointMarked(
        area=AREA,
        trade="flood",
        asset=ASSET.id,
        point=point,
        by="li",
        kind="substituted",
        value=1.5,
        reason="探头结冰",
        since=NOON,
        until=NOON,
    )
    kept.hear([said(1, mark, "flood")])
    for wish in (title["zh"], title["en"], "结冰", "li"):
        assert ["flood-1"] == found(kept, wish), wish


def test_words_and_filters_hold_together(kept: Kept) -> None:
    kept.hear([raised(1), raised(2, area=OTHER_AREA), refused(3), signed_in(4)])
    assert ["flood-1"] == found(kept, "通信", area=AREA)
    assert ["flood-2"] == found(kept, "通信", areas=[OTHER_AREA])
    assert ["flood-2"] == found(kept, "通信", since=NOON + timedelta(minutes=2))
    assert ["flood-3"] == found(kept, ASSET.id, actor="zhang")
    assert ["flood-3"] == found(kept, ASSET.id, event="command_refused")
    assert [] == found(kept, "wang", without_service="gateway")


def test_pages_follow_each_other(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LOOKED_AT_MAX", 30)
    kept.hear([raised(number) if number % 5 else signed_in(number) for number in range(1, 201)])
    seen: list[str] = []
    before: int | None = None
    pages = 0
    while True:
        with Session(kept.engine) as session:
            page = handlers.page(session, Filters(before=before), parse("通信"), 7)
        seen += [item["event_id"] for item in page["items"]]
        pages += 1
        if page["next"] is None:
            break
        before = int(page["next"])
    assert [f"flood-{number}" for number in range(200, 0, -1) if number % 5] == seen
    assert pages >= 160 // 7


def test_a_page_ends_where_enough_was_looked_at(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "LOOKED_AT_MAX", 20)
    kept.hear([refused(1), *(raised(number) for number in range(2, 202))])
    with Session(kept.engine) as session:
        first = handlers.page(session, Filters(event="command_refused"), parse(ASSET.id), 5)
    assert [] == first["items"]
    assert first["next"] is not None


def test_what_an_older_build_wrote_becomes_findable_piece_by_piece(kept: Kept) -> None:
    kept.hear([raised(number) for number in range(1, 251)])
    kept.execute("delete from journal_text", *_without_words(kept), guarded=False)
    assert [] == found(kept, "通信")
    digest, told = kept.teller.now()
    pieces = 0
    while kept.database.run(lambda session: search.put_older(session, digest, told)):
        pieces += 1
        assert min(60 * pieces, 100) == len(found(kept, "通信"))
    assert 5 == pieces
    with Session(kept.engine) as session:
        page = handlers.page(session, Filters(before=60), parse("通信"), 100)
    assert 59 == len(page["items"])


def _without_words(kept: Kept) -> list[str]:
    if kept.engine.dialect.name == "sqlite":
        return ["insert into journal_words (journal_words) values ('delete-all')"]
    return []


def test_after_a_name_has_changed_it_is_found_by_the_new_one(kept: Kept, tmp_path: Path) -> None:
    kept.hear([raised(1)])
    old = ASSET.name.text()["zh"]
    folder = tmp_path / "site"
    shutil.copytree(SITE, folder)
    site = (folder / "site.yaml").read_text(encoding="utf-8")
    (folder / "site.yaml").write_text(site.replace(old, "凤凰泵站"), encoding="utf-8")
    teller = Teller(load_catalogue(folder, {}))
    for digest, told in (kept.teller.now(), teller.now()):
        while kept.database.run(partial(search.put_older, digest=digest, told=told)):
            pass
    assert ["flood-1"] == found(kept, "凤凰")
    assert [] == found(kept, old)


def test_a_text_that_no_database_keeps_does_no_harm(kept: Kept) -> None:
    letter = raised(1)
    kept.hear([replace(letter, data={**letter.data, "reason": "a\0b ' \\ \" * : & |"})])
    assert ["flood-1"] == found(kept, "a b ' \\ \" * : & |")


TEXTS = st.lists(st.text(st.sampled_from("水泵站2号ab'\\é \n-_"), max_size=12), min_size=1, max_size=8)
WISHES = st.lists(st.text(st.sampled_from("水泵站2号ab'\\é -"), min_size=1, max_size=5), min_size=1, max_size=5)


def test_both_databases_give_the_same(postgres: str, tmp_path: Path) -> None:
    both = [Kept(sqlite_engine(tmp_path / "one.sqlite")), Kept(postgres_engine(postgres, schema="same_as_sqlite"))]
    for kept in both:
        kept.hear([signed_in(number) for number in range(1, 9)])

    @settings(max_examples=60, deadline=None)
    @given(TEXTS, WISHES)
    def same(texts: list[str], wishes: list[str]) -> None:
        for kept in both:
            kept.database.run(lambda session: search.put(session, dict(enumerate(texts, 1))))  # type: ignore[misc]
        for wish in wishes:
            expected = [at for at, text in enumerate(texts, 1) if parse(wish).matches(text)][::-1]
            for kept in both:
                got = [int(each.removeprefix("gateway-")) for each in found(kept, wish)]
                assert expected == [at for at in got if at <= len(texts)]

    same()
    for kept in both:
        kept.database.close()
