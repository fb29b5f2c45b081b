"""The Python client has a method for every route of the documented API, sends no other request, and has both forms."""

import ast
import asyncio
import inspect
import json
import re
from collections.abc import Callable, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import httpx
import pytest

from policycortex_client import AsyncClient, Client, request_bodies
from policycortex_client.errors import ApiError

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final[Mapping[str, Any]] = json.loads((ROOT / "docs/openapi.json").read_text())
METHODS: Final = {"get", "post", "put", "patch", "delete"}
REQUESTS: Final = {
    (method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in METHODS.intersection(item)
}


_PROOF: Final = "/v1/reports/{report_id}/download/"
PROOFS: Final = {("GET", f"{_PROOF}{name}") for name in ("manifest", "manifest.p7s", "certificate")}
"""One method has all three."""

WITHOUT_METHOD: Final[frozenset[tuple[str, str]]] = frozenset()
"""Routes, as ``("GET", "/v1/new")``, that wait for a method."""


def public_methods(client: type) -> dict[str, Callable[..., Any]]:
    """All but those of the connection."""
    found = inspect.getmembers(client, inspect.isfunction)
    return {name: method for name, method in found if not name.startswith("_") and name != "close"}


def arguments_of(method: Callable[..., Any], file: Path) -> list[Any]:
    """A value for each argument without default."""
    return [
        _value_of(name, parameter.annotation, file)
        for name, parameter in inspect.signature(method).parameters.items()
        if name != "self" and parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    ]


def _value_of(name: str, annotation: Any, file: Path) -> object:  # noqa: ANN401 - any type
    if name == "link":
        return "https://reports.example.com/v1/links/x"
    if annotation is Path:
        return file
    return {} if "Mapping" in str(annotation) else "x"


def documented(request: httpx.Request) -> tuple[str, str] | None:
    """The route of a request: of several that match, the one with the fewest parameters."""
    fitting = [
        (method, path)
        for method, path in REQUESTS
        if method == request.method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), request.url.path)
    ]
    return min(fitting, key=lambda each: each[1].count("{"), default=None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that can be sent, and replaced."""
    path = tmp_path / "framework.json"
    path.write_text("{}")
    return path


def test_every_route_has_a_method_and_every_method_a_route(file: Path) -> None:
    """Each method is called against a server that refuses all. A new route needs a method in policycortex_client."""
    sent: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(418, json={})

    with Client("http://127.0.0.1:9", "key", attempts=1, transport=httpx.MockTransport(refuse)) as client:
        for name, method in public_methods(Client).items():
            before = len(sent)
            with pytest.raises(ApiError):
                list(getattr(client, name)(*arguments_of(method, file)))
            assert len(sent) == before + 1, name
    assert not [f"{each.method} {each.url.path}" for each in sent if documented(each) is None]
    assert REQUESTS - {documented(each) for each in sent} - PROOFS == WITHOUT_METHOD


def test_the_asynchronous_client_sends_the_same_requests(file: Path) -> None:
    """Method by method, with the same names and arguments."""
    assert set(public_methods(AsyncClient)) == set(public_methods(Client))
    sent: dict[str, list[str]] = {"sync": [], "async": []}

    def recorder(kind: str) -> httpx.MockTransport:
        def refuse(request: httpx.Request) -> httpx.Response:
            sent[kind].append(f"{request.method} {request.url} {sorted(set(request.headers) - {'user-agent'})}")
            return httpx.Response(418, json={})

        return httpx.MockTransport(refuse)

    async def call_all() -> None:
        async with AsyncClient("http://127.0.0.1:9", "key", attempts=1, transport=recorder("async")) as client:
            for name, method in public_methods(AsyncClient).items():
                found = getattr(client, name)(*arguments_of(method, file))
                with pytest.raises(ApiError):
                    _ = [each async for each in found] if inspect.isasyncgen(found) else await found

    asyncio.run(call_all())
    with Client("http://127.0.0.1:9", "key", attempts=1, transport=recorder("sync")) as client:
        for name, method in public_methods(Client).items():
            with pytest.raises(ApiError):
                list(getattr(client, name)(*arguments_of(method, file)))
    assert sent["async"] == sent["sync"]


def _generator() -> ModuleType:
    spec = spec_from_file_location("generate_async", ROOT / "clients/python/generate_async.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _parts(source: str) -> tuple[set[str], list[str]]:
    """Imports as a set, one name each, and all else in order."""
    imports: set[str] = set()
    others = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports |= {f"{getattr(node, 'module', '')} {each.name}" for each in node.names}
        else:
            others.append(ast.dump(node))
    return imports, others


def test_the_asynchronous_client_is_generated_from_the_other() -> None:
    """Nothing was changed by hand: run clients/python/generate_async.py, then ruff."""
    generator, folder = _generator(), ROOT / "policycortex_client/aio"
    generated = generator.generate()
    assert set(generated) | generator.NOT_GENERATED == {path.name for path in folder.glob("*.py")}
    assert {name: _parts(source) for name, source in generated.items()} == {
        name: _parts((folder / name).read_text()) for name in generated
    }


@pytest.mark.parametrize(
    ("order", "schema"),
    [
        (request_bodies.ReportRequest, "ReportBody"),
        (request_bodies.ReportScope, "ScopeBody"),
        (request_bodies.DateRange, "DateRangeBody"),
        (request_bodies.FormatOptions, "FormatOptionsBody"),
    ],
)
def test_typed_orders_have_the_documented_fields(order: Any, schema: str) -> None:  # noqa: ANN401 - a TypedDict
    """No name that the API does not know, and those that it requires."""
    documented_schema = DOCUMENT["components"]["schemas"][schema]
    assert set(order.__annotations__) <= set(documented_schema["properties"])
    assert set(order.__required_keys__) == set(documented_schema.get("required", ()))
