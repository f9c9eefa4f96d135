"""Every error leaves in one shape: code, parameters, a sentence in both languages, the field where there is one."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from gateway.api.shapes import Error
from gateway.present import error_body
from shared.contracts.message import Params
from shared.errors import PlatformError

_log = structlog.get_logger()

_TITLES = {
    401: "Not signed in",
    403: "Not allowed",
    404: "No such thing",
    409: "Refused by the state of things",
    422: "Malformed request",
    429: "Too many attempts",
    503: "Something that is needed is away",
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors an endpoint may answer with, for its description."""
    return {status: {"model": Error, "description": _TITLES[status]} for status in statuses}


READS = responses(401, 403, 404, 422, 503)
WRITES = responses(401, 403, 404, 409, 422, 503)


def answer(status: int, code: str, params: Params, field: str | None = None) -> JSONResponse:
    body = Error(error=error_body(code, params, field)).model_dump(mode="json")
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse(body, status, headers)


def add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(PlatformError)
    def on_platform_error(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, PlatformError)
        return answer(error.status, error.code, error.params)

    @app.exception_handler(RequestValidationError)
    def on_malformed(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        return answer(422, "request_malformed", {"field": field, "expected": str(first["msg"])}, field)

    @app.exception_handler(HTTPException)
    def on_http_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        path, method = request.url.path, request.method
        if error.status_code == 400:  # a body that cannot even be parsed
            return answer(422, "request_malformed", {"field": "body", "expected": "JSON in UTF-8"}, "body")
        allowed = _methods_of(app, request)
        if error.status_code in (404, 405) and allowed and method not in allowed:
            response = answer(405, "method_not_allowed", {"path": path, "method": method})
            response.headers["Allow"] = ", ".join(sorted(allowed))
            return response
        code = "path_missing" if error.status_code == 404 else "request_refused"
        return answer(error.status_code, code, {"path": path, "method": method})

    @app.exception_handler(Exception)
    def on_defect(request: Request, error: Exception) -> JSONResponse:
        _log.error("request_failed", path=request.url.path, exc_info=error)
        return answer(500, "defect", {})


def _methods_of(app: FastAPI, request: Request) -> set[str]:
    """The methods that are described for the path of a request; the first template that fits is the path's own."""
    for template, methods in app.openapi()["paths"].items():
        if compile_path(template)[0].match(request.url.path):
            return {method.upper() for method in methods}
    return set()
