"""Times at the ends of the calendar: arithmetic on them overflows, and no request may fail by that."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from policycortex.settings import Settings
from tests.support.api_server import ApiServer

_DOCUMENT: Mapping[str, Any] = create_app(Settings(home=Path("never-opened"))).openapi()
_TEXTS = (
    "0001-01-01",
    "9999-12-31",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
)
_UNFORMATTED = {"known_on"}
"""A date or a time, so that its schema has no format."""


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = _DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _times_in(schema: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of the properties that are dates or times."""
    schema = _resolved(schema)
    if schema.get("format", "").startswith("date") or (path and path[-1] in _UNFORMATTED):
        yield path
    for part in schema.get("anyOf", ()):
        yield from _times_in(part, path)
    for name, part in schema.get("properties", {}).items():
        yield from _times_in(part, (*path, name))


def _cases() -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """Method, address, where the time stands and its path."""
    for address, methods in _DOCUMENT["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", ()):
                if set(_times_in(parameter["schema"], (parameter["name"],))):
                    yield method, address, "query", (parameter["name"],)
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield from ((method, address, "body", path) for path in sorted(set(_times_in(content["schema"]))))


_CASES = tuple(_cases())


def test_every_time_of_the_document_is_among_the_cases() -> None:
    """Queries, bodies and parts of bodies have times."""
    found = {(method, address, ".".join(path)) for method, address, _, path in _CASES}
    assert {
        ("get", "/v1/findings", "as_of"),
        ("get", "/v1/analytics/trends", "start"),
        ("post", "/v1/reports", "scope.date_range.start"),
        ("post", "/v1/reports", "known_on"),
        ("post", "/v1/backfills", "end"),
    } <= found


@pytest.mark.parametrize("text", _TEXTS)
def test_no_request_fails_by_a_time(folder_server: ApiServer, text: str) -> None:
    """In its query or in the example of its body, whatever else the answer says."""
    folder_server.launcher.reset()
    folder_server.clock.reset()
    client = replace(folder_server, organization="calendar-ends", clients=[]).client(scopes=["admin"])
    statuses = {}
    for method, address, place, path in _CASES:
        known = address.replace("{framework_id}", "soc2").replace("{requirement_id}", "CC6.1")
        query, body = ({path[0]: text}, None) if place == "query" else ({}, _body(method, address, path, text))
        answer = client.request(method, known, params=query, json=body)
        statuses[method, address, path] = answer.status_code
    client.close()
    assert {case: status for case, status in statuses.items() if status >= 500} == {}


def _body(method: str, address: str, path: tuple[str, ...], text: str) -> dict[str, Any]:
    """The example of the document with this time in it."""
    content = _DOCUMENT["paths"][address][method]["requestBody"]["content"]["application/json"]
    body: dict[str, Any] = copy.deepcopy(content.get("example") or next(iter(content["examples"].values()))["value"])
    part = body
    for name in path[:-1]:
        part = part.setdefault(name, {})
    part[path[-1]] = text
    if path[-2:-1] == ("date_range",):
        part.setdefault({"start": "end", "end": "start"}[path[-1]], "2026-10-01T00:00:00Z")
    return body
