"""Overrides and marks in the owner's database: what a restart must find again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from shared.contracts.field import OverrideBegan, OverrideEnded, PointMarked, PointUnmarked
from shared.database import DatabaseThread
from shared.field import storage

MIGRATIONS = Path("services/flood/migrations")
NOON = datetime(2026, 7, 29, 12, 0, tzinfo=UTC)
BEGAN = OverrideBegan(
    area="town/east/one",
    trade="flood",
    asset="well",
    point="start_level",
    command_id="c1",
    command="set_start_level",
    actor="wang",
    expires_at=NOON,
    release="set_start_level",
    release_params={"param": 1.5},
)


def test_what_holds_is_found_again_until_it_ended(engine: sa.Engine) -> None:
    database = DatabaseThread(engine, MIGRATIONS)

    def held() -> list[OverrideBegan]:
        return database.run(lambda session: storage.list_overrides(session, BEGAN.area))

    def fold(*events: OverrideBegan | OverrideEnded) -> None:
        def work(session: storage.Session) -> None:
            for event in events:
                storage.fold(session, event, NOON)

        database.run(work)

    fold(BEGAN)
    assert [BEGAN] == held()
    later = replace(BEGAN, command_id="c2", release_params={})
    fold(later)
    assert [later] == held()
    fold(replace(BEGAN, asset="other", area="town/west/two"))
    assert [later] == held()
    ended = OverrideEnded(
        area=BEGAN.area,
        trade="flood",
        asset="well",
        point="start_level",
        command_id="c2",
        command="set_start_level",
        cause="expired",
    )
    fold(ended)
    assert [] == held()
    database.close()


def test_what_people_have_set_is_found_again_until_it_ended(engine: sa.Engine) -> None:
    database = DatabaseThread(engine, MIGRATIONS)
    mark = PointMarked(
        area=BEGAN.area,
        trade="flood",
        asset="well",
        point="level_wet_well",
        kind="substituted",
        by="wang",
        value=1.25,
        reason="the meter hangs",
        since=NOON,
        until=NOON,
    )

    def fold(event: PointMarked | PointUnmarked) -> list[PointMarked]:
        database.run(lambda session: storage.fold(session, event, NOON))
        return database.run(lambda session: storage.list_marks(session, BEGAN.area))

    assert [mark] == fold(mark)
    later = replace(mark, kind="out_of_service", value=None)
    assert [later] == fold(later)
    assert [later] == fold(replace(mark, area="town/west/two", asset="other"))
    ended = PointUnmarked(
        area=BEGAN.area,
        trade="flood",
        asset="well",
        point="level_wet_well",
        kind="out_of_service",
        by="wang",
        cause="released",
    )
    assert [] == fold(ended)
    database.close()
