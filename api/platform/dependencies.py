"""Dependencies that endpoints declare in their signatures, besides the caller."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Path, Request
from fastapi.routing import APIRoute

from api.platform import error_codes
from api.platform.errors import ApiError
from api.platform.parameters import parameters_of
from api.platform.services import Services
from policycortex.errors import Problem
from policycortex.field_types import did_you_mean
from policycortex.strict_json import read_json

MAX_JSON_DEPTH: Final = 32


def services_of(request: Request) -> Services:
    """The application's services."""
    return cast("Services", request.app.state.services)


async def get_services(request: Request) -> Services:
    """The application's services, as a dependency."""
    return services_of(request)


ServicesDep = Annotated[Services, Depends(get_services)]


async def get_base_url(request: Request) -> str:
    """The start of URLs in responses: the configured public URL, else the address of the request."""
    return services_of(request).settings.public_url or str(request.base_url).rstrip("/")


BaseUrl = Annotated[str, Depends(get_base_url)]

ReportId = Annotated[str, Path(max_length=64, examples=["rpt_1234567890abcdef"])]


async def refuse_unknown_parameters(request: Request) -> None:
    """Raise ApiError 400 for a query parameter that the route does not declare, or that is given twice."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    parameters = parameters_of(route)
    given = Counter(name for name, _ in request.query_params.multi_items())
    problems = [
        Problem(field=name, message="Given more than once")
        for name, count in given.items()
        if count > 1 and name in parameters.single
    ]
    if not parameters.is_model:
        known = parameters.single | parameters.lists
        unknown = (name for name in given if name not in known)
        problems += [Problem(field=name, message=f"Unknown parameter{did_you_mean(name, known)}") for name in unknown]
    if problems:
        raise ApiError(error_codes.INVALID_REQUEST, "Request parameters are not valid", details=tuple(problems))


async def read_json_object(request: Request) -> Mapping[str, Any]:
    """The body as a JSON object. Raises ApiError: other media type, broken JSON, not an object, nested too deep."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise ApiError(
            error_codes.WRONG_MEDIA_TYPE, f"Send application/json, not {media_type or 'a body without type'}"
        )
    body = _parse_json(await request.body())
    if not isinstance(body, dict):
        raise _bad_body("The body must be a JSON object")
    return body


JsonObject = Annotated[Mapping[str, Any], Depends(read_json_object)]


async def read_optional_object(request: Request) -> Mapping[str, Any]:
    """As ``read_json_object``; an absent body is an empty object."""
    return await read_json_object(request) if await request.body() else {}


OptionalJsonObject = Annotated[Mapping[str, Any], Depends(read_optional_object)]


def _parse_json(content: bytes) -> object:
    try:
        body = read_json(content)
    except UnicodeDecodeError:
        raise _bad_body("The body is not UTF-8") from None
    except ValueError as error:
        raise _bad_body(f"The body is not JSON: {error}") from None
    except RecursionError:
        raise _too_deep() from None
    if _depth(body) > MAX_JSON_DEPTH:
        raise _too_deep()
    return body


def _depth(value: object) -> int:
    deepest, pending = 0, [(value, 1)]
    while pending:
        current, depth = pending.pop()
        deepest = max(deepest, depth)
        inner = current.values() if isinstance(current, dict) else current if isinstance(current, list) else ()
        pending += [(item, depth + 1) for item in inner if isinstance(item, dict | list)]
    return deepest


def _too_deep() -> ApiError:
    return _bad_body(f"The body is nested more than {MAX_JSON_DEPTH} levels deep")


def _bad_body(message: str) -> ApiError:
    details = (Problem(field="body", message=message),)
    return ApiError(error_codes.INVALID_CONFIG, "Report configuration validation failed", details=details)
