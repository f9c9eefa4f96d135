"""The FastAPI application around a gateway."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from gateway.api import (
    alarms,
    assets,
    commands,
    commissioning,
    journal,
    logbook,
    marks,
    meta,
    reports,
    session,
    stream,
    trends,
    users,
)
from gateway.api.errors import add_error_handlers
from gateway.wiring import Gateway

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; "
        "frame-ancestors 'none'"
    ),
}
"""The page loads nothing from anywhere else: it works without the internet."""


def create_app(gateway: Gateway) -> FastAPI:
    """The app; it starts and stops the gateway with itself."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        gateway.hub.attach(asyncio.get_running_loop())
        await run_in_threadpool(gateway.start)
        feeding = asyncio.create_task(gateway.feed.run())
        try:
            yield
        finally:
            feeding.cancel()
            with suppress(asyncio.CancelledError):
                await feeding
            await run_in_threadpool(gateway.stop)

    app = create_surface(lifespan)
    app.state.gateway = gateway

    @app.middleware("http")
    async def observe(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        began = time.perf_counter()
        response = await call_next(request)
        gateway.metrics.requests.labels(request.method, str(response.status_code)).inc()
        gateway.metrics.duration_s.observe(time.perf_counter() - began)
        response.headers.update(_HEADERS)
        return response

    _serve_page(app, gateway.settings.web_folder)
    return app


def create_surface(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None) -> FastAPI:
    """Every address with its shapes, and what the stream sends; no gateway behind it yet."""
    app = FastAPI(
        title="urbanops",
        version="1",
        description="The HTTP surface of the command centre.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    add_error_handlers(app)
    for module in (
        meta,
        session,
        assets,
        trends,
        marks,
        commissioning,
        alarms,
        commands,
        journal,
        logbook,
        reports,
        users,
        stream,
    ):
        app.include_router(module.router)

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            _, sent = models_json_schema(
                [(shape, "serialization") for shape in stream.SENT], ref_template="#/components/schemas/{model}"
            )
            document["components"]["schemas"] = sent["$defs"] | document["components"]["schemas"]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


def _serve_page(app: FastAPI, folder: Path) -> None:
    """The built page; whatever is not a file of it is one of its own addresses."""
    if not (folder / "index.html").exists():
        return
    app.mount("/assets", StaticFiles(directory=folder / "assets"))

    @app.get("/{path:path}", include_in_schema=False)
    def get_page(path: str) -> FileResponse:
        if path == "api" or path.startswith("api/"):
            raise HTTPException(404)
        file = _find_file(folder, path)
        headers = {} if file else {"Cache-Control": "no-cache"}
        return FileResponse(file or folder / "index.html", headers=headers)


def _find_file(folder: Path, path: str) -> Path | None:
    """The file of the built page at that path; nothing outside of its folder."""
    try:
        file = (folder / path).resolve()
        return file if file.is_relative_to(folder.resolve()) and file.is_file() else None
    except (OSError, ValueError):  # no file can have such a name
        return None
