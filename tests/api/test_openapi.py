"""The OpenAPI document: the linter finds no fault, examples are whole answers, every endpoint is described."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from api.platform.openapi_completion import TAGS
from api.v1.reports.schemas import ReportAccepted, ReportDetails, ReportList
from policycortex.settings import Settings

PROJECT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = create_app(Settings(home=Path("never-opened"))).openapi()


def test_redocly_finds_no_fault() -> None:
    """recommended-strict, but for the one rule that redocly.yaml gives a reason for."""
    program = PROJECT / "node_modules" / ".bin" / "redocly"
    assert program.exists(), "Redocly is missing; deploy/setup-tests.sh installs it (npm package @redocly/cli)"
    command: list[str | Path] = [program, "lint", PROJECT / "docs/openapi.json", "--config", PROJECT / "redocly.yaml"]
    linted = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize(
    ("path", "method", "status", "model"),
    [
        ("/v1/reports", "get", "200", ReportList),
        ("/v1/reports", "post", "202", ReportAccepted),
        ("/v1/reports/{report_id}", "get", "200", ReportDetails),
    ],
)
def test_examples_are_whole_answers(path: str, method: str, status: str, model: Any) -> None:  # noqa: ANN401
    """What the example shows is just what the model says: no field more or less, in the documented order."""
    example = DOCUMENT["paths"][path][method]["responses"][status]["content"]["application/json"]["example"]
    printed = model.model_validate(example).model_dump(mode="json", exclude_unset=True)
    assert printed == example


def test_every_operation_is_described() -> None:
    """A sentence, a tag, and whether a key is needed; every parameter of ours that is no plain id says what it is."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            assert operation["description"].strip(), f"{method} {path}"
            assert operation["tags"], f"{method} {path}"
            assert "security" in operation, f"{method} {path}"
            assert "400" in operation["responses"], f"{method} {path}"


def test_the_webhook_event_is_described() -> None:
    """Its signature headers and its body."""
    event = DOCUMENT["webhooks"]["compliance.report.generated"]["post"]
    assert {p["name"] for p in event["parameters"]} >= {"x-policycortex-signature", "webhook-id", "webhook-signature"}
    assert event["requestBody"]["content"]["application/json"]["schema"]


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for part in ("paths", "webhooks"):
        for path, methods in DOCUMENT[part].items():
            yield from ((f"{method} {path}", operation) for method, operation in methods.items())


def test_operation_ids_are_short_and_unique() -> None:
    """``create_report``: names of generated clients' methods, which do not change with a path."""
    ids = [operation["operationId"] for _, operation in _operations()]
    assert len(ids) == len(set(ids))
    assert [id_ for id_ in ids if not re.fullmatch(r"[a-z]+(_[a-z0-9]+){0,4}", id_) or "v1" in id_] == []


def test_tags_are_described_and_in_order() -> None:
    """Each tag that is used is described, and each described one is used; reports come first."""
    used = {tag for _, operation in _operations() for tag in operation["tags"]}
    assert [tag["name"] for tag in DOCUMENT["tags"]] == list(TAGS)
    assert used == set(TAGS)
    assert all(tag["description"].endswith(".") for tag in DOCUMENT["tags"])
    assert DOCUMENT["tags"][0]["name"] == "reports"


def test_no_response_is_documented_that_never_comes() -> None:
    """Invalid requests are 400 with the documented body; FastAPI's own 422 is not sent."""
    assert [name for name, operation in _operations() if "422" in operation["responses"]] == []
    assert not {"HTTPValidationError", "ValidationError"} & set(DOCUMENT["components"]["schemas"])


def test_every_property_and_parameter_is_described() -> None:
    """By its own words, or by those of the schema that it refers to."""
    schemas = DOCUMENT["components"]["schemas"]
    bare = []
    for schema_name, schema in schemas.items():
        for name, described in schema.get("properties", {}).items():
            referred = schemas.get(described.get("$ref", "").rpartition("/")[2], {})
            if not (described.get("description") or referred.get("description")):
                bare.append(f"{schema_name}.{name}")
    for name, operation in _operations():
        bare += [f"{name} {p['name']}" for p in operation.get("parameters", []) if not p.get("description")]
    assert bare == []


def test_times_have_a_format() -> None:
    """Names that end in ``_at``, and the like, of text are times or dates, so that clients read them as such."""
    plain = []
    for schema_name, schema in DOCUMENT["components"]["schemas"].items():
        for name, described in schema.get("properties", {}).items():
            options = [described, *described.get("anyOf", [])]
            texts = [option for option in options if option.get("type") == "string"]
            if (name.endswith("_at") or name in {"timestamp", "start", "end", "at"}) and texts:
                plain += [f"{schema_name}.{name}" for text in texts if text.get("format") not in {"date-time", "date"}]
    assert plain == []


def test_examples_reach_nobody() -> None:
    """Who tries out an example sends nothing to people: its addresses and servers are reserved names (RFC 2606)."""
    shown: list[str] = []
    pending: list[Any] = [DOCUMENT]
    while pending:
        found = pending.pop()
        if isinstance(found, dict):
            shown += [str(found[key]) for key in ("example", "examples") if key in found]
            pending += found.values()
        elif isinstance(found, list):
            pending += found
    text = "\n".join(shown)
    assert len(shown) > 100
    assert set(re.findall(r"[\w.+-]+@([\w.-]+)", text)) == {"example.com"}
    hosts = set(re.findall(r"https?://([^/'\"]+)", text))
    assert hosts - {"api.policycortex.com"} <= {"hooks.example.com", "example.com"}


def test_lists_document_their_links() -> None:
    """Each answer with pages has the header ``Link``."""
    lists = [
        name for name, operation in _operations() if "Link" in operation["responses"].get("200", {}).get("headers", {})
    ]
    assert {"get /v1/reports", "get /v1/deliveries", "get /v1/findings", "get /v1/waivers"} <= set(lists)
