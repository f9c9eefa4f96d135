"""The FastAPI application around a gateway."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from gateway.api import alarms, assets, commands, journal, meta, session, stream, users
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

    app = FastAPI(
        title="urbanops",
        version="1",
        description="The HTTP surface of the command centre.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.gateway = gateway
    add_error_handlers(app)
    for module in (meta, session, assets, alarms, commands, journal, users, stream):
        app.include_router(module.router)

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


def _serve_page(app: FastAPI, folder: Path) -> None:
    """The built page; whatever is not a file of it is one of its own addresses."""
    if not (folder / "index.html").exists():
        return
    app.mount("/assets", StaticFiles(directory=folder / "assets"))

    @app.get("/{path:path}", include_in_schema=False)
    def get_page(path: str) -> FileResponse:
        file = (folder / path).resolve()
        found = path and file.is_relative_to(folder.resolve()) and file.is_file()
        headers = {} if found else {"Cache-Control": "no-cache"}
        return FileResponse(file if found else folder / "index.html", headers=headers)
