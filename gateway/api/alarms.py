"""The alarm list, the journal of one alarm, and what an operator does about it."""

from __future__ import annotations

import uuid
from concurrent.futures import Future
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from gateway.api import shapes
from gateway.api.deps import TheCaller, TheGateway
from gateway.api.errors import READS, responses
from gateway.auth import Caller
from gateway.present import error_body, words
from gateway.wiring import Gateway
from shared.contracts.alarms import AlarmEvent, AlarmRequestRefused, AlarmSnapshot, AlarmState
from shared.contracts.decoding import decode_as
from shared.contracts.gateway import AcknowledgeAlarm, AlarmActionSubmitted, ResetAlarm
from shared.contracts.message import Event
from shared.errors import Missing, PlatformError
from shared.field import texts

router = APIRouter(prefix="/api/alarms", tags=["alarms"])

DEADLINE_S = 30.0
"""Wall seconds within which an acknowledgement must have reached the alarms service."""
MANY_MAX = 200
ACTS: dict[int | str, dict[str, Any]] = {
    **responses(401, 403, 404, 422, 503),
    202: {"model": shapes.Accepted, "description": "Sent; its outcome is not known yet: ask again at Location"},
    409: {"model": shapes.AlarmConflict, "description": "It changed since it was seen"},
}
Action = Literal["acknowledge", "reset"]
_COMMANDS: dict[Action, type[AcknowledgeAlarm | ResetAlarm]] = {"acknowledge": AcknowledgeAlarm, "reset": ResetAlarm}


@router.get("", responses=READS)
def list_alarms(
    gateway: TheGateway,
    caller: TheCaller,
    state: Annotated[list[AlarmState] | None, Query()] = None,
    area: Annotated[str | None, Query(max_length=128)] = None,
    priority: Annotated[list[Annotated[int, Field(ge=1, le=4)]] | None, Query()] = None,
) -> list[shapes.AlarmItem]:
    """Everything that is not normal: unacknowledged first, then by priority."""
    return [
        gateway.presenter.alarm(alarm)
        for alarm in gateway.alarms.standing()
        if caller.may("view", alarm.trade, alarm.area)
        and (state is None or alarm.state in state)
        and (area is None or alarm.area == area or alarm.area.startswith(area + "/"))
        and (priority is None or alarm.priority in priority)
    ]


@router.post("/acknowledge", responses=responses(401, 403, 422, 503))
def acknowledge_many(
    wishes: list[shapes.AlarmActionOfMany], gateway: TheGateway, caller: TheCaller
) -> list[shapes.AlarmAnswer]:
    """Each row is answered on its own: 200, 202, 403, 404, 409, 422 or 503."""
    sent = [_try_send(gateway, caller, "acknowledge", wish) for wish in wishes[:MANY_MAX]]
    late = [
        shapes.AlarmAnswer(
            id=wish.id, status=422, alarm=None, error=error_body("too_many_rows", {"rows_max": MANY_MAX})
        )
        for wish in wishes[MANY_MAX:]
    ]
    return [_await_row(gateway, wish.id, row) for wish, row in zip(wishes, sent, strict=False)] + late


@router.get("/{alarm}", responses=READS)
def get_alarm(alarm: str, gateway: TheGateway, caller: TheCaller) -> shapes.AlarmItem:
    return gateway.presenter.alarm(_find(gateway, caller, "view", alarm))


@router.get("/{alarm}/journal", responses=READS)
def get_alarm_journal(alarm: str, gateway: TheGateway, caller: TheCaller) -> list[shapes.AlarmLine]:
    """Everything that happened to one alarm, the oldest first."""
    found = _find(gateway, caller, "view", alarm)
    profile = gateway.city.profile_of(found.asset, found.condition) if _is_asset(gateway, found) else None
    return [
        shapes.AlarmLine(**line, text=words(texts.condition_text(profile, found.condition, line["params"])))
        for line in gateway.query("alarms", "list_alarm_journal", alarm_id=alarm)
    ]


@router.post("/{alarm}/acknowledge", responses=ACTS, response_model=shapes.AlarmItem)
def acknowledge(alarm: str, wish: shapes.AlarmAction, gateway: TheGateway, caller: TheCaller) -> Response:
    """Seen, as it stood at `expected_seq`."""
    return _act(gateway, caller, "acknowledge", alarm, wish)


@router.post("/{alarm}/reset", responses=ACTS, response_model=shapes.AlarmItem)
def reset(alarm: str, wish: shapes.AlarmAction, gateway: TheGateway, caller: TheCaller) -> Response:
    """Release a latched alarm whose condition is gone."""
    return _act(gateway, caller, "reset", alarm, wish)


def _act(gateway: Gateway, caller: Caller, action: Action, alarm_id: str, wish: shapes.AlarmAction) -> Response:
    request_id, waiting = _send(gateway, caller, action, alarm_id, wish.expected_seq, wish.comment)
    event = _await(gateway, request_id, waiting)
    if event is None:
        location = f"/api/alarms/{alarm_id}"
        return JSONResponse({"id": request_id}, 202, {"Location": location.encode("ascii", "ignore").decode()})
    if isinstance(event, AlarmRequestRefused):
        item = gateway.presenter.alarm(event.alarm) if event.alarm else None
        error = error_body(event.reason.code, event.reason.params)
        return JSONResponse(shapes.AlarmConflict(error=error, alarm=item).model_dump(mode="json"), 409)
    assert isinstance(event, AlarmEvent)
    return JSONResponse(gateway.presenter.alarm(event.alarm).model_dump(mode="json"))


_Row = tuple[str, "Future[Event]"] | PlatformError


def _try_send(gateway: Gateway, caller: Caller, action: Action, wish: shapes.AlarmActionOfMany) -> _Row:
    try:
        return _send(gateway, caller, action, wish.id, wish.expected_seq, wish.comment)
    except PlatformError as error:
        return error


def _await_row(gateway: Gateway, alarm_id: str, row: _Row) -> shapes.AlarmAnswer:
    if isinstance(row, PlatformError):
        error = error_body(row.code, row.params)
        return shapes.AlarmAnswer(id=alarm_id, status=row.status, alarm=None, error=error)
    event = _await(gateway, *row)
    if event is None:
        return shapes.AlarmAnswer(id=alarm_id, status=202, alarm=None, error=None)
    if isinstance(event, AlarmRequestRefused):
        item = gateway.presenter.alarm(event.alarm) if event.alarm else None
        error = error_body(event.reason.code, event.reason.params)
        return shapes.AlarmAnswer(id=alarm_id, status=409, alarm=item, error=error)
    assert isinstance(event, AlarmEvent)
    return shapes.AlarmAnswer(id=alarm_id, status=200, alarm=gateway.presenter.alarm(event.alarm), error=None)


def _send(
    gateway: Gateway, caller: Caller, action: Action, alarm_id: str, expected_seq: int, comment: str
) -> tuple[str, Future[Event]]:
    """The wish on its way, and the event it will cause. Raises Missing, Forbidden, Unavailable."""
    alarm = _find(gateway, caller, "acknowledge", alarm_id)
    request_id = uuid.uuid4().hex
    wish = _COMMANDS[action](
        area=alarm.area,
        request_id=request_id,
        alarm_id=alarm_id,
        expected_seq=expected_seq,
        comment=comment,
        actor=caller.actor,
    )
    audit = AlarmActionSubmitted(
        area=alarm.area,
        username=caller.user.username,
        address=caller.address,
        request_id=request_id,
        alarm_id=alarm_id,
        action=action,
        expected_seq=expected_seq,
        comment=comment,
    )
    gateway.database.run(lambda session: gateway.audit(session, audit))
    waiting = gateway.feed.expect(request_id)
    deadline = gateway.clock.now() + timedelta(seconds=DEADLINE_S * gateway.clock.rate)
    try:
        gateway.sender.send("alarms", wish, deadline, message_id=request_id)
    except PlatformError:
        gateway.feed.forget(request_id)
        raise
    return request_id, waiting


def _await(gateway: Gateway, request_id: str, waiting: Future[Event]) -> Event | None:
    try:
        return waiting.result(gateway.settings.answer_wait_s)
    except TimeoutError:
        return None
    finally:
        gateway.feed.forget(request_id)


def _find(gateway: Gateway, caller: Caller, verb: Literal["view", "acknowledge"], alarm_id: str) -> AlarmSnapshot:
    """From the view, or for a normal one from the service. Raises Missing, Forbidden, Unavailable."""
    found = gateway.alarms.find(alarm_id)
    if found is None:
        if "~" not in alarm_id:
            raise Missing("alarm_missing", alarm=alarm_id)
        answered = gateway.query("alarms", "get_alarm", alarm_id=alarm_id)
        found = decode_as(AlarmSnapshot, answered, "alarm")
    caller.require(verb, found.trade, found.area)
    return found


def _is_asset(gateway: Gateway, alarm: AlarmSnapshot) -> bool:
    return alarm.asset in gateway.site.assets_by_id
