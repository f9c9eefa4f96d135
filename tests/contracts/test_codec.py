from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.codec import BODY_BYTES_MAX, Upcasters, decode, encode, open_letter
from shared.contracts.envelope import Envelope, TypeName
from shared.contracts.field import ConditionRaised, ConditionsStanding, StandingCondition
from shared.contracts.message import Message, list_contracts
from shared.errors import Malformed
from tests.contracts.samples import MOMENTS, values

AREA = "tangshan/lubei/xinhuadao"
NOON = datetime(2026, 7, 29, 12, 0, tzinfo=UTC)
RAISED = ConditionRaised(
    area=AREA,
    trade="flood",
    asset="xinhua",
    condition="level_high",
    priority=2,
    params={"level_wet_well": 5.25},
    taken_at=NOON,
)
ENVELOPE = Envelope(
    id="0b8f",
    source="flood/flood-1/a1",
    subject=AREA,
    type=TypeName.of("flood", ConditionRaised),
    time=NOON,
    correlation_id="c0",
    seq=7,
)


def envelope_for(message: Message, **changes: Any) -> Envelope:
    return replace(ENVELOPE, type=TypeName.of("flood", type(message)), subject=message.area, **changes)


@pytest.mark.parametrize("cls", list_contracts(), ids=lambda cls: cls.__name__)
@settings(max_examples=30)
@given(data=st.data())
def test_every_message_comes_back_as_it_went(cls: type[Message], data: st.DataObject) -> None:
    message = data.draw(values(cls))
    if not message.area:
        message = replace(message, area=AREA)
    letter = open_letter(encode(message, envelope_for(message)))
    assert message == decode(letter)


@given(time=MOMENTS, deadline=st.none() | MOMENTS, seq=st.integers(0, 2**53 - 1), causation=st.none() | st.just("x"))
def test_every_envelope_comes_back_as_it_went(
    time: datetime, deadline: datetime | None, seq: int, causation: str | None
) -> None:
    envelope = replace(ENVELOPE, time=time, deadline=deadline, seq=seq, causation_id=causation)
    assert envelope == open_letter(encode(RAISED, envelope)).envelope


def test_times_arrive_in_utc_whatever_their_offset() -> None:
    shanghai = NOON.astimezone(timezone(timedelta(hours=8)))
    body = orjson.loads(encode(RAISED, ENVELOPE)) | {"time": shanghai.isoformat()}
    time = open_letter(orjson.dumps(body)).envelope.time
    assert (NOON, timedelta(0)) == (time, time.utcoffset())


def test_unknown_fields_are_ignored() -> None:
    body = orjson.loads(encode(RAISED, ENVELOPE))
    body["data"]["invented_tomorrow"] = {"a": 1}
    body["traceparent"] = "00-0af7"
    assert decode(open_letter(orjson.dumps(body))) == RAISED


@pytest.mark.parametrize(
    ("change", "path", "expected"),
    [
        ({"priority": 9}, "data.priority", "one of 1, 2, 3, 4"),
        ({"priority": True}, "data.priority", "one of 1, 2, 3, 4"),
        ({"taken_at": "2026-07-29T12:00:00"}, "data.taken_at", "an RFC 3339 time with its offset"),
        ({"taken_at": 5}, "data.taken_at", "an RFC 3339 time with its offset"),
        ({"asset": None}, "data.asset", "a string"),
        ({"params": {"a": [1]}}, "data.params.a", "true or false or a whole number or a number or a string or null"),
        ({"params": []}, "data.params", "an object"),
        ({"area": "tangshan"}, "data.area", f"the envelope's subject {AREA}"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path(change: dict[str, Any], path: str, expected: str) -> None:
    body = orjson.loads(encode(RAISED, ENVELOPE))
    body["data"] |= change
    with pytest.raises(Malformed) as refusal:
        decode(open_letter(orjson.dumps(body)))
    assert {"path": path, "expected": expected} == refusal.value.params


def test_a_missing_value_is_refused_with_its_path_inside_a_list() -> None:
    standing = StandingCondition(
        trade="flood", asset="a", condition="c", state="active", priority=1, params={}, since=NOON
    )
    message = ConditionsStanding(area=AREA, trade="flood", conditions=(standing,))
    body = orjson.loads(encode(message, envelope_for(message)))
    del body["data"]["conditions"][0]["asset"]
    with pytest.raises(Malformed) as refusal:
        decode(open_letter(orjson.dumps(body)))
    assert refusal.value.params == {"path": "data.conditions[0].asset", "expected": "a value; it is missing"}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"source": 4}, "source"),
        ({"type": "urbanops.flood.condition_raised"}, "type"),
        ({"seq": -1}, "seq"),
        ({"seq": 1.5}, "seq"),
        ({"seq": True}, "seq"),
        ({"time": "yesterday"}, "time"),
        ({"deadline": "soon"}, "deadline"),
        ({"data": "text"}, "data"),
        ({"data": None}, "data"),
    ],
)
def test_a_wrong_envelope_is_refused_with_the_attribute(change: dict[str, Any], path: str) -> None:
    body = orjson.loads(encode(RAISED, ENVELOPE)) | change
    with pytest.raises(Malformed) as refusal:
        open_letter(orjson.dumps(body))
    assert path == refusal.value.params["path"]


@given(st.binary(max_size=200))
def test_bytes_that_are_no_message_are_refused_and_nothing_else_happens(body: bytes) -> None:
    with pytest.raises(Malformed):
        open_letter(body)


def test_a_body_beyond_the_limit_is_refused_unread() -> None:
    with pytest.raises(Malformed):
        open_letter(b"{" + b" " * BODY_BYTES_MAX)


def test_a_message_nobody_knows_can_be_opened_but_not_decoded() -> None:
    letter = open_letter(encode(RAISED, replace(ENVELOPE, type=TypeName("flood", "sun_shone", 1))))
    assert letter.data["asset"] == "xinhua"
    with pytest.raises(Malformed, match="sun_shone"):
        decode(letter)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**70])
def test_a_number_that_json_does_not_have_never_leaves(value: float) -> None:
    with pytest.raises(Malformed):
        encode(replace(RAISED, params={"level": value}), ENVELOPE)


def test_a_time_without_offset_never_leaves() -> None:
    with pytest.raises(Malformed, match=r"data\.taken_at"):
        encode(replace(RAISED, taken_at=datetime(2026, 1, 1)), ENVELOPE)  # noqa: DTZ001


def test_upcasters_lift_an_old_message_step_by_step() -> None:
    upcasters = Upcasters()
    upcasters.add("level_seen", 1, lambda data: data | {"level_m": data["level_cm"] / 100})
    upcasters.add("level_seen", 2, lambda data: {"level_m": data["level_m"], "known": True})
    assert upcasters.lift("level_seen", 1, {"level_cm": 345}) == (3, {"level_m": 3.45, "known": True})
    assert upcasters.lift("level_seen", 3, {"level_m": 1.0}) == (3, {"level_m": 1.0})
    assert upcasters.lift("unheard_of", 1, {"a": 1}) == (1, {"a": 1})
