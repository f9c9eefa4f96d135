"""How long is what kept? The file is refused with the place of every mistake."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.history import retention
from services.history.retention import load_retention
from shared.contracts.message import Event, list_contracts, message_name
from shared.documents import MalformedDocument

OURS = Path(retention.__file__).parent / "retention.yaml"


def changed(folder: Path, old: str, new: str) -> Path:
    text = OURS.read_text(encoding="utf-8")
    assert old in text
    path = folder / "retention.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_every_event_of_this_build_has_a_kind() -> None:
    events = {message_name(cls) for cls in list_contracts() if issubclass(cls, Event)}
    assert set() == events - set(load_retention(OURS).kinds)


def test_events_of_another_build_are_of_the_default_kind() -> None:
    assert "operations" == load_retention(OURS).kind_of("sun_shone").name


def test_days_are_whole_days_of_the_city() -> None:
    now = datetime(2026, 7, 29, 20, 0, tzinfo=UTC)  # the 30th in Tangshan, 4 o'clock
    due_before = load_retention(OURS).due_before("area_taken", now, ZoneInfo("Asia/Shanghai"))
    assert datetime(2026, 4, 28, 16, 0, tzinfo=UTC) == due_before  # 92 days before the 30th


@pytest.mark.parametrize(
    ("old", "new", "field", "expected"),
    [
        ("days: 1096", "days: 182", "kinds.security.days", "at least 183"),
        ("  security:", "  safety:", "kinds", "a kind security"),
        ("default: operations", "default: rest", "default", "one of the kinds"),
        ("- area_taken", "- telemetry_gap", "kinds.housekeeping.events.2", "stands in telemetry_gaps too"),
        ("- area_taken", "- area_token", "kinds.housekeeping.events.2", "the name of an event"),
        ("      - signed_in\n", "", "kinds.security.events", "signed_in too"),
        ("days: 92", "days: 0", "kinds.housekeeping.days", "greater than or equal to 1"),
        ("days: 92", "weeks: 9", "kinds.housekeeping.weeks", "no such key"),
    ],
)
def test_mistakes_are_named_with_their_place(tmp_path: Path, old: str, new: str, field: str, expected: str) -> None:
    path = changed(tmp_path, old, new)
    with pytest.raises(MalformedDocument) as refused:
        load_retention(path)
    found = next(mistake for mistake in refused.value.mistakes if mistake.field == field)
    assert expected in found.expected
    assert str(path) == found.file
    assert 1 < found.line


def test_what_people_wished_belongs_to_security(tmp_path: Path) -> None:
    moved = changed(tmp_path, "      - signed_out\n", "")
    moved.write_text(moved.read_text(encoding="utf-8").replace("- area_taken", "- area_taken\n      - signed_out"))
    with pytest.raises(MalformedDocument, match="belongs to the audit"):
        load_retention(moved)
