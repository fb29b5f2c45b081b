"""The OpenAPI document: the linter finds no fault, examples are whole answers, every endpoint is described."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
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
