"""Is it alive, is it ready, how is it; and what it says of itself."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST

from gateway.api import shapes
from gateway.api.deps import TheCaller, TheGateway
from gateway.api.errors import READS
from shared.bus.topology import COMMANDS, EVENTS, REPORTS
from shared.contracts.asyncapi import asyncapi_document

router = APIRouter(tags=["meta"])


class Alive(shapes.Shape):
    status: str


class Ready(shapes.Shape):
    """`checks`: what must be so; the answer is 503 while one is not."""

    ready: bool
    checks: dict[str, bool]


@router.get("/healthz")
def get_alive() -> Alive:
    """The process answers."""
    return Alive(status="ok")


@router.get("/readyz", responses={503: {"model": Ready, "description": "Not ready yet"}}, response_model=Ready)
def get_ready(gateway: TheGateway) -> Response:
    """Accounts can be looked up, the alarm list is loaded, and readings have come from the field."""
    checks = {name: check.ok for name, check in gateway.ready().items()}
    ready = all(checks.values())
    return JSONResponse(Ready(ready=ready, checks=checks).model_dump(), 200 if ready else 503)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def get_metrics(gateway: TheGateway) -> Response:
    """Prometheus text."""
    return Response(gateway.metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/asyncapi.json", response_class=JSONResponse)
def get_asyncapi() -> dict[str, Any]:
    """The events and commands on the bus, AsyncAPI 3."""
    return asyncapi_document("1", events=EVENTS, commands=COMMANDS, reports=REPORTS)


@router.get("/api/health", responses=READS)
def get_health(gateway: TheGateway, caller: TheCaller) -> shapes.Health:
    """What cannot be heard now: lost links, silent services, old readings."""
    return gateway.presenter.health(caller.may_view)
