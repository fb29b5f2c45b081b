"""Additions to the OpenAPI document: error responses per route, and schemas of bodies that are parsed by hand."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from api.platform import error_codes as codes
from api.platform import openapi_examples as examples
from api.platform.error_codes import ErrorCode
from api.platform.openapi_completion import complete
from api.platform.responses import ErrorAnswer
from policycortex.names import ReportFormat
from policycortex.requests.like_body import ReportLikeBody
from policycortex.requests.report_body import ReportBody

Responses = dict[int | str, dict[str, Any]]

_EVERYWHERE: Final = (
    codes.INVALID_REQUEST, codes.UNAUTHORIZED, codes.FORBIDDEN, codes.RATE_LIMITED, codes.HEADERS_TOO_LARGE,
    codes.INTERNAL, codes.UNAVAILABLE,
)  # fmt: skip
_SCHEMAS: Final = "#/components/schemas/"
_BODIES: Final[list[type[BaseModel]]] = []
_EXAMPLES: Final[Mapping[tuple[str, str, str], Mapping[str, Any]]] = {
    ("/v1/reports", "get", "200"): examples.LIST,
    ("/v1/reports", "post", "202"): examples.ACCEPTED,
    ("/v1/reports", "post", "400"): examples.INVALID_CONFIG,
    ("/v1/reports/{report_id}", "get", "200"): examples.DETAILS,
    ("/v1/reports/{report_id}", "get", "404"): examples.REPORT_NOT_FOUND,
}
"""Added last, because FastAPI removes nulls from examples."""
_WITH_BODY: Final = (codes.TOO_LARGE, codes.WRONG_MEDIA_TYPE)


def errors_of(*kinds: ErrorCode, body: bool = False) -> Responses:
    """Error responses of a route: its own, those of every route, and those of requests with a body."""
    responses: Responses = {}
    for kind in (*kinds, *_EVERYWHERE, *(_WITH_BODY if body else ())):
        text = f"`{kind.code}` {kind.meaning}"
        known = responses.get(kind.status)
        description = f"{known['description']} Or: {text}" if known else text
        responses[kind.status] = {"model": ErrorAnswer, "description": description}
    return responses


def open_errors() -> Responses:
    """Error responses of a route that needs no key and reads almost nothing."""
    kinds = (codes.INVALID_REQUEST, codes.RATE_LIMITED, codes.HEADERS_TOO_LARGE, codes.INTERNAL)
    return {kind.status: {"model": ErrorAnswer, "description": f"`{kind.code}` {kind.meaning}"} for kind in kinds}


def report_body() -> dict[str, Any]:
    """The body of a request for a report, with the documented example: one of its own, or like a finished one."""
    body, like = body_of(ReportBody, REPORT_EXAMPLE), body_of(ReportLikeBody, {})
    content = body["requestBody"]["content"]["application/json"]
    schemas = [each["requestBody"]["content"]["application/json"]["schema"] for each in (body, like)]
    content["schema"] = {"anyOf": schemas}
    return body


def body_of(model: type[BaseModel], example: Mapping[str, Any], *, is_required: bool = True) -> dict[str, Any]:
    """A body that the route parses itself, so that one response names all its problems."""
    _BODIES.append(model)
    schema = {"$ref": f"{_SCHEMAS}{model.__name__}"}
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": is_required, "content": content}}


def framework_bodies() -> dict[str, Any]:
    """A framework's file, in any supported form."""
    schema = {"type": "object", "description": "The product's own form, Prowler's framework JSON, or an OSCAL catalog"}
    content = {
        "application/json": {"schema": schema, "example": FRAMEWORK_EXAMPLE},
        "application/yaml": {"schema": schema},
    }
    return {"requestBody": {"required": True, "content": content}}


def upload_body() -> dict[str, Any]:
    """A file, as the body or as part of a form."""
    binary = {"type": "string", "format": "binary"}
    form = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": binary, "target": {"type": "string", "maxLength": 200}},
        "additionalProperties": False,
    }
    content = {"application/octet-stream": {"schema": binary}, "multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": True, "content": content}}


def file_body() -> dict[str, Any]:
    """A file of any type, as the body or as part of a form."""
    binary = {"type": "string", "format": "binary"}
    form = {"type": "object", "required": ["file"], "properties": {"file": binary}, "additionalProperties": False}
    content = {"application/octet-stream": {"schema": binary}, "multipart/form-data": {"schema": form}}
    return {"requestBody": {"required": True, "content": content}}


def body_definitions() -> dict[str, Any]:
    """Schemas of those bodies, for ``components``."""
    definitions: dict[str, Any] = {}
    for model in _BODIES:
        schema = model.model_json_schema(ref_template=_SCHEMAS + "{model}")
        definitions |= schema.pop("$defs", {}) | {model.__name__: schema}
    return definitions


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's document with the documented examples, completed. Routes without a key get an empty ``security``."""
    for (path, method, status), example in _EXAMPLES.items():
        document["paths"][path][method]["responses"][status]["content"]["application/json"]["example"] = example
    complete(document)
    return document


FRAMEWORK_EXAMPLE: Final = {
    "id": "acme-baseline",
    "name": "Acme baseline",
    "version": "2026.1",
    "requirements": [{"id": "B1", "title": "Storage is private", "section": "Storage"}],
    "crosswalk": {"checks": {"aws": {"s3_bucket_public_access": ["B1"]}}},
}

REPORT_EXAMPLE: Final = {
    "name": "Monthly Security Assessment",
    "type": "audit",
    "framework": "iso27001",
    "description": "Monthly security audit for ISO 27001 compliance",
    "scope": {
        "environments": ["production", "staging"],
        "cloud_providers": ["aws", "azure", "gcp"],
        "date_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-01-31T23:59:59Z"},
    },
    "format_options": {
        "formats": ["pdf", "excel"],
        "include_executive_summary": True,
        "include_detailed_findings": True,
    },
    "delivery": {"immediate": True},
}
"""The documented body, but for its delivery: who tries it out must send nobody a mail."""


def file_responses() -> Responses:
    """A file, whole or in part, or 304."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    content = {report_format.media_type.partition(";")[0]: binary for report_format in ReportFormat}
    content["application/zip"] = binary
    return {
        200: {"description": "The whole file", "content": content, "headers": _FILE_HEADERS},
        206: {"description": "The part that `Range` names", "content": content, "headers": _FILE_HEADERS},
        304: {"description": "The client has this file already (`If-None-Match`)"},
    }


def small_file_responses(*media_types: str) -> Responses:
    """A whole file, or 304."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    headers = {name: header for name, header in _FILE_HEADERS.items() if name != "Accept-Ranges"}
    return {
        200: {"description": "The file", "content": dict.fromkeys(media_types, binary), "headers": headers},
        304: {"description": "The client has this file already (`If-None-Match`)"},
    }


_FILE_HEADERS: Final = {
    "Content-Disposition": {"schema": {"type": "string"}, "description": "RFC 6266 name"},
    "ETag": {"schema": {"type": "string"}, "description": "SHA-256 of the file"},
    "Repr-Digest": {"schema": {"type": "string"}, "description": "RFC 9530, `sha-256`"},
    "X-Checksum-SHA256": {"schema": {"type": "string"}, "description": "SHA-256 of the file, hex"},
}
