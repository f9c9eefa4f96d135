"""The live stream: one a browser, a snapshot first, then whatever changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

import structlog
from fastapi import APIRouter, Header
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from gateway.api import shapes
from gateway.api.deps import TheCaller, TheGateway
from gateway.api.errors import responses
from gateway.api.logbook_shapes import LogbookEntry
from gateway.auth import Caller, TooMany
from gateway.live.hub import Client, frame
from gateway.wiring import Gateway
from shared.errors import Unavailable

_log = structlog.get_logger()

router = APIRouter(prefix="/api", tags=["live"])

RETRY_MS = 2000
"""How long a browser waits before it connects again."""


SENT = (
    shapes.Snapshot,
    shapes.LiveReading,
    shapes.AlarmItem,
    shapes.AssetChange,
    shapes.LedgerRow,
    LogbookEntry,
    shapes.Health,
    shapes.RainWarning,
    shapes.AdviceChange,
    shapes.Ping,
)
"""What the events carry: `readings` an array of LiveReading, each other kind one object."""


class EventStream(StreamingResponse):
    media_type = "text/event-stream"


@router.get(
    "/stream",
    response_class=EventStream,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "Server-sent events"},
        **responses(401, 422, 429, 503),
    },
)
async def stream(
    gateway: TheGateway,
    caller: TheCaller,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=128)] = None,
) -> EventStream:
    """Events: snapshot, readings, alarm, asset, command, logbook, health, warning, advice, ping.

    Resumes at Last-Event-ID.
    """
    client = gateway.hub.join(caller.may_view)
    if client is None:
        raise TooMany("too_many_clients", clients_max=gateway.settings.clients_max)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventStream(_events(gateway, caller, client, last_event_id), headers=headers)


async def _events(gateway: Gateway, caller: Caller, client: Client, last_id: str | None) -> AsyncGenerator[bytes, None]:
    checking = asyncio.create_task(_keep_checked(gateway, caller, client))
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        missed = gateway.hub.missed_since(last_id, client) if last_id else None
        snapshot = await run_in_threadpool(gateway.presenter.snapshot, caller)
        yield frame("snapshot", snapshot.model_dump(mode="json")).encode()
        for kept in missed or []:
            yield kept.encode()
        while (sent := await client.queue.get()) is not None:
            yield sent.encode()
    finally:
        checking.cancel()
        gateway.hub.leave(client)


async def _keep_checked(gateway: Gateway, caller: Caller, client: Client) -> None:
    """End the stream once its account is signed out, closed, or has other rights: it comes back by what it may then."""
    try:
        while True:
            await asyncio.sleep(gateway.settings.stream_check_every_s)
            try:
                if not await run_in_threadpool(gateway.accounts.still_holds, caller):
                    _log.info("stream_ended", account=caller.user.username)
                    return
            except Unavailable as error:  # nobody's rights change in a database that is away
                _log.info("stream_check_waits", code=error.code)
    finally:
        gateway.hub.drop(client)
