"""Turns every error into a response with the documented body."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from api.platform import error_codes
from api.platform.error_codes import ErrorCode
from api.platform.parameters import parameter_names
from policycortex.errors import NotFoundError, PolicyCortexError, Problem, UnavailableError
from policycortex.field_types import did_you_mean

RETRY_HEADERS: Final = {"Retry-After": "5"}
"""Of every response with status 503."""


class ApiError(Exception):
    """An error of the HTTP interface alone: keys, methods, media types, limits."""

    def __init__(
        self,
        kind: ErrorCode,
        description: str,
        *,
        details: tuple[Problem, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(description)
        self.kind = kind
        self.details = details
        self.headers = dict(headers or {})


METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_QUOTED: Final = re.compile("'([^']+)'")
_BY_STATUS: Final = {
    400: error_codes.INVALID_REQUEST,
    401: error_codes.UNAUTHORIZED,
    403: error_codes.FORBIDDEN,
    404: error_codes.PATH_NOT_FOUND,
    405: error_codes.METHOD_NOT_ALLOWED,
    413: error_codes.TOO_LARGE,
    415: error_codes.WRONG_MEDIA_TYPE,
}


def add_error_handlers(app: FastAPI) -> None:
    """Register a handler for each kind of error. The outermost middleware handles all others."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(PolicyCortexError, _on_core_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_error)


@contextmanager
def not_found_as(description: str) -> Iterator[None]:
    """Turn NotFoundError into ApiError 404 with this description."""
    try:
        yield
    except NotFoundError:
        raise ApiError(error_codes.PATH_NOT_FOUND, description) from None


def error_body(
    kind: ErrorCode,
    description: str,
    *,
    details: tuple[Problem, ...] = (),
    report_id: str | None = None,
    request_id: str | None = None,
) -> dict[str, Any]:
    """The documented body."""
    body: dict[str, Any] = {"error": kind.error, "error_description": description, "error_code": kind.code}
    if report_id is not None:
        body["report_id"] = report_id
    if kind.possible_causes:
        body["possible_causes"] = list(kind.possible_causes)
    if details:
        body["details"] = [{"field": problem.field, "message": problem.message} for problem in details]
    body["timestamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body["request_id"] = request_id
    return body


def note_error(scope: Scope, kind: ErrorCode, description: str) -> None:
    """Keep the code for the audit event and, of a fault of the system (5xx), the reason for the request's log line."""
    scope["policycortex.error_code"] = kind.code
    if kind.status >= 500:
        scope["policycortex.reason"] = description


def error_response(
    request: Request,
    kind: ErrorCode,
    description: str,
    *,
    details: tuple[Problem, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response; ``report_id`` is taken from the path where the documented body has it."""
    note_error(request.scope, kind, description)
    report_id = request.path_params.get("report_id") if kind is error_codes.REPORT_NOT_FOUND else None
    request_id = request.scope.get("policycortex.request_id")
    body = error_body(kind, description, details=details, report_id=report_id, request_id=request_id)
    return Response(
        json.dumps(body, ensure_ascii=False).encode(errors="replace"),
        status_code=kind.status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type="application/json",
    )


async def _on_api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - Starlette's signature is wider than its calls
    return error_response(request, error.kind, str(error), details=error.details, headers=error.headers)


async def _on_core_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PolicyCortexError)  # noqa: S101 - as above
    kind = error_codes.BY_CODE[error.code]
    headers = RETRY_HEADERS if isinstance(error, UnavailableError) else {}
    description = str(error)
    if isinstance(error, NotFoundError) and "report_id" in request.path_params:
        description = "The requested report was not found or has expired"
    return error_response(request, kind, description, details=error.details, headers=headers)


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    details = tuple(
        Problem(field=".".join(str(part) for part in found["loc"][1:]) or "request", message=_message(found, request))
        for found in error.errors()
    )
    return error_response(request, error_codes.INVALID_REQUEST, "Request parameters are not valid", details=details)


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    if "policycortex.key_id" not in request.scope and request.url.path.startswith("/v1/"):
        try:  # no key was checked, because the path or method has no route
            request.app.state.services.anonymous_limiter.count(request.client.host if request.client else None)
        except ApiError as limited:
            return await _on_api_error(request, limited)
    kind = _BY_STATUS.get(error.status_code, error_codes.INTERNAL)
    description = {
        404: f"Not found: {request.url.path}",
        405: f"Method {request.method} is not allowed for {request.url.path}",
    }.get(error.status_code, str(error.detail))
    headers = {"Allow": ", ".join(_allowed(request))} if kind is error_codes.METHOD_NOT_ALLOWED else error.headers
    return error_response(request, kind, description, headers=headers)


def _allowed(request: Request) -> list[str]:
    """Methods of every route of the path; Starlette names only those of the first."""
    scopes = [{**request.scope, "method": method} for method in METHODS]
    return [
        str(scope["method"])
        for scope in scopes
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    ]


def _message(found: Mapping[str, Any], request: Request) -> str:
    if found["type"] == "extra_forbidden":
        return f"Unknown parameter{did_you_mean(str(found['loc'][-1]), parameter_names(request))}"
    if found["type"] in {"enum", "literal_error"} and isinstance(found["input"], str):
        words = _QUOTED.findall(found["ctx"]["expected"])
        return f"Must be one of {', '.join(words)}{did_you_mean(found['input'], words)}"
    if found["type"] == "missing":
        return "This parameter is required"
    return str(found["msg"]).removeprefix("Value error, ").replace("Input should be", "Must be")
