"""The live stream: one a browser, a snapshot first, then whatever changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from gateway.api import shapes
from gateway.api.deps import TheCaller, TheGateway
from gateway.api.errors import responses
from gateway.auth import Caller, TooMany
from gateway.live.hub import Client, frame
from gateway.wiring import Gateway

router = APIRouter(prefix="/api", tags=["live"])

RETRY_MS = 2000
"""How long a browser waits before it connects again."""


SENT = (
    shapes.Snapshot,
    shapes.LiveReading,
    shapes.AlarmItem,
    shapes.AssetChange,
    shapes.LedgerRow,
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
    """Events: snapshot, readings, alarm, asset, command, health, warning, advice, ping. Resumes at Last-Event-ID."""
    client = gateway.hub.join(lambda trade, area: caller.may("view", trade, area))
    if client is None:
        raise TooMany("too_many_clients", clients_max=gateway.settings.clients_max)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventStream(_events(gateway, caller, client, last_event_id), headers=headers)


async def _events(gateway: Gateway, caller: Caller, client: Client, last_id: str | None) -> AsyncIterator[bytes]:
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
        gateway.hub.leave(client)
